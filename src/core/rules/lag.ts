/** Who is behind on a channel, and since when. Pure functions over what its members say. */

/** A member's claimed height. */
export interface Standing {
  readonly height: bigint;
  readonly hasLeft: boolean;
  /** It could not show the block that its height promises. */
  readonly isDisproved: boolean;
}

/** When somebody first had so many blocks; ascending. */
export type HeightHistory = readonly { readonly height: bigint; readonly atMs: number }[];

/**
 * What members are measured by: the proven height, or what two members say. Of a single one we
 * believe it only where there are too few to confirm it, so that one liar does not make others lag.
 */
export function referenceHeight(standings: Iterable<Standing>, provenHeight: bigint): bigint {
  let [highest, second, count] = [0n, 0n, 0];
  for (const { height, hasLeft, isDisproved } of standings) {
    if (hasLeft || isDisproved) continue;
    count += 1;
    if (height > highest) [highest, second] = [height, highest];
    else if (height > second) second = height;
  }
  const credible = count > 2 ? second : highest;
  return credible > provenHeight ? credible : provenHeight;
}

/** Since when there is a block that somebody of this height lacks; undefined: it lacks none. */
export function missingSinceMs(history: HeightHistory, height: bigint): number | undefined {
  return history.find((one) => one.height > height)?.atMs;
}

/** The height that somebody had at that moment. */
export function heightAt(history: HeightHistory, atMs: number): bigint {
  return history.findLast((one) => one.atMs <= atMs)?.height ?? 0n;
}

/**
 * Whether a member lags. Heights are published every few seconds, so that somebody is always a little
 * behind: by blocks it is measured with what others had `graceMs` ago.
 */
export function isLagging(
  height: bigint,
  history: HeightHistory,
  limits: { readonly blocks: number; readonly timeMs: number },
  graceMs: number,
  nowMs: number,
): boolean {
  if (height + BigInt(limits.blocks) <= heightAt(history, nowMs - graceMs)) return true;
  const sinceMs = missingSinceMs(history, height);
  return sinceMs !== undefined && nowMs - sinceMs >= Math.max(limits.timeMs, graceMs);
}
