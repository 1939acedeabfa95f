/**
 * Who takes our place: a process with our certificate, a peer at the endpoint that we advertise, our
 * own former life. Each stands for a while after it was last seen, so that it is gone when it is mended.
 */

import type { Now } from "../../../core/types/host.ts";
import { BoundedMap } from "../../../lib/bounded-map.ts";
import type { Problem } from "../causes.ts";

/** Longer than the pause between two looks at our own endpoint. */
const STANDS_MS = 90_000;
const CONFLICTS_MAX = 10;

interface Seen {
  readonly fault: Problem;
  readonly at: string;
  readonly atMs: number;
}

export interface Conflicts {
  /** At an endpoint, or address; whether it is news. */
  note(fault: Problem, at: string, now: Now): boolean;
  /** It is we who answer at this endpoint. */
  clearAt(at: string): void;
  all(now: Now): readonly Problem[];
}

export function createConflicts(): Conflicts {
  const seen = new BoundedMap<string, Seen>(CONFLICTS_MAX);
  return {
    note(fault, at, { elapsedMs }) {
      const key = `${fault.code} ${at} ${fault.detail}`;
      const before = seen.get(key);
      seen.set(key, { fault, at, atMs: elapsedMs });
      return before === undefined || elapsedMs - before.atMs > STANDS_MS;
    },
    clearAt(place) {
      for (const [key, { at }] of seen) if (at === place) seen.delete(key);
    },
    all: ({ elapsedMs }) =>
      [...seen.values()].flatMap(({ fault, atMs }) =>
        elapsedMs - atMs > STANDS_MS ? [] : [fault],
      ),
  };
}
