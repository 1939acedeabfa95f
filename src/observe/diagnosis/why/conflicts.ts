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

export interface Conflicts {
  /** Whether it is news. */
  note(fault: Problem, now: Now): boolean;
  /** It is we who answer at this endpoint. */
  clearAt(endpoint: string): void;
  all(now: Now): readonly Problem[];
}

export function createConflicts(): Conflicts {
  const seen = new BoundedMap<string, { readonly fault: Problem; readonly atMs: number }>(
    CONFLICTS_MAX,
  );
  const keyOf = ({ code, detail }: Problem): string => `${code} ${detail}`;
  return {
    note(fault, { elapsedMs }) {
      const key = keyOf(fault);
      const before = seen.get(key);
      seen.set(key, { fault, atMs: elapsedMs });
      return before === undefined || elapsedMs - before.atMs > STANDS_MS;
    },
    clearAt(endpoint) {
      for (const [key, { fault }] of seen) {
        const isThere = fault.detail === endpoint || fault.detail.startsWith(`${endpoint}: `);
        if (isThere) seen.delete(key);
      }
    },
    all: ({ elapsedMs }) =>
      [...seen.values()].flatMap(({ fault, atMs }) =>
        elapsedMs - atMs > STANDS_MS ? [] : [fault],
      ),
  };
}
