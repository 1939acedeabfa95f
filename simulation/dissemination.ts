/** Measures dissemination of heartbeats: coverage, latency, hops and duplicates. */
import { createNumberCounts } from "./histogram.ts";

/** The part of the world that a measurement needs. */
export interface Audience {
  /** Number of members, dead or alive. */
  readonly size: number;
  /** Whether a heartbeat of `origin`, made at that moment, should have reached the member by now. */
  isConcerned(origin: number, member: number, bornMs: number): boolean;
  /** Whether other threads simulate other members. Default: no. */
  readonly isPart?: boolean;
}

export interface DisseminationFigures {
  /** Heartbeats measured. */
  readonly heartbeats: number;
  /** Mean share of eligible members that a heartbeat reached. */
  readonly coverage: number;
  /** The worst one. */
  readonly coverageMin: number;
  readonly hops: Figures;
  /** Milliseconds from signing to arrival. */
  readonly latencyMs: Figures;
  /** Mean number of copies per member and heartbeat, where at least one arrived. */
  readonly copies: number;
}

export interface Figures {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How far a heartbeat has come with one member, for a thread that simulates others. */
export interface Passage {
  readonly origin: number;
  readonly bornMs: number;
  readonly from: number;
  /** Hops to `from`. */
  readonly hop: number;
}

/** What one of several threads has measured. */
export interface DisseminationPart {
  readonly latencies: Float64Array;
  readonly hopCounts: Float64Array;
  readonly copies: number;
  readonly arrivals: number;
  /** Of each heartbeat that has settled: its number, members concerned, members reached. */
  readonly settled: readonly (readonly [number, number, number])[];
}

interface Heartbeat {
  readonly origin: number;
  readonly bornMs: number;
  /** Hops to each member; 0 means it has not arrived. */
  readonly hops: Uint8Array;
}

/** Dissemination of a heartbeat is complete after this long. */
const SETTLED_MS = 10_000;
/** Signatures kept until they prove to belong to heartbeats or not: so many per member, and in all. */
const BIRTHS_PER_MEMBER = 128;
const BIRTHS_MAX = 2 ** 17;
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
  readonly #births: Float64Array;
  readonly #origins: Int32Array;
  readonly #underway = new Map<number, Heartbeat>();
  readonly #pool: Uint8Array[] = [];
  #fromMs = NEVER;
  #untilMs = NEVER;
  #heartbeats = 0;
  #coverageSum = 0;
  #coverageMin = 1;
  #copies = 0;
  #arrivals = 0;
  /** Of a part only. */
  readonly #settled: (readonly [number, number, number])[] = [];

  /** `every`: measures one heartbeat in this many. */
  constructor(audience: Audience, every: number) {
    this.#audience = audience;
    this.#every = every;
    const births = Math.min(BIRTHS_MAX, BIRTHS_PER_MEMBER * audience.size);
    this.#births = new Float64Array(births);
    this.#origins = new Int32Array(births);
  }

  /** Only heartbeats born between these moments count. */
  measure(fromMs: number, untilMs: number): void {
    this.#fromMs = fromMs;
    this.#untilMs = untilMs;
  }

  /** Call when a member signs something. */
  signed(number: number, origin: number, nowMs: number): void {
    this.#births[number % this.#births.length] = nowMs;
    this.#origins[number % this.#births.length] = origin;
  }

