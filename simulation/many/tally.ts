/** What a sweep has run so far. */
import { createNumberCounts } from "../histogram.ts";
import { commandOf, type SimulationOptions } from "../options.ts";
import { createSeededRandom } from "../random.ts";
import { SCENARIOS } from "../scenarios.ts";
import { isFailed, type RunSummary } from "../summary.ts";
import type { SweepRecord } from "./record.ts";

/** Two minutes in tenths of a second. */
const SILENCE_TICKS_MAX = 1_200;

/**
 * Members and minutes of the long runs under loss. Messages grow with the square of the members, so
 * small networks give the most hours.
 */
const LONG = [
  [20, 3],
  [10, 20],
  [5, 120],
  [5, 240],
  [3, 480],
  [3, 480],
] as const;
/** The others of sixteen are `mixed`. */
const RARE = ["replay", "silence", "any"] as const;
/** Minutes of the fault phase of all others. */
const SHORT = [0.5, 0.5, 1, 1] as const;

/** Most are `mixed`, and soon over. `silence` has a sixteenth of the seeds and almost all hours. */
export function drawOptions(seed: number): SimulationOptions {
  const random = createSeededRandom(seed).fork();
  const drawn = RARE[random.below(16)] ?? "mixed";
  const scenario = drawn === "any" ? random.pick(SCENARIOS) : drawn;
  const isSilence = scenario === "silence";
  const [nodes, minutes] = isSilence ? random.pick(LONG) : [undefined, random.pick(SHORT)];
  return {
    seed,
    scenario,
    nodes,
    orgs: undefined,
    minutes,
    strategy: random.chance(0.2) ? "random" : "neighbours",
  };
}

export class Tally {
  readonly failures: { command: string; violations: readonly string[] }[] = [];
  readonly #first: number;
  readonly #known = createNumberCounts(SILENCE_TICKS_MAX);
  readonly #startedMs = performance.now();
  readonly #commit: string;
  #runs = 0;
  #memberHours = 0;
  #lossyMemberHours = 0;
  #messages = 0;
  #silences = 0;

  constructor(first: number, commit: string) {
    this.#first = first;
    this.#commit = commit;
  }

  add(options: SimulationOptions, summary: RunSummary): void {
    this.#runs += 1;
    this.#memberHours += summary.memberHours;
    this.#lossyMemberHours += summary.lossyMemberHours;
    this.#messages += summary.messages;
    if (options.scenario === "silence") {
      this.#silences += summary.deathsKnown.ticks.length;
      for (const ticks of summary.deathsKnown.ticks) this.#known.add(ticks);
    }
    if (!isFailed(summary)) return;
    const { violations } = summary;
    const command = commandOf(options);
    this.failures.push({ command, violations });
    process.stderr.write(
      `\nseed ${options.seed} failed: ${violations.join("; ")}\n  again: ${command}\n`,
    );
  }

  line(): string {
    const perSecond = (this.#runs * 1_000) / (performance.now() - this.#startedMs);
    const hours = `${this.#memberHours.toFixed(1)} member-hours`;
    const failed = `${this.failures.length} failed`;
    return `${this.#runs} seeds, ${hours}, ${failed}, ${perSecond.toFixed(1)} seeds a second`;
  }

  /** Seeds start in order, so that after the end their count gives the last one. */
  record(): SweepRecord {
    const { p99, max } = this.#known.figures();
    return {
      date: new Date().toISOString(),
      commit: this.#commit,
      seeds: [this.#first, this.#first + this.#runs - 1],
      memberHours: hundredths(this.#memberHours),
      lossyMemberHours: hundredths(this.#lossyMemberHours),
      messages: this.#messages,
      silences: { count: this.#silences, p99: p99 / 10, max: max / 10 },
      failures: this.failures,
    };
  }
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
