/** The record of all sweeps: one line of JSON per sweep, with what it ran and what it found. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { GossipError } from "../../src/lib/errors.ts";

export interface SweepRecord {
  readonly date: string;
  /** The commit that ran. */
  readonly commit: string;
  /** First and last seed. */
  readonly seeds: readonly [number, number];
  readonly memberHours: number;
  /** At 5 % packet loss or more. */
  readonly lossyMemberHours: number;
  readonly messages: number;
  /** Members times deaths by silence under that loss, and seconds until each was known. */
  readonly silences: { readonly count: number; readonly p99: number; readonly max: number };
  readonly failures: readonly SweepFailure[];
}

interface SweepFailure {
  readonly command: string;
  readonly violations: readonly string[];
}

interface Totals {
  readonly seeds: number;
  readonly memberHours: number;
  readonly lossyMemberHours: number;
  readonly messages: number;
  readonly failures: number;
}

/** Empty if there is no file yet. Throws `GossipError` `config-invalid` for another kind of file. */
export function readRecords(file: string): readonly SweepRecord[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line, place) => parseRecord(line, file, place));
}

function parseRecord(line: string, file: string, place: number): SweepRecord {
  try {
    const record: SweepRecord = JSON.parse(line);
    if (record.seeds.every(Number.isSafeInteger)) return record;
  } catch {
    // Said below.
  }
  const problem = `--record ${file}: line ${place + 1} is no record of a sweep; name another file`;
  throw new GossipError("config-invalid", problem);
}

/** A sweep rewrites its own last line until its time is up: what it has found survives its end. */
export function writeRecord(
  file: string,
  earlier: readonly SweepRecord[],
  record: SweepRecord,
): void {
  const text = [...earlier, record].map((one) => `${JSON.stringify(one)}\n`).join("");
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

export function totalOf(records: readonly SweepRecord[]): Totals {
  const sum = (read: (record: SweepRecord) => number): number =>
    records.reduce((total, record) => total + read(record), 0);
  return {
    seeds: sum(({ seeds: [first, last] }) => last - first + 1),
    memberHours: sum(({ memberHours }) => memberHours),
    lossyMemberHours: sum(({ lossyMemberHours }) => lossyMemberHours),
    messages: sum(({ messages }) => messages),
    failures: sum(({ failures }) => failures.length),
  };
}

/** The totals as the lines of a table, for the documentation. */
export function renderTotals(records: readonly SweepRecord[]): string {
  const total = totalOf(records);
  const silences = records.map(({ silences }) => silences);
  const known = silences.reduce((sum, { count }) => sum + count, 0);
  const worst = (read: (one: SweepRecord["silences"]) => number): number =>
    Math.max(0, ...silences.map(read));
  const rows: readonly (readonly [string, string])[] = [
    ["Seeds", total.seeds.toLocaleString("en")],
    ["Virtual member-hours", Math.floor(total.memberHours).toLocaleString("en")],
    [
      "of these at 5 % packet loss or more",
      Math.floor(total.lossyMemberHours).toLocaleString("en"),
    ],
    ["Messages", total.messages.toLocaleString("en")],
    ["Deaths by silence at 5 % loss, counted by each observer", known.toLocaleString("en")],
    ["Seconds until known, 99th percentile of the worst sweep", String(worst(({ p99 }) => p99))],
    ["and at most", String(worst(({ max }) => max))],
    ["Seeds that failed", total.failures.toLocaleString("en")],
  ];
  return ["| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join(
    "\n",
  );
}
