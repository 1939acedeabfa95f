/** A thread that simulates the runs it is handed, one after another. */
import { parentPort, workerData } from "node:worker_threads";
import { renderReport } from "../report.ts";
import { type Progress, simulate } from "../simulate.ts";
import { isFailed, type RunSummary, summariseRun } from "../summary.ts";
import type { FromWorker, Job } from "./pool.ts";

const { isAlone }: { readonly isAlone: boolean } = workerData;

parentPort?.on("message", (job: Job) => void run(job));

/** Nobody reads faster than that. */
const PROGRESS_MS = 100;

async function run(job: Job): Promise<void> {
  const startedMs = performance.now();
  const before = cpuSeconds();
  let toldMs = Number.NEGATIVE_INFINITY;
  const tell = (progress: Progress): void => {
    if (!job.reportsProgress || performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    send({ type: "progress", progress });
  };
  const result = await simulate(job.options, tell, job.place);
  const summary = summariseRun(result, {
    wallSeconds: (performance.now() - startedMs) / 1_000,
    cpuSeconds: cpuSeconds() - before,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
  });
  const page = wantsPage(job, summary) ? renderReport(result, summary) : undefined;
  send({ type: "done", summary, page });
}

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function wantsPage({ page }: Job, summary: RunSummary): boolean {
  return page === "always" || (page === "if-failed" && isFailed(summary));
}

/** Of this thread if others work too; Node 22 knows only that of the whole process. */
function cpuSeconds(): number {
  const { user, system } = isAlone
    ? process.cpuUsage()
    : (process.threadCpuUsage ?? process.cpuUsage)();
  return (user + system) / 1e6;
}
