/** What happens again and again in the same way: told at once, then after growing pauses. */
import { BoundedMap } from "../lib/bounded-map.ts";

export interface Pauses {
  readonly firstMs: number;
  readonly maxMs: number;
}

const PAUSES: Pauses = { firstMs: 60_000, maxMs: 3_600_000 };
/** Whose repetitions are remembered; what there is no room for counts as one subject for each of so many codes. */
const SUBJECTS_MAX = 1_000;
const CODES_MAX = 100;

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
  const told = new Map<string, Told>();
  const others = new BoundedMap<string, Told>(CODES_MAX);
  return {
    note(subject, code, atMs, times = 1) {
      const hasRoom = told.has(subject) || makeRoom(told, atMs);
      const [table, key] = hasRoom ? [told, subject] : [others, code];
      const before = table.get(key);
      if (before?.code !== code) {
        table.delete(key);
        table.set(key, { code, dueMs: atMs + firstMs, pauseMs: firstMs, omitted: 0 });
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
      table.delete(key);
      table.set(key, before);
      return omitted;
    },
    forget: (subject) => told.delete(subject),
  };
}

/** Whether one more may be remembered. Who was told longest ago gives way if its pause is over: it is quiet now. */
function makeRoom(told: Map<string, Told>, atMs: number): boolean {
  if (told.size < SUBJECTS_MAX) return true;
  const [oldest] = told;
  if (oldest === undefined || atMs < oldest[1].dueMs) return false;
  return told.delete(oldest[0]);
}
