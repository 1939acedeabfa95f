/** What channels cost a member: messages, bytes and signature checks, and heights told again and again. */
import { readWhole } from "../checkers/wire-reader.ts";
import { glance } from "../wire-kind.ts";
import type { World } from "../world.ts";

/** Per member and second. */
export interface ChannelCost {
  readonly messages: number;
  readonly bytes: number;
  /** Signatures of StateInfo and blocks. */
  readonly checks: number;
}

/** The same while nothing new happens. */
export interface IdleCost extends ChannelCost {
  /** StateInfo in snapshots that members received meanwhile. */
  readonly elements: number;
}

interface Count {
  readonly atMs: number;
  messages: number;
  bytes: number;
  readonly checksBefore: number;
}

export class ChannelCostMeter {
  readonly #world: World;
  #count: Count;
  #elements: number | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#count = this.#begun();
    world.watch({
      delivered: (_from, _to, bytes) => {
        const { kind } = glance(bytes);
        if (kind !== "state-info" && kind !== "other") return;
        this.#count.messages += 1;
        this.#count.bytes += bytes.length;
        if (this.#elements === undefined) return;
        const content = readWhole(bytes)?.content;
        if (content?.type === "state-snapshot") this.#elements += content.value.elements.length;
      },
    });
  }

  /** Signatures that all members have checked so far. */
  get checks(): number {
    let sum = 0;
    for (const checks of this.#world.channels.checks.values()) sum += checks;
    return sum;
  }

  /** Since the last call, or the start. */
  take(): ChannelCost {
    const { atMs, messages, bytes, checksBefore } = this.#count;
    const seconds = Math.max(1, this.#world.nowMs - atMs) / 1_000;
    const share = 1 / (seconds * Math.max(1, this.#world.members.length));
    const checks = this.checks - checksBefore;
    this.#count = this.#begun();
    return { messages: messages * share, bytes: bytes * share, checks: checks * share };
  }

  /** Lets so much time pass, in which nothing new happens. */
  async idle(ms: number): Promise<IdleCost> {
    this.take();
    this.#elements = 0;
    await this.#world.run(ms);
    const elements = this.#elements;
    this.#elements = undefined;
    return { ...this.take(), elements };
  }

  #begun(): Count {
    return { atMs: this.#world.nowMs, messages: 0, bytes: 0, checksBefore: this.checks };
  }
}
