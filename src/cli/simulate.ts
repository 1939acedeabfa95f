/** `fabric-gossip simulate`: runs one seed or many, shows progress and reports findings. */
import { appendFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { findSmallest } from "../../simulation/many/find.ts";
import { type Job, type Outcome, SeedPool } from "../../simulation/many/pool.ts";
import {
  commandOf,
  parseSweep,
  type SimulationOptions,
  type SimulationWords,
  type Sweep,
} from "../../simulation/options.ts";
import type { Progress } from "../../simulation/simulate.ts";
import { isFailed, type RunSummary, type Summary, summariseAll } from "../../simulation/summary.ts";
import { writingTo } from "../lib/write-output.ts";
import { writeWhole } from "../lib/write-whole.ts";
import { rewriteLine } from "./terminal.ts";

export interface SimulateOptions extends SimulationWords {
  readonly report?: string;
  readonly json?: boolean;
}

/** Without a terminal, report one run in this many. */
const MILESTONE = 500;

/** Returns the exit code: 0 for success, 1 for a violation or missing convergence. */
export async function runSimulation(options: SimulateOptions): Promise<number> {
  const sweep = parseSweep(options);
  const { report } = options;
  // Before a long run, not after it.
  if (report !== undefined) await writingTo("--report", report, () => appendFile(report, ""));
  const [first, last] = sweep.seeds;
  const cores = sweep.cores ?? availableParallelism();
  const runs = sweep.find ? 1 : Math.min(cores, last - first + 1);
  const pool = new SeedPool(runs, Math.floor(cores / runs));
  try {
    return sweep.find ? await find(sweep, pool, options) : await runSeeds(sweep, pool, options);
  } finally {
    pool.close();
  }
}

async function runSeeds(sweep: Sweep, pool: SeedPool, options: SimulateOptions): Promise<number> {
  const [first, last] = sweep.seeds;
  const startedMs = performance.now();
  const summaries: RunSummary[] = [];
  let page: string | undefined;
  const done = ({ summary, page: text }: Outcome, job: Job): void => {
    summaries.push(summary);
    page ??= text;
    if (isFailed(summary)) showFailure(job.options, summary);
    if (first < last) showCount(summaries, last - first + 1, startedMs);
  };
  const jobs = jobsOf(sweep, options.report !== undefined, () => page !== undefined);
  await pool.runAll(jobs, done, first === last ? showProgress : undefined);
  say("");
  summaries.sort((a, b) => a.seed - b.seed);
  const wallSeconds = Math.round(performance.now() - startedMs) / 1_000;
  const sum = summariseAll(summaries);
  const all = first < last ? { ...sum, wallSeconds } : sum;
  show(all, summaries, options);
  if (page !== undefined) await writeReport(options, page);
  return isFailed(all) ? 1 : 0;
}

/** The report describes the first failure, after which no other run begins; or else the last run. */
function* jobsOf(
  { options: common, seeds: [first, last] }: Sweep,
  reports: boolean,
  hasFailed: () => boolean,
): Generator<Job> {
  for (let seed = first; seed <= last && !hasFailed(); seed++) {
    const page = seed === last ? "always" : "if-failed";
    const reportsProgress = first === last;
    yield { options: { ...common, seed }, page: reports ? page : "never", reportsProgress };
  }
}

async function find(
  { options: common, seeds: [seed] }: Sweep,
  pool: SeedPool,
  options: SimulateOptions,
): Promise<number> {
  let last: RunSummary | undefined;
  const run = async (one: SimulationOptions): Promise<RunSummary> => {
    last = (await pool.run({ options: one, page: "never", reportsProgress: false })).summary;
    return last;
  };
  const found = await findSmallest({ ...common, seed }, run, say);
  say("");
  if (found === undefined) {
    const text = options.json ? JSON.stringify(last) : `seed ${seed} does not fail`;
    process.stdout.write(`${text}\n`);
    return 0;
  }
  showFailure(found.options, found.summary);
  if (options.json) process.stdout.write(`${JSON.stringify(found.summary)}\n`);
  else {
    const { members, faults, seconds } = found.options.only ?? {};
    const size = `${members?.length} members, ${faults?.length} faults, ${seconds} s`;
    process.stdout.write(
      `${size}: the smallest of ${found.runs} runs that fails as seed ${seed}\n`,
    );
  }
  if (options.report !== undefined) {
    const job = { options: found.options, page: "always", reportsProgress: false } as const;
    await writeReport(options, (await pool.run(job)).page ?? "");
  }
  return 1;
}

/** After the result, so that a full disk does not cost that too. */
async function writeReport({ report }: SimulateOptions, page: string): Promise<void> {
  if (report !== undefined) await writingTo("--report", report, () => writeWhole(report, page));
}

function showProgress({ virtualSeconds, isHealing, sight }: Progress): void {
  const share = sight.expected === 0 ? 0 : Math.floor((100 * sight.seen) / sight.expected);
  const phase = isHealing ? "healed" : "first phase";
  say(`${virtualSeconds} s, ${phase}: ${share} % see each other, ${sight.ghosts} ghosts`);
}

/** Reports a failed seed at once, with the command that repeats it. */
function showFailure(options: SimulationOptions, { violations }: RunSummary): void {
  say("");
  const lines = [`seed ${options.seed} failed:`, ...violations.map((line) => `  ${line}`)];
  process.stderr.write(`${lines.join("\n")}\n  again: ${commandOf(options)}\n`);
}

function showCount(summaries: readonly RunSummary[], count: number, startedMs: number): void {
  const done = summaries.length;
  const perSecond = done / ((performance.now() - startedMs) / 1_000);
  const left = Math.ceil((count - done) / perSecond);
  const failed = summaries.filter(isFailed).length;
  const line = `${done} of ${count} seeds, ${failed} failed, ${perSecond.toFixed(1)} a second`;
  say(`${line}, ${left} s left`);
  if (done % MILESTONE === 0 && !process.stderr.isTTY) process.stderr.write(`${line}\n`);
}

/** Shows progress on a terminal as one line that is rewritten in place. */
function say(line: string): void {
  rewriteLine(process.stderr, line);
}

function show(all: Summary, summaries: readonly RunSummary[], { json }: SimulateOptions): void {
  const text = json ? JSON.stringify(all) : sentenceOf(all, summaries);
  process.stdout.write(`${text}\n`);
}

function sentenceOf(all: Summary, summaries: readonly RunSummary[]): string {
  const failed = summaries.filter(isFailed).length;
  const runs = summaries.length === 1 ? `seed ${all.seed}` : `${summaries.length} seeds`;
  const size = `${all.nodes} nodes, ${all.virtualSeconds} virtual seconds in ${all.wallSeconds} s`;
  const outcome = failed === 0 ? "all is well" : `${failed} failed`;
  const views = `${all.converged ? "all views were complete" : "views were incomplete"} ${all.convergeSeconds} s`;
  const { coverage } = all;
  const reach =
    coverage === null ? "no heartbeat was measured" : `coverage ${(100 * coverage).toFixed(2)} %`;
  return (
    `${runs}: ${outcome}. ${size}; ${views} after the last fault; ${all.messages} messages, ${reach}` +
    (summaries.length === 1 ? summaries.map(costOfChannels).join() : "")
  );
}

function costOfChannels({ channels, cpuSeconds, memberHours }: RunSummary): string {
  if (channels === undefined) return "";
  const { blocks, cost, idle } = channels;
  const tell = ({ messages, bytes, checks }: typeof cost): string =>
    `${messages.toFixed(1)} messages, ${Math.round(bytes)} bytes and ${checks.toFixed(2)} signature checks`;
  const cpu = ((cpuSeconds * 1_000) / (memberHours * 3_600)).toFixed(2);
  const quiet = idle && `; with nothing new ${tell(idle)}, for ${idle.elements} heights told again`;
  return `. Channels, ${blocks} blocks: per member and second ${tell(cost)}${quiet ?? ""}; in all ${cpu} ms CPU`;
}
