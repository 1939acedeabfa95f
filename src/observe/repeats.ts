/** What happens again and again in the same way: told at once, then after growing pauses. */
import { BoundedMap } from "../lib/bounded-map.ts";

const FIRST_PAUSE_MS = 60_000;
const PAUSE_MAX_MS = 3_600_000;
/** Whose repetitions are remembered. */
const SUBJECTS_MAX = 1_000;

export interface Repeats {
  /** How many were left out since it was last told; undefined: this one is left out too. */
  note(subject: string, code: string, atMs: number): number | undefined;
  /** It went well: what comes next is news. */
  forget(subject: string): void;
}

interface Told {
  readonly code: string;
  dueMs: number;
  pauseMs: number;
  omitted: number;
}

export function createRepeats(): Repeats {
  const told = new BoundedMap<string, Told>(SUBJECTS_MAX);
  return {
    note(subject, code, atMs) {
      const before = told.get(subject);
      if (before?.code !== code) {
        const pauseMs = FIRST_PAUSE_MS;
        told.set(subject, { code, dueMs: atMs + pauseMs, pauseMs, omitted: 0 });
        return 0;
      }
      if (atMs < before.dueMs) {
        before.omitted += 1;
        return undefined;
      }
      const { omitted } = before;
      before.pauseMs = Math.min(2 * before.pauseMs, PAUSE_MAX_MS);
      before.dueMs = atMs + before.pauseMs;
      before.omitted = 0;
      return omitted;
    },
    forget: (subject) => told.delete(subject),
  };
}
