/**
 * How soon everybody knows of a silent member with open sockets, and whether anybody is declared
 * dead falsely: real nodes in virtual time with default timers.
 */

import { READ_ALL_MAX } from "../simulation/checkers/checkers.ts";
import { layOut } from "../simulation/layout.ts";
import { createSeededRandom, type SeededRandom } from "../simulation/random.ts";
import { World } from "../simulation/world.ts";
import { shuffled } from "../src/core/rules/shuffle.ts";
import { cpuUs, quantile, round } from "./measure.ts";

export interface SilenceOptions {
  readonly members: number;
  /** Packet loss, 0 to 1; lost packets are retransmitted as by TCP. */
  readonly loss: number;
  /** Number of silent members. */
  readonly deaths: number;
  /** How many of them fall silent at the same time, within a heartbeat. */
  readonly together: number;
  /** Seconds from the start, and from the end of a silence, until the next one. */
  readonly settleSeconds: number;
  /** Member-hours without silences. */
  readonly memberHours: number;
  readonly seed: number;
  readonly progress: (sentence: string) => void;
}

export interface SilenceResult {
  readonly members: number;
  readonly loss: number;
  readonly deaths: number;
  /** Seconds from the silence until the first, and until the last, knows. */
  readonly firstSeconds: Quantiles;
  readonly allSeconds: Quantiles;
  /** Deaths that some member had not noticed after a minute. */
  readonly missed: number;
  /** Member-hours observed. */
  readonly memberHours: number;
  /** False deaths declared. */
  readonly falseDeaths: number;
  /** Member-hours simulated per CPU minute. */
  readonly memberHoursPerMinute: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const HOUR_MS = 3_600_000;
const HEARTBEAT_MS = 5_000;
const NOTICE_MAX_MS = 60_000;
const RECOVER_MAX_MS = 120_000;
/** Then another seed, with other keys and random numbers. */
const DEATHS_PER_WORLD = 10;
const HOURS_PER_WORLD = 10;
/** Latency within a city: minimum in milliseconds, and random addition. */
const [DELAY_MS, JITTER_MS] = [2, 3];

export async function benchSilence(options: SilenceOptions): Promise<SilenceResult> {
  const { members, deaths, together, memberHours, progress } = options;
  const first: number[] = [];
  const all: number[] = [];
  let [seed, falseDeaths, livedMs, missed] = [options.seed, 0, 0, 0];
  const note = (watch: Watch): void => {
    falseDeaths += watch.falseDeaths;
    livedMs += watch.livedMs;
  };
  for (let done = 0; done < deaths; ) {
    const watch = await Watch.begin(options, seed++);
    for (let i = 0; i < DEATHS_PER_WORLD && done < deaths; ) {
      const count = Math.min(together, DEATHS_PER_WORLD - i, deaths - done);
      for (const noticedMs of await watch.silence(count)) {
        missed += noticedMs.length < members - count ? 1 : 0;
        first.push(Math.min(NOTICE_MAX_MS, ...noticedMs) / 1_000);
        all.push(lastOf(noticedMs, members - count) / 1_000);
      }
      i += count;
      done += count;
      progress(`${done} of ${deaths} deaths`);
    }
    note(watch);
  }
  const [startUs, startMs] = [cpuUs(), livedMs];
  while (livedMs < memberHours * HOUR_MS) {
    const watch = await Watch.begin(options, seed++);
    const leftMs = (memberHours * HOUR_MS - livedMs) / members;
    await watch.live(Math.min(leftMs, HOURS_PER_WORLD * HOUR_MS));
    note(watch);
    progress(`${(livedMs / HOUR_MS).toFixed(1)} member-hours, ${falseDeaths} false deaths`);
  }
  const minutes = (cpuUs() - startUs) / 60e6;
  return {
    members,
    loss: options.loss,
    deaths,
    firstSeconds: quantiles(first),
    allSeconds: quantiles(all),
    missed,
    memberHours: round(livedMs / HOUR_MS, 1),
    falseDeaths,
    memberHoursPerMinute: round((livedMs - startMs) / HOUR_MS / minutes, 1),
  };
}

function lastOf(noticedMs: readonly number[], observers: number): number {
  return noticedMs.length < observers ? NOTICE_MAX_MS : Math.max(...noticedMs);
}

function quantiles(values: readonly number[]): Quantiles {
  return {
    p50: round(quantile(values, 0.5), 1),
    p99: round(quantile(values, 0.99), 1),
    max: round(Math.max(0, ...values), 1),
  };
}

interface Silence {
  readonly fromMs: number;
  /** By the number of the observer. */
  readonly noticedAtMs: Map<number, number>;
}

/** One network, and who calls whom dead in it. */
class Watch {
  readonly #world: World;
  readonly #dice: SeededRandom;
  readonly #settleMs: number;
  /** The silent members, and when each of the others knew of them. */
  readonly #silent = new Map<string, Silence>();
  falseDeaths = 0;
  /** Added up over all members except silent ones. */
  livedMs = 0;

