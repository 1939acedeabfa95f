/**
 * The network between members in its current condition: slow, lossy or partitioned. Packets travel
 * over TCP: a lost packet adds delay, and many consecutive losses break the link.
 */

import type { Border } from "../src/transport/memory-crossing.ts";
import { createHub, type MemoryHub } from "../src/transport/memory-hub.ts";
import type { Route } from "../src/transport/memory-options.ts";
import type { Clock } from "../src/transport/network.ts";
import { mix } from "../src/wire/bytes.ts";
import { digest } from "./authority.ts";
import type { SeededRandom } from "./random.ts";

export interface NetworkOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** One-way delay of a message in milliseconds: minimum, plus random jitter. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Index of the member at an endpoint; undefined if there is none. */
  readonly memberAt: (endpoint: string) => number | undefined;
  readonly delivered: (from: string, to: string, bytes: Uint8Array, sentAtMs: number) => void;
  /** If several threads can simulate this network: then delays do not depend on who draws first. */
  readonly border?: Border | undefined;
}

/** Drops packets from members in `from` to members in `to`. */
export interface Cut {
  readonly from: ReadonlySet<number>;
  readonly to: ReadonlySet<number>;
}

/** First retransmission timeout; doubles with each loss. */
const RETRANSMISSION_MS = 200;
/** Consecutive losses after which TCP breaks the link. */
const RETRANSMISSIONS_MAX = 6;

export class SimulatedNetwork {
  readonly hub: MemoryHub;
  readonly #options: NetworkOptions;
  /** From 0 to 1, for a message between two members at this moment. */
  readonly #lot: (from: string, to: string) => number;
  readonly #cuts = new Set<Cut>();
  /** Members with stalled processes, and members with disconnected machines. */
  readonly #deaf = new Set<number>();
  readonly #off = new Set<number>();
  #loss = 0;
  #slowness = 1;

  constructor(options: NetworkOptions) {
    const { border, clock, delivered, random } = options;
    this.#options = options;
    this.#lot = border ? createLots(random.below(2 ** 32), options) : () => random.fraction();
    this.hub = createHub({
      hash: digest,
      clock,
      delivered,
      sharesBytes: true, // Nodes never modify sent bytes, so sharing them is safe.
      latencyMs: (from, to) => this.#latencyMs(from, to),
      route: (from, to) => this.#route(from, to),
      ...(border && { border }),
    });
  }

  /** Packet loss probability. */
  setLoss(probability: number): void {
    this.#loss = probability;
  }

  get loss(): number {
    return this.#loss;
  }

  /** Multiplies every delay. */
  setSlowness(factor: number): void {
    this.#slowness = factor;
  }

  /** Takes effect at once; links across a cut fall silent. */
  addCut(cut: Cut): void {
    this.#change(this.#cuts, cut, true);
  }

  removeCut(cut: Cut): void {
    this.#change(this.#cuts, cut, false);
  }

  /** Stalls a process: it reads nothing and accepts no connections. */
  setDeaf(member: number, isDeaf: boolean): void {
    this.#change(this.#deaf, member, isDeaf);
  }

  /** Disconnects a machine: power cut or unplugged cable. */
  setOff(member: number, isOff: boolean): void {
    this.#change(this.#off, member, isOff);
  }

  /** Breaks every link that matches. */
  breakLinks(isBroken: (dialler: number, acceptor: number) => boolean): void {
    const { memberAt } = this.#options;
    this.hub.dropLinks((dialler, acceptor) => {
      const [one, other] = [memberAt(dialler), memberAt(acceptor)];
      return one !== undefined && other !== undefined && isBroken(one, other);
    });
  }

  /** Updates a set and notifies the hub of a change. */
  #change<T>(set: Set<T>, item: T, isIn: boolean): void {
    if (set.has(item) === isIn) return;
    if (isIn) set.add(item);
    else set.delete(item);
    this.hub.routesChanged();
  }

  #route(from: string, to: string): Route {
    const [cuts, deaf, off] = [this.#cuts, this.#deaf, this.#off];
    if (cuts.size === 0 && deaf.size === 0 && off.size === 0) return "pass";
    const { memberAt } = this.#options;
    const [sender, receiver] = [memberAt(from), memberAt(to)];
    if (sender === undefined || receiver === undefined) return "pass";
    if (deaf.has(receiver) || off.has(sender) || off.has(receiver)) return "lose";
    for (const cut of cuts) if (cut.from.has(sender) && cut.to.has(receiver)) return "lose";
    return "pass";
  }

  #latencyMs(from: string, to: string): number {
    const { delayMs, jitterMs } = this.#options;
    const transitMs = this.#slowness * (delayMs + this.#lot(from, to) * jitterMs);
    return this.#loss === 0 ? transitMs : transitMs + this.#retransmissionMs(from, to);
  }

  #retransmissionMs(from: string, to: string): number {
    const { clock, random } = this.#options;
    let waitMs = 0;
    for (let losses = 0; random.chance(this.#loss); losses++) {
      if (losses === RETRANSMISSIONS_MAX) {
        clock.after(0, () => this.#giveUp(from, to));
        break;
      }
      waitMs += RETRANSMISSION_MS * 2 ** losses;
    }
    return waitMs;
  }

  #giveUp(from: string, to: string): void {
    const { memberAt } = this.#options;
    const pair = new Set([memberAt(from), memberAt(to)]);
    this.breakLinks((dialler, acceptor) => pair.has(dialler) && pair.has(acceptor));
  }
}

/** Lots that follow from who sends to whom and when, not from what else has been drawn. */
function createLots(
  salt: number,
  { clock, memberAt }: NetworkOptions,
): (from: string, to: string) => number {
  const moment = new Float64Array(1);
  const words = new Uint32Array(moment.buffer);
  return (from, to) => {
    moment[0] = clock.now().elapsedMs;
    const pair = mix(mix(salt, memberAt(from)), memberAt(to));
    return mix(mix(pair, words[0]), words[1]) / 2 ** 32;
  };
}
