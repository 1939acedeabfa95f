/** One timer for whatever comes first. */
import type { Cancel, Clock } from "../transport/network.ts";

/** The longest that a timer of Node can run; a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface Alarm {
  /** Rings at this moment of the clock (`elapsedMs`) at the latest; infinity: need not. */
  wakeBy(atMs: number): void;
  cancel(): void;
}

/** `ring` is called once for each time that it is set; it sets it again if there is more to do. */
export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let setForMs = Number.POSITIVE_INFINITY;
  let cancelTimer: Cancel = () => {};
  return {
    wakeBy(atMs) {
      if (atMs >= setForMs) return;
      cancelTimer();
      setForMs = atMs;
      const delayMs = Math.max(0, atMs - clock.now().elapsedMs);
      cancelTimer = clock.after(Math.min(delayMs, TIMER_MS_MAX), () => {
        setForMs = Number.POSITIVE_INFINITY;
        ring();
      });
    },
    cancel: () => cancelTimer(),
  };
}
