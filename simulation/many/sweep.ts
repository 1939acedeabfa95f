/**
 * `npm run sweep -- --minutes M`: random scenarios on all cores until the time is up. Seeds, virtual
 * member-hours and violations go to a record. `--totals` prints what all sweeps of a record ran.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type Job, SeedPool } from "./pool.ts";
import { readRecords, renderTotals, writeRecord } from "./record.ts";
import { drawOptions, Tally } from "./tally.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    cores: { type: "string", default: String(availableParallelism()) },
    record: { type: "string", default: "docs/simulation-record.jsonl" },
    /** Default: after the highest seed of the record. */
    from: { type: "string" },
    totals: { type: "boolean", default: false },
  },
});

/** How often the record is written. */
const WRITE_MS = 30_000;
/** Returns 1 if a seed failed. */
async function sweep(): Promise<number> {
  const earlier = readRecords(values.record);
  const first = Number(values.from ?? 1 + Math.max(0, ...earlier.map(({ seeds }) => seeds[1])));
  const endMs = performance.now() + positive("--minutes", values.minutes) * 60_000;
  const pool = new SeedPool(positive("--cores", values.cores));
  const tally = new Tally(first, commitOf());
  let writtenMs = performance.now();
  await pool.runAll(jobs(first, endMs), ({ summary }, { options }) => {
    tally.add(options, summary);
    const line = tally.line();
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    if (performance.now() - writtenMs < WRITE_MS) return;
    writtenMs = performance.now();
    writeRecord(values.record, earlier, tally.record());
  });
  pool.close();
  writeRecord(values.record, earlier, tally.record());
  process.stdout.write(`${tally.line()}\n`);
  return tally.failures.length > 0 ? 1 : 0;
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`${flag} ${text}: give a number above 0`);
}

function* jobs(first: number, endMs: number): Generator<Job> {
  for (let seed = first; performance.now() < endMs; seed++) {
    yield { options: drawOptions(seed), page: "never", reportsProgress: false };
  }
}

function commitOf(): string {
  return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
}

if (values.totals) process.stdout.write(`${renderTotals(readRecords(values.record))}\n`);
else process.exitCode = await sweep();
