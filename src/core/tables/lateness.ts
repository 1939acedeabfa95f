/**
 * How late we are ourselves. Who is called again and again long after the time it asked for shares a
 * machine with too much to do: answers that came in time wait unread, and are no reason to ask anew.
 */
import type { Now } from "../types/host.ts";
import type { Context, Timing } from "../types/options.ts";

export interface Lateness {
  /** When the current span began, in elapsed milliseconds. */
  sinceMs: number;
  /** The longest delay of this span; and the second, for once does not count. */
  mostMs: number;
  secondMs: number;
  /** The second of the span before. */
  beforeMs: number;
}

/** A call this much later than requested means that our process was suspended. */
export const STALL_MS = 1_000;
const SPAN_MS = 10_000;
/** Shorter delays are nothing beside what we wait for, and not noted. */
export const NOTED_MS = 100;
/** An answer passes our loop, and often a loop as late as ours, more than once. */
const PASSES = 3;
const PATIENCE_MAX_MS = 6_000;

export function createLateness(): Lateness {
  return { sinceMs: Number.NEGATIVE_INFINITY, mostMs: 0, secondMs: 0, beforeMs: 0 };
}

/** We were called so long after the time we had asked for, at least {@link NOTED_MS}. */
export function noteLateness(lateness: Lateness, lateMs: number, now: Now): void {
  const spanMs = now.elapsedMs - lateness.sinceMs;
  if (spanMs > SPAN_MS) {
    lateness.beforeMs = spanMs > 2 * SPAN_MS ? 0 : lateness.secondMs;
    lateness.sinceMs = now.elapsedMs;
    lateness.mostMs = 0;
    lateness.secondMs = 0;
  }
  if (lateMs > lateness.mostMs) {
    lateness.secondMs = lateness.mostMs;
    lateness.mostMs = lateMs;
  } else if (lateMs > lateness.secondMs) lateness.secondMs = lateMs;
}

/** How much longer than usual we wait for others. */
export function patienceMs(lateness: Lateness, now: Now): number {
  const { sinceMs, secondMs, beforeMs } = lateness;
  if (now.elapsedMs - sinceMs > 2 * SPAN_MS) return 0;
  return Math.min(Math.max(secondMs, beforeMs) * PASSES, PATIENCE_MAX_MS);
}

type Late = Context<"timing"> & { readonly lateness: Lateness };

/** The timing, with patience where an answer is awaited. */
export function patient({ lateness, now, options: { timing } }: Late): Timing {
  const moreMs = patienceMs(lateness, now);
  if (moreMs === 0) return timing;
  return {
    ...timing,
    digestWaitMs: timing.digestWaitMs + moreMs,
    requestWaitMs: timing.requestWaitMs + moreMs,
    responseWaitMs: timing.responseWaitMs + moreMs,
    membershipResponseWaitMs: timing.membershipResponseWaitMs + moreMs,
  };
}
