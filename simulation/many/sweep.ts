/**
 * `npm run sweep -- --minutes M`: random scenarios on all cores until the time is up. Seeds, virtual
 * member-hours and violations go to a record. `--totals` prints what all sweeps of a record ran.
 */
import { execFileSync } from "node:child_process";
import { GossipError } from "../../src/lib/errors.ts";
import { type Job, SeedPool } from "./pool.ts";
import { readRecords, renderTotals, writeRecord } from "./record.ts";
import { parseSweepFlags, SWEEP_HELP, type SweepFlags } from "./sweep-flags.ts";
import { drawOptions, Tally } from "./tally.ts";

/** How often the record is written. */
const WRITE_MS = 30_000;

/** Returns 1 if a seed failed. */
async function sweep({ record, from, minutes, cores }: SweepFlags): Promise<number> {
  const earlier = readRecords(record);
  const first = from ?? 1 + Math.max(0, ...earlier.map(({ seeds }) => seeds[1]));
  const endMs = performance.now() + minutes * 60_000;
  const pool = new SeedPool(cores);
  const tally = new Tally(first, commitOf());
  let writtenMs = performance.now();
  await pool.runAll(jobs(first, endMs), ({ summary }, { options }) => {
    tally.add(options, summary);
    const line = tally.line();
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    if (performance.now() - writtenMs < WRITE_MS) return;
    writtenMs = performance.now();
    writeRecord(record, earlier, tally.record());
  });
  pool.close();
  writeRecord(record, earlier, tally.record());
  process.stdout.write(`${tally.line()}\n`);
  return tally.failures.length > 0 ? 1 : 0;
}

function* jobs(first: number, endMs: number): Generator<Job> {
  for (let seed = first; performance.now() < endMs; seed++) {
    yield { options: drawOptions(seed), page: "never", reportsProgress: false };
  }
}

function commitOf(): string {
  return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
}

/** Exit code: 0 success, 1 a seed failed, 2 wrong use. */
async function run(): Promise<number> {
  const flags = parseSweepFlags(process.argv.slice(2));
  if (!flags.help && !flags.totals) return sweep(flags);
  const text = flags.help ? SWEEP_HELP : `${renderTotals(readRecords(flags.record))}\n`;
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  process.stderr.write(error.problems.map((problem) => `error: ${problem}\n`).join(""));
  process.exitCode = 2;
}
