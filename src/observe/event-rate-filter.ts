import { type DropCode, QUIET_DROPS } from "../core/types/drop.ts";
import type { Now, PkiId } from "../core/types/host.ts";
import { BoundedMap } from "../lib/bounded-map.ts";

const REMEMBERED_MAX = 1_000;

interface Rejection {
  readonly from: PkiId;
  readonly code: DropCode;
}

/**
 * Tells which rejections are worth an event: no everyday ones, and of each peer and code one a
 * second, lest a flood push other events out.
 */
export function createRejectionFilter(): (rejection: Rejection, now: Now) => boolean {
  const lastMs = new BoundedMap<string, number>(REMEMBERED_MAX);
  return ({ from, code }, { elapsedMs }) => {
    if (QUIET_DROPS.has(code)) return false;
    const key = `${from} ${code}`;
    const last = lastMs.get(key);
    if (last !== undefined && elapsedMs - last < 1_000) return false;
    lastMs.set(key, elapsedMs);
    return true;
  };
}
