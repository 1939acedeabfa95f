/**
 * Time limits for what others do, which do not count against them that we ourselves are late: a
 * handshake that is given up has cost both sides nearly all of its work, and is begun anew. On a
 * machine with too much to do, that would make everybody later still.
 */
import type { Cancel, Clock } from "./network.ts";

/** Above this share of the time, our own work may be what takes so long. */
const BUSY_SHARE = 1 / 2;
/** Then the limit holds anew, at most so often: whoever keeps us busy gains no more than that. */
const EXTENSIONS_MAX = 3;

/**
 * A ping may take this share of the time of a dial: with the default of 3 s TCP repeats its first packet
 * after 1 s and then after the end, so whoever has not answered by then hardly will.
 */
export const PING_SHARE = 0.7;

type Timer = Pick<Clock, "after" | "busyMs">;

/** Calls back after the delay, or a multiple of it if our event loop is busy for most of the time. */
export function afterPatiently(clock: Timer, delayMs: number, callback: () => void): Cancel {
  let cancel: Cancel = () => {};
  const wait = (extensions: number): void => {
    const beforeMs = clock.busyMs?.() ?? 0;
    cancel = clock.after(delayMs, () => {
      const busyMs = (clock.busyMs?.() ?? 0) - beforeMs;
      if (extensions > 0 && busyMs > delayMs * BUSY_SHARE) wait(extensions - 1);
      else callback();
    });
  };
  wait(EXTENSIONS_MAX);
  return () => cancel();
}

/** How long the event loop of this thread has been at work so far; always 0 in browsers. */
export function loopBusyMs(): number {
  return performance.eventLoopUtilization?.().active ?? 0;
}

/** The timer of this thread, where no clock is passed in. */
export const LOOP_TIMER: Timer = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  busyMs: loopBusyMs,
};

/** CPU time of this thread; where it cannot be had, how long the event loop was at work. */
export function threadCpuMs(): number {
  const used = process.threadCpuUsage?.();
  return used === undefined ? loopBusyMs() : (used.user + used.system) / 1_000;
}
