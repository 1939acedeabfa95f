/**
 * How often we ask others for what we may have missed. Gossip brings nearly everything; as long as
 * asking brings nothing, we ask less and less often.
 */
import type { Now } from "../types/host.ts";
import type { CoreOptions } from "../types/options.ts";

export interface Pace {
  /** When to ask next, in elapsed milliseconds. */
  dueMs: number;
  /** Rounds in a row that brought nothing. */
  idleRounds: number;
  /** All rounds so far. */
  rounds: number;
}

/** The first round may come after this part of the interval. */
const FIRST_ROUND = 8;
/** At most so many times the interval, as a power of two. */
const IDLE_ROUNDS_MAX = 3;

export function createPace(options: CoreOptions, now: Now): Pace {
  return { dueMs: now.elapsedMs + options.timing.pullIntervalMs, idleRounds: 0, rounds: 0 };
}

/**
 * A round begins: when is the next one? Up to a tenth later than the interval says, as members
 * started together must not stay in step. Members drawn anew for each message miss some: then the
 * interval stays as it is.
 */
export function beginInterval(pace: Pace, { timing, fanout, random }: CoreOptions, now: Now): void {
  const intervalMs = timing.pullIntervalMs * 2 ** pace.idleRounds;
  const jitterMs = random.below(Math.max(1, Math.trunc(intervalMs / 10)));
  pace.dueMs = now.elapsedMs + intervalMs + jitterMs;
  pace.rounds += 1;
  if (fanout.strategy === "neighbours") {
    pace.idleRounds = Math.min(pace.idleRounds + 1, IDLE_ROUNDS_MAX);
  }
}

/** Asking brought something, or something has changed: back to the interval. */
export function quicken(pace: Pace, { timing }: CoreOptions, now: Now): void {
  pace.idleRounds = 0;
  pace.dueMs = Math.min(pace.dueMs, now.elapsedMs + timing.pullIntervalMs);
}

/**
 * The network is still forming: the first rounds come soon, after an eighth of the interval, a
 * quarter, a half. Not more of them: where a thousand start together, each answer is long.
 */
export function hurry(pace: Pace, { timing }: CoreOptions, now: Now): void {
  const withinMs = Math.min(1, 2 ** pace.rounds / FIRST_ROUND) * timing.pullIntervalMs;
  pace.dueMs = Math.min(pace.dueMs, now.elapsedMs + withinMs);
}
