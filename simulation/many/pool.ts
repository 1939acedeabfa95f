/** Worker threads that simulate many runs at the same time. One run never spans two threads. */
import { totalmem } from "node:os";
import { extname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import type { SimulationOptions } from "../options.ts";
import type { Progress } from "../simulate.ts";
import type { RunSummary } from "../summary.ts";

export interface Job {
  readonly options: SimulationOptions;
  /** When to render the run as an HTML page. */
  readonly page: "never" | "if-failed" | "always";
  readonly reportsProgress: boolean;
}

export interface Outcome {
  readonly summary: RunSummary;
  readonly page: string | undefined;
}

export type FromWorker =
  | { readonly type: "progress"; readonly progress: Progress }
  | ({ readonly type: "done" } & Outcome);

/** Messages live for a few virtual milliseconds: a large nursery collects them for nothing. */
const NURSERY_MB = 128;
/** Of a network in which what waits for a moment would fill that one several times. */
const LARGE_NURSERY_MB = 1_152;
const LARGE = 300;
/**
 * Bytecode that V8 puts into one optimized function; its default is 920. A run lasts seconds: more of it takes
 * longer to compile than it saves.
 */
const INLINED_BYTES_MAX = 300;
/** Calls after which V8 first optimizes a function, instead of 400, for the same reason: many never pay for it. */
const CALLS_MIN = 800;
/** How much a large heap grows until all of it is looked through again, which takes seconds. */
const GROWTH_PERCENT = 100;
/** Share of the machine's memory that one thread may use. */
const MEMORY_SHARE = 0.9;

export class SeedPool {
  readonly #cores: number;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();

  constructor(cores: number) {
    this.#cores = cores;
  }

  /** Runs all jobs, as many at a time as there are cores. Outcomes come as they finish. */
  async runAll(
    jobs: Iterable<Job>,
    done: (outcome: Outcome, job: Job) => void,
    progress?: (progress: Progress) => void,
  ): Promise<void> {
    const left = jobs[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (let next = left.next(); !next.done; next = left.next()) {
        done(await this.run(next.value, progress), next.value);
      }
    };
    await Promise.all(Array.from({ length: this.#cores }, work));
  }

  async run(job: Job, progress: (progress: Progress) => void = () => {}): Promise<Outcome> {
    const isLarge = (job.options.nodes ?? 0) > LARGE;
    setFlagsFromString(
      isLarge
        ? `--heap-growing-percent=${GROWTH_PERCENT}`
        : `--max-inlined-bytecode-size-cumulative=${INLINED_BYTES_MAX} --invocation-count-for-maglev=${CALLS_MIN}`,
    );
    const worker = this.#idle.pop() ?? this.#start(isLarge ? LARGE_NURSERY_MB : NURSERY_MB);
    return new Promise((resolve, reject) => {
      const hear = (message: FromWorker): void => {
        if (message.type === "progress") {
          progress(message.progress);
          return;
        }
        worker.off("message", hear).off("error", reject);
        this.#idle.push(worker);
        resolve(message);
      };
      worker.on("message", hear).on("error", reject);
      worker.postMessage(job);
    });
  }

  /** Ends all threads. */
  close(): void {
    for (const worker of this.#all) void worker.terminate();
  }

  #start(maxYoungGenerationSizeMb: number): Worker {
    // The compiled program has compiled neighbours, the sources have sources.
    const file = new URL(`./seed-worker${extname(import.meta.filename)}`, import.meta.url);
    const worker = new Worker(file, {
      workerData: { isAlone: this.#cores === 1 },
      resourceLimits: {
        maxYoungGenerationSizeMb,
        maxOldGenerationSizeMb: Math.floor((totalmem() * MEMORY_SHARE) / 2 ** 20),
      },
    });
    this.#all.add(worker);
    return worker;
  }
}
