/** Searches for somebody to leave a full table that found nobody: they are not repeated at once. */
import type { Now } from "../types/host.ts";

/** A search that found nobody. */
interface VainSearch {
  /** Of the members, at that time. */
  readonly version: number;
  readonly untilMs: number;
}

/** By table and newcomer. */
export type VainSearches = Map<string, VainSearch>;

/** Pause after a search without result, unless members change. */
const SEARCH_PAUSE_MS = 1_000;

export function noteVain(searches: VainSearches, key: string, version: number, now: Now): void {
  searches.set(key, { version, untilMs: now.elapsedMs + SEARCH_PAUSE_MS });
}

/** Whether such a search found nobody just now, among the same members. */
export function isVain(searches: VainSearches, key: string, version: number, now: Now): boolean {
  const search = searches.get(key);
  return search?.version === version && search.untilMs > now.elapsedMs;
}
