/**
 * Preloaded into the measured daemon and controlled over IPC. Imports only Node's modules, so that
 * it adds almost nothing to the result.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Figures of a period, from one order to the next `report`. */
export interface MemoryReport {
  readonly seconds: number;
  readonly rssBytes: number;
  /** Maximum since the start of the process. */
  readonly rssPeakBytes: number;
  readonly heapBytes: number;
  /** Buffers and other memory outside the engine's heap. */
  readonly externalBytes: number;
  readonly cpuMs: number;
  /** Longest interval between timer runs, in milliseconds of the main thread's CPU time. */
  readonly busyMaxMs: number;
  /** The same by wall clock, which includes other processes. */
  readonly pauseMaxMs: number;
  readonly pauseP99Ms: number;
}

/** `watch` starts measuring pauses, at some cost; `count` does not. */
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
