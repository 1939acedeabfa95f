/**
 * How soon everybody knows of a silent member with open sockets, and whether anybody is declared
 * dead falsely: real nodes in virtual time with default timers.
 */

import { layOut } from "../simulation/layout.ts";
import type { SimulatedMember } from "../simulation/member.ts";
import { createSeededRandom, type SeededRandom } from "../simulation/random.ts";
import { World } from "../simulation/world.ts";
import { cpuUs, quantile, round } from "./measure.ts";

export interface SilenceOptions {
  readonly members: number;
  /** Packet loss, 0 to 1; lost packets are retransmitted as by TCP. */
  readonly loss: number;
  /** Number of silent members. */
  readonly deaths: number;
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
/** Members sync often at first. */
const SETTLE_MS = 60_000;
const HEARTBEAT_MS = 5_000;
const NOTICE_MAX_MS = 60_000;
const RECOVER_MAX_MS = 120_000;
/** Then another seed, with other keys and random numbers. */
const DEATHS_PER_WORLD = 10;
const HOURS_PER_WORLD = 10;
/** Latency within a city: minimum in milliseconds, and random addition. */
const [DELAY_MS, JITTER_MS] = [2, 3];

export async function benchSilence(options: SilenceOptions): Promise<SilenceResult> {
  const { members, loss, deaths, memberHours, progress } = options;
  const first: number[] = [];
  const all: number[] = [];
  let [seed, falseDeaths, livedMs, missed] = [options.seed, 0, 0, 0];
  const note = (watch: Watch): void => {
    falseDeaths += watch.falseDeaths;
    livedMs += watch.livedMs;
  };
  for (let done = 0; done < deaths; ) {
    const watch = await Watch.begin(members, loss, seed++);
    for (let i = 0; i < DEATHS_PER_WORLD && done < deaths; i++, done++) {
      const noticedMs = await watch.silence();
      if (noticedMs.length < members - 1) missed += 1;
      first.push(Math.min(...noticedMs) / 1_000);
      all.push((noticedMs.length < members - 1 ? NOTICE_MAX_MS : Math.max(...noticedMs)) / 1_000);
    }
    note(watch);
    progress(`${done} of ${deaths} deaths`);
  }
  const [startUs, startMs] = [cpuUs(), livedMs];
  while (livedMs < memberHours * HOUR_MS) {
    const watch = await Watch.begin(members, loss, seed++);
    const leftMs = (memberHours * HOUR_MS - livedMs) / members;
    await watch.live(Math.min(leftMs, HOURS_PER_WORLD * HOUR_MS));
    note(watch);
    progress(`${(livedMs / HOUR_MS).toFixed(1)} member-hours, ${falseDeaths} false deaths`);
  }
  const minutes = (cpuUs() - startUs) / 60e6;
  return {
    members,
    loss,
    deaths,
    firstSeconds: quantiles(first),
    allSeconds: quantiles(all),
    missed,
    memberHours: round(livedMs / HOUR_MS, 1),
    falseDeaths,
    memberHoursPerMinute: round((livedMs - startMs) / HOUR_MS / minutes, 1),
  };
}

function quantiles(values: readonly number[]): Quantiles {
  return {
    p50: round(quantile(values, 0.5), 1),
    p99: round(quantile(values, 0.99), 1),
    max: round(Math.max(0, ...values), 1),
  };
}

/** One network, and who calls whom dead in it. */
class Watch {
  readonly #world: World;
  readonly #dice: SeededRandom;
  /** The silent member, and when each of the others knew. */
  #silent: SimulatedMember | undefined;
  readonly #noticedAtMs = new Map<number, number>();
  falseDeaths = 0;
  /** Added up over all members except silent ones. */
  livedMs = 0;

  private constructor(world: World, seed: number) {
    this.#world = world;
    this.#dice = createSeededRandom(seed).fork();
    world.watch({
      event: ({ member: observer }, event, atMs) => {
        if (event.type !== "member-dead" || observer === this.#silent) return;
        if (event.member.pkiId === this.#silent?.issued.identity.pkiId) {
          if (!this.#noticedAtMs.has(observer.index)) this.#noticedAtMs.set(observer.index, atMs);
        } else this.falseDeaths += 1;
      },
    });
  }

  static async begin(members: number, loss: number, seed: number): Promise<Watch> {
    const world = new World({
      seed,
      strategy: "neighbours",
      delayMs: DELAY_MS,
      jitterMs: JITTER_MS,
    });
    const layout = { nodes: members, orgs: 1, startsWithinMs: 0, hiddenShare: 0, oddShare: 0 };
    for (const seat of layOut(layout, createSeededRandom(seed))) world.add(seat);
    const watch = new Watch(world, seed); // Before they start: whoever comes later is told nothing.
    for (const member of world.members) await world.start(member);
    await world.run(SETTLE_MS);
    world.network.setLoss(loss);
    return watch;
  }

  /** A period without silences. */
  async live(ms: number): Promise<void> {
    const { members, nowMs } = this.#world;
    await this.#world.run(ms);
    this.livedMs += (this.#world.nowMs - nowMs) * members.length;
  }

  /** Silences a member; returns when each of the others knew, in milliseconds. Then it resumes. */
  async silence(): Promise<readonly number[]> {
    const world = this.#world;
    await this.live(this.#dice.fraction() * HEARTBEAT_MS);
    const victim = this.#dice.pick(world.members);
    const fromMs = world.nowMs;
    const observers = world.members.length - 1;
    this.#silent = victim;
    this.#noticedAtMs.clear();
    world.stall(victim);
    while (this.#noticedAtMs.size < observers && world.nowMs < fromMs + NOTICE_MAX_MS) {
      await world.run(100);
    }
    this.livedMs += (world.nowMs - fromMs) * observers;
    world.resume(victim);
    const untilMs = world.nowMs + RECOVER_MAX_MS;
    while (!this.#isWhole() && world.nowMs < untilMs) await world.run(1_000);
    await world.run(SETTLE_MS);
    this.#silent = undefined;
    return [...this.#noticedAtMs.values()].map((atMs) => atMs - fromMs);
  }

  #isWhole(): boolean {
    const { members } = this.#world;
    return members.every(({ life }) => {
      const seen = life?.node.members().filter(({ status }) => status === "alive");
      return seen?.length === members.length;
    });
  }
}
