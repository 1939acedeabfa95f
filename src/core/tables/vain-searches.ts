/** Searches for somebody to leave a full table that found nobody: they are not repeated at once. */

/** A search that found nobody. */
export interface VainSearch {
  /** Of the members, at that time. */
  readonly version: number;
  readonly untilMs: number;
}
