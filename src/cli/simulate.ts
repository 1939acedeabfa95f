/** `fabric-gossip simulate`: runs one seed or many, shows progress and reports findings. */
import { appendFileSync, writeFileSync } from "node:fs";
import {
  commandOf,
  parseSweep,
  type SimulationOptions,
  type SimulationWords,
} from "../../simulation/options.ts";
import { renderReport } from "../../simulation/report.ts";
import { type Progress, type Result, simulate } from "../../simulation/simulate.ts";
import { type RunSummary, summariseAll, summariseRun } from "../../simulation/summary.ts";
import { GossipError } from "../lib/errors.ts";

export interface SimulateOptions extends SimulationWords {
  readonly report?: string;
  readonly json?: boolean;
}

/** Without a terminal, report one seed in this many. */
const MILESTONE = 500;

/** Returns the exit code: 0 for success, 1 for a violation or missing convergence. */
export async function runSimulation(options: SimulateOptions): Promise<number> {
  const { options: common, seeds } = parseSweep(options);
  if (options.report !== undefined) checkWritable(options.report);
  const [first, last] = seeds;
  const summaries: RunSummary[] = [];
  for (let seed = first; seed <= last; seed++) {
    const one = { ...common, seed };
    const { result, summary } = await runOne(one, first === last);
    summaries.push(summary);
    showSeed(one, summary, first === last, last);
    const isLast = seed === last;
    if (options.report !== undefined && (isLast || isFailed(summary))) {
      writeFileSync(options.report, renderReport(result, summary));
      if (isFailed(summary)) break; // The report describes the first failure.
    }
  }
  say("");
  const all = summariseAll(summaries);
  if (options.json) process.stdout.write(`${JSON.stringify(all)}\n`);
  else process.stdout.write(`${sentenceOf(all, summaries)}\n`);
  return isFailed(all) ? 1 : 0;
}

/** Checks before a long run, not after it. */
function checkWritable(file: string): void {
  try {
    appendFileSync(file, "");
  } catch (error) {
    const problem = `--report ${file}: cannot be written; name a file in a folder that exists`;
    throw new GossipError("config-invalid", problem, { cause: error });
  }
}

async function runOne(
  options: SimulationOptions,
  isOnly: boolean,
): Promise<{ readonly result: Result; readonly summary: RunSummary }> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const result = await simulate(options, isOnly ? showProgress : undefined);
  const { user, system } = process.cpuUsage(before);
  const summary = summariseRun(result, {
    wallSeconds: (performance.now() - startedMs) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
  });
  return { result, summary };
}

function isFailed({ converged, violations }: RunSummary): boolean {
  return !converged || violations.length > 0;
}

function showProgress({ virtualSeconds, isHealing, sight }: Progress): void {
  const share = sight.expected === 0 ? 0 : Math.floor((100 * sight.seen) / sight.expected);
  const phase = isHealing ? "healed" : "first phase";
  say(`${virtualSeconds} s, ${phase}: ${share} % see each other, ${sight.ghosts} ghosts`);
}

/** Reports a failed seed at once, with the command that repeats it. */
function showSeed(
  options: SimulationOptions,
  summary: RunSummary,
  isOnly: boolean,
  last: number,
): void {
  if (isFailed(summary)) {
    say("");
    const lines = [
      `seed ${options.seed} failed:`,
      ...summary.violations.map((line) => `  ${line}`),
    ];
    process.stderr.write(`${lines.join("\n")}\n  again: ${commandOf(options)}\n`);
  } else if (!isOnly) say(`seed ${options.seed} of ${last}`);
  const isMilestone = options.seed % MILESTONE === 0 && !isOnly;
  if (isMilestone && !process.stderr.isTTY) process.stderr.write(`seed ${options.seed} done\n`);
}

/** Shows progress on a terminal as one line that is rewritten in place. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

function sentenceOf(all: RunSummary, summaries: readonly RunSummary[]): string {
  const failed = summaries.filter(isFailed).length;
  const runs = summaries.length === 1 ? `seed ${all.seed}` : `${summaries.length} seeds`;
  const size = `${all.nodes} nodes, ${all.virtualSeconds} virtual seconds in ${all.wallSeconds} s`;
  const outcome = failed === 0 ? "all is well" : `${failed} failed`;
  return (
    `${runs}: ${outcome}. ${size}; all views were complete ${all.convergeSeconds} s after the ` +
    `last fault; ${all.messages} messages, coverage ${(100 * all.coverage).toFixed(2)} %`
  );
}
