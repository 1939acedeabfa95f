/** Worker threads that simulate many runs at the same time, or one run of a large network together. */
import { totalmem } from "node:os";
import { extname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Place } from "../division.ts";
import type { SimulationOptions } from "../options.ts";
import { rendezvousMemory } from "../rendezvous.ts";
import { makePlan } from "../scenarios.ts";
import type { Progress } from "../simulate.ts";
import type { RunSummary } from "../summary.ts";
import { isDivisible } from "../traits.ts";

export interface Job {
  readonly options: SimulationOptions;
  /** When to render the run as an HTML page. */
  readonly page: "never" | "if-failed" | "always";
  readonly reportsProgress: boolean;
  /** Of one of several threads that simulate the same network; default: one does. */
  readonly place?: Place;
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
/** Of all threads that simulate one together. */
const DIVIDED_NURSERY_MB = 768;
const LARGE = 300;
/**
 * Bytecode that V8 puts into one optimized function; its default is 920. A run lasts seconds: more of it takes
 * longer to compile than it saves.
 */
const INLINED_BYTES_MAX = 300;
/** Calls after which V8 first optimizes a function, instead of 400, for the same reason: many never pay for it. */
const CALLS_MIN = 800;
/** With fewer, threads wait for each other more than they work. */
const MEMBERS_PER_THREAD = 100;
/** How much a large heap grows until all of it is looked through again, which takes seconds. */
const GROWTH_PERCENT = 100;
/** Share of the machine's memory that one thread may use. */
const MEMORY_SHARE = 0.9;

export class SeedPool {
  readonly #cores: number;
  readonly #threads: number;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();

  /** `cores`: runs at a time. `threads`: for each run, if its network is large. */
  constructor(cores: number, threads = 1) {
    this.#cores = cores;
    this.#threads = threads;
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
    const threads = this.#threadsFor(job);
    setFlagsFromString(
      isLarge
        ? `--heap-growing-percent=${GROWTH_PERCENT}`
        : `--max-inlined-bytecode-size-cumulative=${INLINED_BYTES_MAX} --invocation-count-for-maglev=${CALLS_MIN}`,
    );
    if (threads === 1) return this.#runOn(this.#take(isLarge, 1), job, progress);
    const [first, ...others] = await Promise.all(
      placesOf(threads).map((place) =>
        this.#runOn(
          this.#take(isLarge, threads),
          { ...job, place },
          place.index === 0 ? progress : () => {},
        ),
      ),
    );
    if (first === undefined) throw new RangeError("a run without a thread");
    // The first thread has what the others found, unless one broke off.
    const found = [first, ...others].flatMap(({ summary }) => summary.violations);
    return { ...first, summary: { ...first.summary, violations: [...new Set(found)] } };
  }

  /** A page shows what every member sees, which only a thread that runs all of them knows. */
  #threadsFor({ options, page }: Job): number {
    if (this.#threads === 1 || page !== "never") return 1;
    const plan = makePlan(options);
    if (!isDivisible(plan)) return 1;
    return Math.min(this.#threads, Math.floor(plan.seats.length / MEMBERS_PER_THREAD));
  }

  #take(isLarge: boolean, threads: number): Worker {
    const largeMb = threads === 1 ? LARGE_NURSERY_MB : Math.floor(DIVIDED_NURSERY_MB / threads);
    return this.#idle.pop() ?? this.#start(isLarge ? largeMb : NURSERY_MB);
  }

  #runOn(worker: Worker, job: Job, progress: (progress: Progress) => void): Promise<Outcome> {
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
      const ports = job.place?.ports.filter((port) => port !== undefined) ?? [];
      worker.postMessage(job, ports);
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

/** Each thread can reach each other one. */
function placesOf(count: number): readonly Place[] {
  const memory = rendezvousMemory(count);
  const ports: (MessagePort | undefined)[][] = Array.from({ length: count }, () =>
    new Array(count).fill(undefined),
  );
  for (const [one, row] of ports.entries()) {
    for (const [other, otherRow] of ports.entries()) {
      if (one >= other) continue;
      const { port1, port2 } = new MessageChannel();
      row[other] = port1;
      otherRow[one] = port2;
    }
  }
  return ports.map((row, index) => ({ index, count, memory, ports: row }));
}