  private constructor(world: World, seed: number, settleMs: number) {
    this.#world = world;
    this.#settleMs = settleMs;
    this.#dice = createSeededRandom(seed).fork();
    world.watch({
      event: ({ member: observer }, event, atMs) => {
        if (event.type !== "member-dead") return;
        if (this.#silent.has(observer.issued.identity.pkiId)) return;
        const silence = this.#silent.get(event.member.pkiId);
        if (silence === undefined) this.falseDeaths += 1;
        else if (!silence.noticedAtMs.has(observer.index))
          silence.noticedAtMs.set(observer.index, atMs);
      },
    });
  }

  static async begin(options: SilenceOptions, seed: number): Promise<Watch> {
    const { members, loss, settleSeconds } = options;
    const settleMs = settleSeconds * 1_000;
    const world = new World({
      seed,
      strategy: "neighbours",
      delayMs: DELAY_MS,
      jitterMs: JITTER_MS,
      size: members,
      sharesLists: members > READ_ALL_MAX,
    });
    const layout = { nodes: members, orgs: 1, startsWithinMs: 0, hiddenShare: 0, oddShare: 0 };
    for (const seat of layOut(layout, createSeededRandom(seed))) world.add(seat);
    const watch = new Watch(world, seed, settleMs); // Before they start: whoever comes later is told nothing.
    for (const member of world.members) await world.start(member);
    await world.run(settleMs);
    world.network.setLoss(loss);
    return watch;
  }

  /** A period without silences. */
  async live(ms: number): Promise<void> {
    const { members, nowMs } = this.#world;
    await this.#world.run(ms);
    this.livedMs += (this.#world.nowMs - nowMs) * members.length;
  }

  /**
   * Silences so many members, each at a moment within a heartbeat; returns when each of the others knew, in
   * milliseconds. Then they resume.
   */
  async silence(count: number): Promise<readonly (readonly number[])[]> {
    const world = this.#world;
    const observers = world.members.length - count;
    const victims = [...shuffled(world.members, this.#dice)].slice(0, count);
    const moments = victims.map(() => this.#dice.fraction() * HEARTBEAT_MS);
    const startMs = world.nowMs;
    for (const [i, afterMs] of moments.toSorted((a, b) => a - b).entries()) {
      await this.live(startMs + afterMs - world.nowMs);
      const victim = victims[i];
      if (victim === undefined) continue;
      world.stall(victim);
      const silence = { fromMs: world.nowMs, noticedAtMs: new Map() };
      this.#silent.set(victim.issued.identity.pkiId, silence);
    }
    const silences = [...this.#silent.values()];
    const fromMs = world.nowMs;
    while (
      silences.some(({ noticedAtMs }) => noticedAtMs.size < observers) &&
      world.nowMs < fromMs + NOTICE_MAX_MS
    ) {
      await world.run(100);
    }
    this.livedMs += (world.nowMs - fromMs) * observers;
    for (const victim of victims) world.resume(victim);
    const untilMs = world.nowMs + RECOVER_MAX_MS;
    while (!this.#isWhole() && world.nowMs < untilMs) await world.run(1_000);
    await world.run(this.#settleMs);
    this.#silent.clear();
    return silences.map((silence) => {
      return [...silence.noticedAtMs.values()].map((atMs) => atMs - silence.fromMs);
    });
  }

  #isWhole(): boolean {
    const { members } = this.#world;
    return members.every(({ life }) => {
      const seen = life?.node.members().filter(({ status }) => status === "alive");
      return seen?.length === members.length;
    });
  }
}
