/** Runs benchmarks in sequence, each in its own process, and stores the results. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { round } from "./measure.ts";
import { runForJson } from "./program.ts";

export interface AllOptions {
  readonly isFull: boolean;
  /** The benchmarks to run; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Folder for the results. */
  readonly folder: string;
  readonly progress: (sentence: string) => void;
}

/** One result and its conditions. */
export interface Measured {
  /** `cluster-50`. */
  readonly name: string;
  readonly command: string;
  readonly machine: string;
  /** Load average at its start. */
  readonly load: number;
  readonly result: unknown;
}

/** A name for each run, with its command line. */
type Plan = readonly (readonly [name: string, words: string])[];

const MODEST: Plan = [
  ["codec", "codec"],
  ["verify", "verify"],
  ["transport", "transport"],
  ["simulator", "simulator --members 10,50 --minutes 2"],
  ["silence", "silence --members 10 --deaths 50 --hours 0"],
  ["silence-loss", "silence --members 5 --deaths 0 --hours 100 --loss 0.05"],
  ["startup", "startup"],
  ["peers-20", "peers"],
  ["messages-10", "messages --members 10"],
  ["memory-100", "memory --members 100 --seconds 10 --settle 20"],
  ["cluster-10", "cluster --members 10 --seconds 10"],
  ["spread-1000", "spread --members 1000"],
];

/** The runs that docs/performance.md shows. */
const FULL: Plan = [
  ["codec", "codec"],
  ["verify", "verify --rounds 400"],
  ["transport", "transport --rounds 200"],
  ["simulator", "simulator --members 10,50,100,200 --minutes 2"],
  ["silence", "silence --members 10 --deaths 500 --hours 0"],
  ["silence-50", "silence --members 50 --deaths 100 --hours 0"],
  ["silence-loss", "silence --members 5 --deaths 0 --hours 3000 --loss 0.05"],
  ["silence-worse", "silence --members 5 --deaths 0 --hours 300 --loss 0.4"],
  ["startup", "startup --runs 21"],
  ["peers-20", "peers --seconds 30 --settle 45"],
  ["peers-50", "peers --members 50 --seconds 30 --settle 45"],
  ["peers-100", "peers --members 100 --seconds 30 --settle 45"],
  ["messages-10", "messages --members 10"],
  ["messages-50", "messages --members 50"],
  ["messages-100", "messages --members 100"],
  ["messages-300", "simulated-messages"],
  ["memory-6", "memory --members 6"],
  ["memory-10", "memory --members 10"],
  ["memory-100", "memory --members 100"],
  ["memory-1000", "memory --members 1000"],
  ["cluster-10", "cluster --members 10"],
  ["cluster-30", "cluster --members 30"],
  ["cluster-50", "cluster --members 50"],
  ["cluster-75", "cluster --members 75"],
  ["cluster-100", "cluster --members 100"],
  ["cluster-200", "cluster --members 200"],
  ["profile", "cluster --members 50 --profile"],
  ["spread-100", "spread --members 100"],
  ["spread-1000", "spread --members 1000"],
  ["spread-3000", "spread --members 3000"],
  ["spread-10000", "spread --members 10000"],
];

export async function runAll({ isFull, only, folder, progress }: AllOptions): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, words] of isFull ? FULL : MODEST) {
    if (only && !only.some((word) => name === word || name.startsWith(`${word}-`))) continue;
    progress(`${name}: npm run bench -- ${words}`);
    const load = round(loadavg()[0] ?? 0, 1);
    try {
      const result = await runForJson("bench/run.ts", [...words.split(" "), "--json"]);
      const measured: Measured = {
        name,
        command: `npm run bench -- ${words}`,
        machine: machine(),
        load,
        result,
      };
      await writeFile(join(folder, `${name}.json`), `${JSON.stringify(measured, undefined, 2)}\n`);
    } catch (error) {
      progress(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
}

function machine(): string {
  const [cpu] = cpus();
  return `${availableParallelism()} cores of ${cpu?.model.trim()}, Node.js ${process.versions.node}`;
}

/** The existing results, by name. */
export async function readResults(folder: string): Promise<ReadonlyMap<string, Measured>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json"));
  const results = new Map<string, Measured>();
  for (const file of files.toSorted()) {
    const measured: Measured = JSON.parse(await readFile(join(folder, file), "utf8"));
    results.set(measured.name, measured);
  }
  return results;
}

/** The value at a path such as `rows.0.ratio`; undefined if there is none. */
export function valueAt(measured: Measured | undefined, path: string): unknown {
  let value: unknown = measured?.result;
  for (const key of path.split(".")) {
    value = value !== null && typeof value === "object" ? Reflect.get(value, key) : undefined;
  }
  return value;
}

/** The number at this path; undefined if there is none. */
export function numberAt(measured: Measured | undefined, path: string): number | undefined {
  const value = valueAt(measured, path);
  return typeof value === "number" ? value : undefined;
}

/** The list at this path; empty if there is none. Each entry reads as a result of its own. */
export function rowsAt(measured: Measured | undefined, path: string): readonly Measured[] {
  const value = valueAt(measured, path);
  return measured && Array.isArray(value) ? value.map((result) => ({ ...measured, result })) : [];
}
