/**
 * The network between the members as it is at the moment: slow, lossy, cut in two. Packets travel
 * in TCP, so a lost one is a delay, and many lost ones in a row break the link.
 */
import { createMemoryHub, type MemoryHub } from "../src/transport/memory.ts";
import type { Route } from "../src/transport/memory-options.ts";
import type { Clock } from "../src/transport/network.ts";
import type { SeededRandom } from "./random.ts";

export interface NetworkOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** One-way delay of a message, in milliseconds: at least, and up to so much more by lot. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** The member at an endpoint, by its number; undefined = nobody. */
  readonly memberAt: (endpoint: string) => number | undefined;
  readonly delivered: (from: string, to: string, bytes: Uint8Array) => void;
}

/** Packets from one of `from` to one of `to` vanish. */
export interface Cut {
  readonly from: ReadonlySet<number>;
  readonly to: ReadonlySet<number>;
}

/** A lost packet is sent again after this long, then after twice as long, and so on. */
const RETRANSMISSION_MS = 200;
/** After so many losses in a row the system gives the link up. */
const RETRANSMISSIONS_MAX = 6;

export class SimulatedNetwork {
  readonly hub: MemoryHub;
  readonly #options: NetworkOptions;
  readonly #cuts = new Set<Cut>();
  /** Members whose processes take nothing off the network, and whose machines are off it. */
  readonly #deaf = new Set<number>();
  readonly #off = new Set<number>();
  #loss = 0;
  #slowness = 1;

  constructor(options: NetworkOptions) {
    const { clock, delivered } = options;
    this.#options = options;
    this.hub = createMemoryHub({
      clock,
      delivered,
      sharesBytes: true, // No node changes what it has sent.
      latencyMs: (from, to) => this.#latencyMs(from, to),
      route: (from, to) => this.#route(from, to),
    });
  }

  /** Probability that a packet is lost. */
  setLoss(probability: number): void {
    this.#loss = probability;
  }

  /** Multiplies every delay. */
  setSlowness(factor: number): void {
    this.#slowness = factor;
  }

  /** Takes effect at once; links on a cut route fall silent. */
  addCut(cut: Cut): void {
    this.#change(this.#cuts, cut, true);
  }

  removeCut(cut: Cut): void {
    this.#change(this.#cuts, cut, false);
  }

  /** Its process takes nothing off the network, and no connections. */
  setDeaf(member: number, isDeaf: boolean): void {
    this.#change(this.#deaf, member, isDeaf);
  }

  /** Its machine has no power, or no cable. */
  setOff(member: number, isOff: boolean): void {
    this.#change(this.#off, member, isOff);
  }

  /** Breaks every link for which this is true. */
  breakLinks(isBroken: (dialler: number, acceptor: number) => boolean): void {
    const { memberAt } = this.#options;
    this.hub.dropLinks((dialler, acceptor) => {
      const [one, other] = [memberAt(dialler), memberAt(acceptor)];
      return one !== undefined && other !== undefined && isBroken(one, other);
    });
  }

  /** Changes a set and tells the hub, if that is a change. */
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
    const { random, delayMs, jitterMs } = this.#options;
    const transitMs = this.#slowness * (delayMs + random.fraction() * jitterMs);
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
