/** One simulation from its seed to its result: first phase under faults, second phase healed. */

import { type ChannelFigures, ChannelReach } from "./checkers/channel-reach.ts";
import { type Checkers, installCheckers, sampleSeconds } from "./checkers/checkers.ts";
import { MessageChecker } from "./checkers/messages.ts";
import { describeGaps, illnesses, isComplete, look } from "./convergence.ts";
import type { DisseminationFigures } from "./dissemination.ts";
import { Division, type Place } from "./division.ts";
import { Faults } from "./faults.ts";
import { createLifetimes, type DeathFigures, type Lifetimes } from "./lifetimes.ts";
import { createMeter, type Meter, type SteadyFigures } from "./meter.ts";
import type { SimulationOptions } from "./options.ts";
import { makePlan, type ScenarioPlan } from "./scenarios.ts";
import { stepsOf } from "./steps.ts";
import { Talk } from "./talk.ts";
import { type TrafficByKind, totalOf } from "./traffic.ts";
import { isDivisible, mayShareLists } from "./traits.ts";
import { createViews, type Sight, type Views } from "./views.ts";
import { World } from "./world.ts";

/** Progress of a simulation, reported every virtual second. */
export interface Progress {
  readonly virtualSeconds: number;
  readonly isHealing: boolean;
  readonly sight: Sight;
}

/** Share of pairs that see each other at one moment. */
export interface Moment {
  readonly second: number;
  readonly share: number;
  readonly ghosts: number;
}

export interface Result {
  readonly options: SimulationOptions;
  readonly plan: ScenarioPlan;
  readonly nodes: number;
  readonly virtualSeconds: number;
  readonly converged: boolean;
  /** Time from the start or the last fault until all views are complete. */
  readonly convergeSeconds: number;
  /** The same for the start; undefined if faults came first. */
  readonly firstConvergeSeconds: number | undefined;
  readonly violations: readonly string[];
  readonly messages: number;
  readonly bytes: number;
  readonly traffic: TrafficByKind;
  readonly dissemination: DisseminationFigures;
  readonly steady: SteadyFigures;
  /** Time in which members lived, added up over all of them; and that at 5 % packet loss or more. */
  readonly memberHours: number;
  readonly lossyMemberHours: number;
  /** Seconds from the end of a process until another member knows. */
  readonly deathsKnown: DeathFigures;
  /** Undefined without channels. */
  readonly channels: ChannelFigures | undefined;
  readonly history: readonly Moment[];
  readonly trace: string;
  readonly meter: Meter;
  readonly world: World;
  readonly views: Views;
}

/** After the faults, views must converge within this many virtual milliseconds. */
export const CONVERGE_MAX_MS = 120_000;
/** How long views must stay complete. */
const CALM_MS = 15_000;
/** Members sync often at first, while answers bring news. */
const WARM_UP_MS = 45_000;
/** Comparison interval while views are incomplete. */
const LOOK_MS = 100;
/** Above this number of pairs, comparisons run less often. */
const PAIRS_MAX = 200_000;

/** `place`: of this thread, if several simulate the same network; then the first one has the result of all. */
export async function simulate(
  options: SimulationOptions,
  progress: (progress: Progress) => void = () => {},
  place?: Place,
): Promise<Result> {
  const run = new Run(options, progress, place);
  await run.phases();
  return run.finish();
}

class Run {
  readonly #options: SimulationOptions;
  readonly #progress: (progress: Progress) => void;
  readonly #plan: ScenarioPlan;
  readonly #world: World;
  readonly #views: Views;
  readonly #meter: Meter;
  readonly #lifetimes: Lifetimes;
  readonly #faults: Faults;
  readonly #history: Moment[] = [];
  readonly #checkers: Checkers;
  readonly #talk: Talk | undefined;
  readonly #reach: ChannelReach | undefined;
  #firstConvergedMs: number | undefined;
  /** When all faults have ended. */
  #healedMs: number | undefined;
  #isSteady = false;
  #convergedMs: number | undefined;

  readonly #division: Division | undefined;

