/** How late our process gets to do what it is to do. */
import { addDuration, createHistogram, type Histogram } from "../observe/meters.ts";

export interface EventLoop {
  /** Delays of a timer in seconds, sampled ten times a second. */
  readonly lag: Histogram;
  /** Seconds since the start in which the event loop was active. */
  activeSeconds(): number;
  stop(): void;
}

const INTERVAL_MS = 100;
const LAG_BOUNDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5];

export function watchEventLoop(): EventLoop {
  const lag = createHistogram(LAG_BOUNDS);
  let dueMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    dueMs = performance.now() + INTERVAL_MS;
    timer = setTimeout(measure, INTERVAL_MS).unref();
  };
  const measure = (): void => {
    addDuration(lag, Math.max(0, performance.now() - dueMs) / 1_000);
    arm();
  };
  arm();
  return {
    lag,
    activeSeconds: () => performance.eventLoopUtilization().active / 1_000,
    stop: () => clearTimeout(timer),
  };
}
