import type { Now, PkiId } from "../core/types/host.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import type { RejectionCode } from "./events.ts";
import { QUIET_REJECTIONS } from "./quiet-rejections.ts";
import { createRepeats } from "./repeats.ts";

const REMEMBERED_MAX = 1_000;

interface Rejection {
  readonly from: PkiId;
  readonly code: RejectionCode;
  /** How many messages; default 1. */
  readonly times?: number;
}

/** What happens to a program's own topics is worth an event once a second. */
export function createTopicFilter(clock: { readonly now: () => Now }): (what: string) => boolean {
  const isDue = createPause();
  return (what) => isDue(what, clock.now());
}

/**
 * Tells which rejections are worth an event, by how many were left out before: no everyday ones, and
 * of each peer and code one now and then, lest a flood push other events out. Undefined: this is none.
 */
export function createRejectionFilter(): (rejection: Rejection, now: Now) => number | undefined {
  const repeats = createRepeats({ firstMs: 1_000, maxMs: 60_000 });
  return ({ from, code, times }, { elapsedMs }) =>
    QUIET_REJECTIONS.has(code)
      ? undefined
      : repeats.note(`${from} ${code}`, code, elapsedMs, times);
}

/** Whether a second has passed since it was last so. */
function createPause(): (key: string, now: Now) => boolean {
  const lastMs = new BoundedMap<string, number>(REMEMBERED_MAX);
  return (key, { elapsedMs }) => {
    const last = lastMs.get(key);
    if (last !== undefined && elapsedMs - last < 1_000) return false;
    lastMs.set(key, elapsedMs);
    return true;
  };
}
