/**
 * How often we ask others for what we may have missed. Gossip brings nearly everything; as long as
 * asking brings nothing, we ask less and less often.
 */
import type { Now } from "../types/host.ts";
import type { CoreOptions } from "../types/options.ts";

export interface PollBackoff {
  /** Next query, in elapsed milliseconds. */
  dueMs: number;
  /** Consecutive rounds without news. */
  idleRounds: number;
  /** All rounds so far. */
  rounds: number;
}

/** Minimum delay of the first round, as a fraction of the interval. */
const FIRST_ROUND = 8;
/** At most so many times the interval, as a power of two. */
const IDLE_ROUNDS_MAX = 3;

export function createPollBackoff(options: CoreOptions, now: Now): PollBackoff {
  return { dueMs: now.elapsedMs + options.timing.pullIntervalMs, idleRounds: 0, rounds: 0 };
}

/**
 * A round begins: when is the next one? Up to a tenth later than the interval says, as members
 * started together must not stay in step. Members drawn anew for each message miss some: then the
 * interval stays as it is.
 */
export function beginInterval(
  backoff: PollBackoff,
  { timing, fanout, random }: CoreOptions,
  now: Now,
): void {
  const intervalMs = timing.pullIntervalMs * 2 ** backoff.idleRounds;
  const jitterMs = random.below(Math.max(1, Math.trunc(intervalMs / 10)));
  backoff.dueMs = now.elapsedMs + intervalMs + jitterMs;
  backoff.rounds += 1;
  if (fanout.strategy === "neighbours") {
    backoff.idleRounds = Math.min(backoff.idleRounds + 1, IDLE_ROUNDS_MAX);
  }
}

/** Members to ask in a round: one once the interval grows no more. */
export function partnerCount({ idleRounds }: PollBackoff, { fanout }: CoreOptions): number {
  return idleRounds === IDLE_ROUNDS_MAX ? 1 : fanout.pullPeers;
}

/** Resets the backoff after news or a change. */
export function quicken(backoff: PollBackoff, { timing }: CoreOptions, now: Now): void {
  backoff.idleRounds = 0;
  backoff.dueMs = Math.min(backoff.dueMs, now.elapsedMs + timing.pullIntervalMs);
}

/**
 * The network is still forming: the first rounds come soon, after an eighth of the interval, a
 * quarter, a half. Not more of them: where a thousand start together, each answer is long.
 */
export function hurry(backoff: PollBackoff, { timing }: CoreOptions, now: Now): void {
  const withinMs = Math.min(1, 2 ** backoff.rounds / FIRST_ROUND) * timing.pullIntervalMs;
  backoff.dueMs = Math.min(backoff.dueMs, now.elapsedMs + withinMs);
}