  constructor(
    options: SimulationOptions,
    progress: (progress: Progress) => void,
    place: Place | undefined,
  ) {
    this.#options = options;
    this.#progress = progress;
    this.#plan = makePlan(options);
    const { strategy, seed } = options;
    const { delayMs, jitterMs, seats, notAfterMs, faults, talks, channels } = this.#plan;
    const sharesLists = mayShareLists(this.#plan);
    const orgs = new Set(seats.map(({ org }) => org)).size;
    if (isDivisible(this.#plan)) this.#division = new Division(place, orgs, delayMs);
    const traits = { size: seats.length, talks, channels, sharesLists, division: this.#division };
    this.#world = new World({ seed, strategy, delayMs, jitterMs, ...traits });
    seats.forEach((seat, index) => {
      const isHostile = faults.some((fault) => fault.type === "hostile" && fault.member === index);
      this.#world.add(seat, notAfterMs.get(index), isHostile);
    });
    this.#world.channels.start();
    this.#faults = new Faults(this.#world);
    this.#views = createViews(this.#world.authority);
    this.#meter = createMeter(this.#world, this.#views, this.#division);
    this.#checkers = installCheckers(this.#world, this.#plan.faults, delayMs + jitterMs);
    const { report } = this.#checkers.violations;
    const hasFaults = faults.length > 0;
    if (channels.length > 0) this.#reach = new ChannelReach(this.#world, report, hasFaults);
    if (talks) this.#talk = new Talk(this.#world, new MessageChecker(this.#world, report), seed);
    this.#lifetimes = createLifetimes(this.#world);
    this.#world.watch(this.#meter.watcher, this.#lifetimes.watcher, {
      began: ({ member }) => this.#views.begin(member),
      event: ({ member }, event) => this.#views.observe(member, event),
    });
  }

  /** An error, such as an assertion of the core, is a finding like any other. */
  async phases(): Promise<void> {
    await this.#attempt(async () => {
      await this.#firstPhase();
      await this.#secondPhase();
      await this.#talk?.finish();
      await this.#reach?.finish();
    });
    await this.#attempt(() => this.#judge());
  }

