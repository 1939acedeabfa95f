/** Finds the shortest run with the fewest members and faults that still fails as a seed does. */
import type { SimulationOptions } from "../options.ts";
import type { PartOfPlan } from "../part-of-plan.ts";
import { makePlan } from "../scenarios.ts";
import { isFailed, type RunSummary } from "../summary.ts";

interface Found {
  readonly options: SimulationOptions;
  readonly summary: RunSummary;
  readonly runs: number;
}

type Part = { readonly [K in keyof PartOfPlan]: NonNullable<PartOfPlan[K]> };

/** Undefined if the seed does not fail. `report` gets a line per improvement. */
export async function findSmallest(
  options: SimulationOptions,
  simulate: (options: SimulationOptions) => Promise<RunSummary>,
  report: (line: string) => void,
): Promise<Found | undefined> {
  const first = await simulate(options);
  if (!isFailed(first)) return undefined;
  const search = new Search(options, first, simulate, report);
  await search.shorten();
  await search.drop("faults");
  await search.drop("members");
  await search.drop("faults");
  await search.shorten();
  return search.found;
}

/** Seconds to which the length of a run is found out. */
const SECONDS_STEP = 0.1;

class Search {
  readonly #options: SimulationOptions;
  readonly #simulate: (options: SimulationOptions) => Promise<RunSummary>;
  readonly #report: (line: string) => void;
  readonly #kinds: ReadonlySet<string>;
  #part: Part;
  #summary: RunSummary;
  #runs = 1;

  constructor(
    options: SimulationOptions,
    summary: RunSummary,
    simulate: (options: SimulationOptions) => Promise<RunSummary>,
    report: (line: string) => void,
  ) {
    const plan = makePlan(options);
    this.#options = options;
    this.#simulate = simulate;
    this.#report = report;
    this.#summary = summary;
    this.#kinds = new Set(summary.violations.map(kindOf));
    this.#part = {
      seconds: plan.firstPhaseMs / 1_000,
      members: options.only?.members ?? plan.seats.map((_, index) => index),
      faults: options.only?.faults ?? plan.faults.map((_, index) => index),
    };
  }

  get found(): Found {
    return {
      options: { ...this.#options, only: this.#part },
      summary: this.#summary,
      runs: this.#runs,
    };
  }

  /** Halves the interval between a length that fails and one that does not. */
  async shorten(): Promise<void> {
    let passes = this.#lastStart();
    while (this.#part.seconds - passes > SECONDS_STEP) {
      const middle = rounded((this.#part.seconds + passes) / 2);
      if (!(await this.#try({ seconds: middle }))) passes = middle;
    }
  }

  /** Leaves out halves, then quarters, and in the end one at a time. */
  async drop(what: "members" | "faults"): Promise<void> {
    for (let size = this.#part[what].length >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at < this.#part[what].length; ) {
        const rest = this.#part[what].toSpliced(at, size);
        const isWithout =
          (what === "faults" || rest.length > 1) && (await this.#try({ [what]: rest }));
        if (!isWithout) at += size;
      }
    }
  }

  /** Keeps the smaller plan if it fails in one of the ways of the whole. */
  async #try(change: Partial<Part>): Promise<boolean> {
    const part = { ...this.#part, ...change };
    const summary = await this.#simulate({ ...this.#options, only: part });
    this.#runs += 1;
    if (!summary.violations.some((violation) => this.#kinds.has(kindOf(violation)))) return false;
    [this.#part, this.#summary] = [part, summary];
    const { seconds, members, faults } = part;
    this.#report(`${members.length} members, ${faults.length} faults, ${seconds} s: fails`);
    return true;
  }

  /** Nobody may be left without a start: that would be another failure. */
  #lastStart(): number {
    const { seats } = makePlan({ ...this.#options, only: this.#part });
    const all = makePlan(this.#options);
    const seconds = Math.max(...seats.map(({ startMs }) => startMs)) / 1_000;
    return Math.min(seconds, all.firstPhaseMs / 1_000);
  }
}

/** A violation without its moment, names and numbers. */
export function kindOf(violation: string): string {
  return (
    violation
      .replace(/^after [\d.]+ s: /, "")
      .replace(/"[^"]*"/g, '""')
      .replace(/\bpeer\d+\.org\d+\b/g, "somebody")
      .replace(/\([0-9a-f]{8}\)/g, "")
      // Members that may not know each other are no smaller case of some that do not find each other.
      .replace(/\b0 of 0 pairs\b/, "no pairs")
      .replace(/\d+/g, "0")
  );
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
