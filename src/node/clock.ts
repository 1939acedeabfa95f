import { performance } from "node:perf_hooks";
import type { Clock } from "../transport/network.ts";

/** The clocks and timers of this machine. */
export function createSystemClock(): Clock {
  return {
    now: () => ({ elapsedMs: performance.now(), wallMs: Date.now() }),
    after(delayMs, callback) {
      // A timer of 0 ms takes 1 ms; an immediate lets I/O through and comes back at once.
      if (delayMs <= 0) {
        const immediate = setImmediate(callback);
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(callback, Math.min(Math.ceil(delayMs), 2 ** 31 - 1));
      return () => clearTimeout(timer);
    },
  };
}
