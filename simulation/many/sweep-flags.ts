/** The flags of `npm run sweep`, checked together. */
import { accessSync, constants } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { GossipError } from "../../src/lib/errors.ts";

export interface SweepFlags {
  readonly minutes: number;
  readonly cores: number;
  readonly record: string;
  /** Undefined = after the highest seed of the record. */
  readonly from: number | undefined;
  readonly totals: boolean;
  readonly help: boolean;
}

export const SWEEP_HELP = `Usage: npm run sweep -- [options]

Runs random scenarios until the time is up and adds a line to a record.

  --minutes M    how long (default: 10)
  --cores N      seeds at a time (default: one per core)
  --record FILE  default: docs/simulation-record.jsonl
  --from SEED    the first seed (default: after the record's last)
  --totals       prints the sums of the record and runs nothing
`;

const CORES_MAX = 256;
const MINUTES_MAX = 1_000_000;

/** Throws `GossipError` `config-invalid` with every mistake at once. */
export function parseSweepFlags(args: readonly string[]): SweepFlags {
  const values = readFlags(args);
  const problems: string[] = [];
  const number = (flag: string, text: string, isFit: (value: number) => boolean, what: string) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!isFit(value)) problems.push(`${flag} ${text}: give ${what}`);
    return value;
  };
  const isWhole = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  const { record, from, totals, help } = values;
  const flags = {
    ...{ record, totals, help },
    minutes: number(
      "--minutes",
      values.minutes,
      (value) => value > 0 && value <= MINUTES_MAX,
      `a number above 0, at most ${MINUTES_MAX}`,
    ),
    cores: number(
      "--cores",
      values.cores,
      (value) => isWhole(value, 1, CORES_MAX),
      `a whole number from 1 to ${CORES_MAX}`,
    ),
    from:
      from === undefined
        ? undefined
        : number(
            "--from",
            from,
            (value) => isWhole(value, 0, Number.MAX_SAFE_INTEGER),
            `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
          ),
  };
  if (!totals && !isWritable(record)) {
    problems.push(`--record ${record}: cannot be written; name a file in a folder that exists`);
  }
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  return flags;
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string", default: "10" },
        cores: { type: "string", default: String(availableParallelism()) },
        record: { type: "string", default: "docs/simulation-record.jsonl" },
        from: { type: "string" },
        totals: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const [sentence = ""] = reason.split(/\.(?:\s|$)/);
    throw new GossipError("config-invalid", `${sentence}; --help lists the flags`);
  }
}

/** A record is written beside itself first: its folder must allow that. Checked before hours of work. */
function isWritable(record: string): boolean {
  try {
    accessSync(dirname(record), constants.W_OK);
    return record !== "";
  } catch {
    return false;
  }
}
