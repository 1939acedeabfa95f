/** How heartbeats spread: whom they reach, how soon, over how many hops, and how often too much. */
import { createNumberCounts } from "./histogram.ts";

/** What a measurement needs to know of the world. */
export interface Audience {
  /** How many members there are, dead or alive. */
  readonly size: number;
  /** Whether a heartbeat of `origin`, made at that moment, should have reached the member by now. */
  isConcerned(origin: number, member: number, bornMs: number): boolean;
}

export interface DisseminationFigures {
  /** Heartbeats measured. */
  readonly heartbeats: number;
  /** Mean share of the members concerned that a heartbeat reached. */
  readonly coverage: number;
  /** The worst one. */
  readonly coverageMin: number;
  readonly hops: Figures;
  /** Milliseconds from signing to arrival. */
  readonly latencyMs: Figures;
  /** Mean number of times a member got a heartbeat that it got at all. */
  readonly copies: number;
}

export interface Figures {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Heartbeat {
  readonly origin: number;
  readonly bornMs: number;
  /** Hops to each member; 0 = it has not got it. */
  readonly hops: Uint8Array;
  copies: number;
}

/** A heartbeat has reached whom it will reach after this long. */
const SETTLED_MS = 10_000;
/** Signatures remembered until it is clear whether they are under heartbeats. */
const BIRTHS = 2 ** 17;
const HOPS_MAX = 255;
const LATENCY_MS_MAX = SETTLED_MS + 1;

const NEVER = Number.POSITIVE_INFINITY;

export class Dissemination {
  readonly latencies = createNumberCounts(LATENCY_MS_MAX);
  readonly hopCounts = createNumberCounts(HOPS_MAX);
  /** Coverage of each heartbeat in percent. */
  readonly coverages = createNumberCounts(100);
  readonly #audience: Audience;
  readonly #every: number;
  readonly #births = new Float64Array(BIRTHS);
  readonly #origins = new Int32Array(BIRTHS);
  readonly #underway = new Map<number, Heartbeat>();
  readonly #pool: Uint8Array[] = [];
  #fromMs = NEVER;
  #untilMs = NEVER;
  #heartbeats = 0;
  #coverageSum = 0;
  #coverageMin = 1;
  #copies = 0;
  #arrivals = 0;

  /** `every`: one heartbeat in so many is measured. */
  constructor(audience: Audience, every: number) {
    this.#audience = audience;
    this.#every = every;
  }

  /** Only heartbeats born between these moments count. */
  measure(fromMs: number, untilMs: number): void {
    this.#fromMs = fromMs;
    this.#untilMs = untilMs;
  }

  /** Told when a member signs something. */
  signed(number: number, origin: number, nowMs: number): void {
    this.#births[number % BIRTHS] = nowMs;
    this.#origins[number % BIRTHS] = origin;
  }

  /** Told of every arrival of a gossiped alive message; `number` is the one in its signature. */
  arrived(number: number, from: number, to: number, nowMs: number): void {
    if (number % this.#every !== 0) return;
    const heartbeat = this.#underway.get(number) ?? this.#begin(number, from, nowMs);
    if (heartbeat === undefined || to === heartbeat.origin) return;
    const { hops, origin, bornMs } = heartbeat;
    heartbeat.copies += 1;
    if ((hops[to] ?? 0) > 0) return;
    const hop = from === origin ? 1 : (hops[from] ?? 0) + 1;
    hops[to] = Math.min(HOPS_MAX, hop);
    this.#arrivals += 1;
    this.latencies.add(Math.round(nowMs - bornMs));
    this.hopCounts.add(hop);
  }

  /** Counts the heartbeats whose time is over. */
  settle(nowMs: number): void {
    for (const [number, heartbeat] of this.#underway) {
      if (nowMs - heartbeat.bornMs <= SETTLED_MS) break;
      this.#count(heartbeat);
      this.#pool.push(heartbeat.hops);
      this.#underway.delete(number);
    }
  }

  figures(): DisseminationFigures {
    const heartbeats = this.#heartbeats;
    return {
      heartbeats,
      coverage: heartbeats === 0 ? 0 : this.#coverageSum / heartbeats,
      coverageMin: heartbeats === 0 ? 0 : this.#coverageMin,
      hops: this.hopCounts.figures(),
      latencyMs: this.latencies.figures(),
      copies: this.#arrivals === 0 ? 0 : this.#copies / this.#arrivals,
    };
  }

  #begin(number: number, from: number, nowMs: number): Heartbeat | undefined {
    const bornMs = this.#births[number % BIRTHS] ?? 0;
    // Only a heartbeat is gossiped first by its author; other signatures are given to one peer.
    if (this.#origins[number % BIRTHS] !== from || nowMs - bornMs > SETTLED_MS) return undefined;
    if (bornMs < this.#fromMs || bornMs >= this.#untilMs) return undefined;
    const hops = this.#pool.pop()?.fill(0) ?? new Uint8Array(this.#audience.size);
    const heartbeat = { origin: from, bornMs, hops, copies: 0 };
    this.#underway.set(number, heartbeat);
    return heartbeat;
  }

  #count({ origin, bornMs, hops, copies }: Heartbeat): void {
    let [concerned, reached] = [0, 0];
    for (let member = 0; member < this.#audience.size; member++) {
      if (!this.#audience.isConcerned(origin, member, bornMs)) continue;
      concerned += 1;
      if ((hops[member] ?? 0) > 0) reached += 1;
    }
    if (concerned === 0) return;
    const coverage = reached / concerned;
    this.#heartbeats += 1;
    this.#coverageSum += coverage;
    this.#coverageMin = Math.min(this.#coverageMin, coverage);
    this.coverages.add(Math.floor(coverage * 100));
    this.#copies += copies;
  }
}