  async #attempt(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#checkers.violations.report(this.#world.nowMs, `the run broke off: ${String(error)}`);
      this.#division?.breakOff();
    }
  }

  async #firstPhase(): Promise<void> {
    const { firstPhaseMs } = this.#plan;
    for (const { atMs, act } of stepsOf(this.#plan, this.#world, this.#faults)) {
      if (atMs > firstPhaseMs) break;
      await this.#runUntil(atMs);
      await act();
    }
    await this.#runUntil(firstPhaseMs);
  }

  async #secondPhase(): Promise<void> {
    if (this.#plan.faults.length === 0 && isComplete(this.#look())) {
      this.#convergedMs = this.#firstConvergedMs;
      if (this.#convergedMs !== undefined) return;
    }
    this.#healedMs = this.#world.nowMs;
    const lastMs = this.#healedMs + CONVERGE_MAX_MS;
    while (!this.#isSettled() && this.#world.nowMs < lastMs) {
      await this.#runUntil(this.#world.nowMs + 1_000);
    }
  }

  /** Whether views have been complete long enough to count as stable. */
  #isSettled(): boolean {
    return this.#convergedMs !== undefined && this.#world.nowMs >= this.#convergedMs + CALM_MS;
  }

  finish(): Result {
    const [world, meter] = [this.#world, this.#meter];
    const converged = this.#convergedMs !== undefined;
    const { messages, bytes } = totalOf(meter.traffic);
    const endMs = this.#convergedMs ?? world.nowMs;
    return {
      options: this.#options,
      plan: this.#plan,
      nodes: world.members.length,
      virtualSeconds: world.nowMs / 1_000,
      converged,
      convergeSeconds: (endMs - (this.#healedMs ?? 0)) / 1_000,
      firstConvergeSeconds: seconds(this.#firstConvergedMs),
      violations: this.#checkers.violations.sentences,
      messages,
      bytes,
      traffic: meter.traffic,
      dissemination: meter.figures(),
      steady: meter.steady(),
      memberHours: this.#lifetimes.memberHours(),
      lossyMemberHours: this.#lifetimes.lossyMemberHours(),
      deathsKnown: this.#lifetimes.deathsKnown(),
      channels: this.#reach?.figures,
      history: this.#history,
      trace: meter.trace(),
      meter,
      world,
      views: this.#views,
    };
  }

  #judge(): void {
    if (this.#convergedMs === undefined) this.#reportGaps();
    this.#reportIllness();
    this.#absorbParts();
  }

  /** The first of several threads adds what the others have measured and found. */
  #absorbParts(): void {
    if (this.#division === undefined) return;
    const { violations } = this.#checkers;
    const parts = this.#division.collect({
      meter: this.#meter.part(),
      violations: violations.sentences,
    });
    this.#meter.absorb(parts.map(({ meter }) => meter));
    for (const part of parts) violations.add(part.violations);
  }

  #reportGaps(): void {
    const { report } = this.#checkers.violations;
    const { seen, expected, ghosts } = this.#look();
    const sight = `${seen} of ${expected} pairs see each other, ${ghosts} see somebody gone`;
    report(this.#world.nowMs, `not everybody is found: ${sight}`);
    for (const gap of describeGaps(this.#world, this.#views)) {
      report(this.#world.nowMs, `${gap}, although all faults are over`);
    }
  }

  #reportIllness(): void {
    for (const illness of illnesses(this.#world)) {
      this.#checkers.violations.report(
        this.#world.nowMs,
        `${illness}, although all faults are over`,
      );
    }
  }

  async #runUntil(untilMs: number): Promise<void> {
    const world = this.#world;
    while (world.nowMs < untilMs) {
      const stepMs = this.#isLarge() || this.#firstConvergedMs !== undefined ? 1_000 : LOOK_MS;
      const nextMs = Math.min(untilMs, (Math.floor(world.nowMs / stepMs) + 1) * stepMs);
      await world.run(nextMs - world.nowMs);
      if (nextMs % stepMs === 0) this.#observe();
    }
  }

  /** End of the startup phase, if the run is long enough. */
  #steadyMs(): number {
    return this.#plan.firstPhaseMs >= 2 * WARM_UP_MS ? WARM_UP_MS : 0;
  }

  #isLarge(): boolean {
    return this.#world.members.length ** 2 > PAIRS_MAX;
  }

  /** Compares the views and reports progress. */
  #observe(): void {
    const world = this.#world;
    const isSecond = world.nowMs % 1_000 === 0;
    if (isSecond) this.#lifetimes.second();
    if (isSecond) this.#talk?.second();
    this.#meter.dissemination.settle(world.nowMs);
    const isSettled = this.#isSteady && this.#plan.faults.length === 0;
    if (isSettled && this.#isLarge() && world.nowMs % 10_000 !== 0) return;
    const sight = this.#look();
    if (!isSecond) return;
    const { expected, seen, ghosts } = sight;
    const second = world.nowMs / 1_000;
    if (second % sampleSeconds(this.#plan.firstPhaseMs) === 0) this.#checkers.sample();
    this.#history.push({ second, share: expected === 0 ? 0 : seen / expected, ghosts });
    this.#progress({ virtualSeconds: second, isHealing: this.#healedMs !== undefined, sight });
  }

  #look(): Sight {
    const world = this.#world;
    const own = look(world, this.#views);
    const sight = this.#division?.together(own) ?? own;
    const haveStarted = this.#plan.seats.every(({ startMs }) => startMs <= world.nowMs);
    const isWell = haveStarted && sight.expected > 0 && isComplete(sight);
    if (isWell) this.#firstConvergedMs ??= world.nowMs;
    if (
      this.#firstConvergedMs !== undefined &&
      !this.#isSteady &&
      world.nowMs >= this.#steadyMs()
    ) {
      this.#isSteady = true;
      this.#meter.beginSteady();
    }
    if (this.#healedMs !== undefined)
      this.#convergedMs = isWell ? (this.#convergedMs ?? world.nowMs) : undefined;
    return sight;
  }
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}
