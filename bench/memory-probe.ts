/**
 * Loaded into the daemon that is measured, before everything else; told what to do over IPC.
 * Imports nothing but Node's own, so that it adds next to nothing to what it measures.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** How a period went, from one order to the next `report`. */
export interface MemoryReport {
  readonly seconds: number;
  readonly rssBytes: number;
  /** The most since the start of the process. */
  readonly rssPeakBytes: number;
  readonly heapBytes: number;
  /** Buffers and what else the engine knows to be outside its heap. */
  readonly externalBytes: number;
  readonly cpuMs: number;
  /** The longest time without a look at the timers; milliseconds of the main thread's CPU time. */
  readonly busyMaxMs: number;
  /** The same by the clock, which also counts what other processes took. */
  readonly pauseMaxMs: number;
  readonly pauseP99Ms: number;
}

/** `watch`: from now on pauses are measured, which itself costs a little. `count`: they are not. */
export type MemoryOrder = "watch" | "count" | "report";

const EVERY_MS = 10;
const loop = monitorEventLoopDelay({ resolution: EVERY_MS });
let startedMs = performance.now();
let cpu = process.cpuUsage();
let threadMs = 0;
let busyMaxMs = 0;
let timer: NodeJS.Timeout | undefined;

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function look(): void {
  const nowMs = threadCpuMs();
  busyMaxMs = Math.max(busyMaxMs, nowMs - threadMs);
  threadMs = nowMs;
}

function begin(isWatched: boolean): void {
  clearInterval(timer);
  loop.disable();
  loop.reset();
  startedMs = performance.now();
  cpu = process.cpuUsage();
  threadMs = threadCpuMs();
  busyMaxMs = 0;
  if (!isWatched) return;
  timer = setInterval(look, EVERY_MS);
  loop.enable();
}

function report(): MemoryReport {
  const { user, system } = process.cpuUsage(cpu);
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    seconds: (performance.now() - startedMs) / 1_000,
    rssBytes: rss,
    rssPeakBytes: process.resourceUsage().maxRSS * 1_024,
    heapBytes: heapUsed,
    externalBytes: external,
    cpuMs: (user + system) / 1_000,
    busyMaxMs,
    pauseMaxMs: Math.max(0, loop.max / 1e6 - EVERY_MS),
    pauseP99Ms: Math.max(0, loop.percentile(99) / 1e6 - EVERY_MS),
  };
}

process.on("message", (order: MemoryOrder) => {
  if (order === "report") process.send?.(report());
  else begin(order === "watch");
});
process.once("disconnect", () => process.exit(0));