  /** Call on every arrival of a gossiped alive message; `number` is in its signature. */
  arrived(number: number, from: number, to: number, nowMs: number): void {
    if (number % this.#every !== 0) return;
    const heartbeat = this.#underway.get(number) ?? this.#begin(number, from, nowMs);
    if (heartbeat === undefined || to === heartbeat.origin) return;
    const { hops, origin, bornMs } = heartbeat;
    this.#copies += 1;
    if ((hops[to] ?? 0) > 0) return;
    const hop = from === origin ? 1 : (hops[from] ?? 0) + 1;
    hops[to] = Math.min(HOPS_MAX, hop);
    this.#arrivals += 1;
    this.latencies.add(Math.round(nowMs - bornMs));
    this.hopCounts.add(hop);
  }

  /** To tell another thread when this member sends this heartbeat there; undefined: it is not measured. */
  passage(number: number, from: number): Passage | undefined {
    if (number % this.#every !== 0) return undefined;
    const known = this.#underway.get(number);
    const slot = number % this.#births.length;
    const [origin, bornMs] = known
      ? [known.origin, known.bornMs]
      : [this.#origins[slot] ?? 0, this.#births[slot] ?? 0];
    if (known === undefined && from !== origin) return undefined;
    return { origin, bornMs, from, hop: known?.hops[from] ?? 0 };
  }

  /** What another thread tells. */
  passed(number: number, { origin, bornMs, from, hop }: Passage, nowMs: number): void {
    if (from === origin) {
      this.signed(number, origin, bornMs);
      return;
    }
    if (nowMs - bornMs > SETTLED_MS || bornMs < this.#fromMs || bornMs >= this.#untilMs) return;
    const { hops } = this.#underway.get(number) ?? this.#measure(number, origin, bornMs);
    if (hop > 0) hops[from] = hop;
  }

  part(): DisseminationPart {
    const [copies, arrivals, settled] = [this.#copies, this.#arrivals, this.#settled];
    const [latencies, hopCounts] = [this.latencies.counts, this.hopCounts.counts];
    return { latencies, hopCounts, copies, arrivals, settled };
  }

  /** Adds the parts of all other threads to its own. */
  absorb(others: readonly DisseminationPart[]): void {
    const settled = new Map<number, readonly [number, number]>();
    for (const part of others) {
      this.latencies.addAll(part.latencies);
      this.hopCounts.addAll(part.hopCounts);
      this.#copies += part.copies;
      this.#arrivals += part.arrivals;
    }
    for (const list of [this.#settled, ...others.map((part) => part.settled)]) {
      for (const [number, concerned, reached] of list) {
        const [others, reachedOthers] = settled.get(number) ?? [0, 0];
        settled.set(number, [others + concerned, reachedOthers + reached]);
      }
    }
    for (const [concerned, reached] of settled.values()) this.#note(concerned, reached);
  }

  /** Counts completed heartbeats. */
  settle(nowMs: number): void {
    for (const [number, heartbeat] of this.#underway) {
      if (nowMs - heartbeat.bornMs <= SETTLED_MS) break;
      this.#count(number, heartbeat);
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
    const bornMs = this.#births[number % this.#births.length] ?? 0;
    // The author gossips only heartbeats; other signed messages go to one peer.
    if (this.#origins[number % this.#births.length] !== from || nowMs - bornMs > SETTLED_MS)
      return undefined;
    if (bornMs < this.#fromMs || bornMs >= this.#untilMs) return undefined;
    return this.#measure(number, from, bornMs);
  }

  #measure(number: number, origin: number, bornMs: number): Heartbeat {
    const hops = this.#pool.pop()?.fill(0) ?? new Uint8Array(this.#audience.size);
    const heartbeat = { origin, bornMs, hops };
    this.#underway.set(number, heartbeat);
    return heartbeat;
  }

  #count(number: number, { origin, bornMs, hops }: Heartbeat): void {
    let [concerned, reached] = [0, 0];
    for (let member = 0; member < this.#audience.size; member++) {
      if (!this.#audience.isConcerned(origin, member, bornMs)) continue;
      concerned += 1;
      if ((hops[member] ?? 0) > 0) reached += 1;
    }
    if (this.#audience.isPart) this.#settled.push([number, concerned, reached]);
    else this.#note(concerned, reached);
  }

  #note(concerned: number, reached: number): void {
    if (concerned === 0) return;
    const coverage = reached / concerned;
    this.#heartbeats += 1;
    this.#coverageSum += coverage;
    this.#coverageMin = Math.min(this.#coverageMin, coverage);
    this.coverages.add(Math.floor(coverage * 100));
  }
}
