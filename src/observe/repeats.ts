/** What happens again and again in the same way: told at once, then after growing pauses. */
import { BoundedMap } from "../lib/bounded-map.ts";

export interface Pauses {
  readonly firstMs: number;
  readonly maxMs: number;
}

const PAUSES: Pauses = { firstMs: 60_000, maxMs: 3_600_000 };
/** Whose repetitions are remembered. */
const SUBJECTS_MAX = 1_000;

export interface Repeats {
  /**
   * How many were left out since it was last told; undefined: this one is left out too. `times`: how
   * often it happened by now.
   */
  note(subject: string, code: string, atMs: number, times?: number): number | undefined;
  /** It went well: what comes next is news. */
  forget(subject: string): void;
}

interface Told {
  readonly code: string;
  dueMs: number;
  pauseMs: number;
  omitted: number;
}

/** The pause doubles each time. */
export function createRepeats({ firstMs, maxMs }: Pauses = PAUSES): Repeats {
  const told = new BoundedMap<string, Told>(SUBJECTS_MAX);
  return {
    note(subject, code, atMs, times = 1) {
      const before = told.get(subject);
      if (before?.code !== code) {
        told.set(subject, { code, dueMs: atMs + firstMs, pauseMs: firstMs, omitted: 0 });
        return times - 1;
      }
      if (atMs < before.dueMs) {
        before.omitted += times;
        return undefined;
      }
      const omitted = before.omitted + times - 1;
      before.pauseMs = Math.min(2 * before.pauseMs, maxMs);
      before.dueMs = atMs + before.pauseMs;
      before.omitted = 0;
      return omitted;
    },
    forget: (subject) => told.delete(subject),
  };
}
