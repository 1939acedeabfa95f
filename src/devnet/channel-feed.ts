/**
 * Brings the blocks of a devnet's channel to its members, over their IPC channels. Each asks for what
 * it lacks, a few blocks at a time, like a peer that asks an orderer.
 */
import type { ChannelSource } from "./channel-source.ts";

/** Whom blocks are brought to. */
export interface FedMember {
  readonly name: string;
  /** Lost if it does not run. */
  tell(message: object): void;
}

/** A block that a member did not take. */
interface RefusedBlock {
  readonly member: string;
  readonly number: number;
  readonly reason: string;
}

/** The channel of a devnet, as its API shows it. */
interface ChannelStatus {
  readonly name: string;
  readonly height: number;
  readonly blocksPerMinute: number;
  /** Members that get no blocks. */
  readonly lagging: readonly string[];
  /** Blocks that each running member has. */
  readonly heights: Readonly<Record<string, number>>;
  /** The latest ones. */
  readonly refused: readonly RefusedBlock[];
}

const BATCH_MAX = 32;
const REFUSED_MAX = 20;

export class ChannelFeed {
  readonly source: ChannelSource;
  readonly #members: ReadonlyMap<string, FedMember>;
  /** Who waits for which block. */
  readonly #wanted = new Map<string, number>();
  readonly #heights = new Map<string, number>();
  #lagging: ReadonlySet<string> = new Set();
  #refused: readonly RefusedBlock[] = [];

  constructor(source: ChannelSource, members: readonly FedMember[]) {
    this.source = source;
    this.#members = new Map(members.map((member) => [member.name, member]));
  }

  start(): void {
    this.source.start(() => this.#feed());
  }

  get status(): ChannelStatus {
    const { channel: name, blocks, blocksPerMinute } = this.source;
    return {
      name,
      height: blocks.length,
      blocksPerMinute,
      lagging: [...this.#lagging],
      heights: Object.fromEntries(this.#heights),
      refused: this.#refused,
    };
  }

  /** A member tells how many blocks it has, and perhaps what it has refused. */
  hear(name: string, message: unknown): void {
    if (typeof message !== "object" || message === null) return;
    if ("refused" in message) this.#noteRefused(name, message.refused);
    if (!("height" in message) || typeof message.height !== "number") return;
    this.#heights.set(name, message.height);
    this.#wanted.set(name, message.height);
    this.#feed();
  }

  /** The member has ended. */
  forget(name: string): void {
    this.#wanted.delete(name);
    this.#heights.delete(name);
  }

  /** These members get no blocks until they are left out of the list. */
  setLagging(names: readonly string[]): void {
    this.#lagging = new Set(names);
    this.#feed();
  }

  /**
   * Offers a block that no orderer has signed to every member that gets blocks. All refuse it, but for a
   * while one of them serves it, and spoiled blocks, to the others.
   */
  forge(): void {
    const forged = this.source.forge();
    const fed = [...this.#members].filter(([name]) => !this.#lagging.has(name));
    for (const [, member] of fed) this.#tell(member, [forged]);
    const liar = fed.find(([name]) => this.#heights.has(name));
    liar?.[1].tell({ forged: [Buffer.from(forged).toString("base64")] });
  }

  /** For a while, one member tells the others that it has other results than they. */
  differ(): void {
    const fed = [...this.#members].filter(([name]) => !this.#lagging.has(name));
    const liar = fed.find(([name]) => this.#heights.has(name));
    liar?.[1].tell({ differs: [] });
  }

  #feed(): void {
    const { blocks } = this.source;
    for (const [name, from] of this.#wanted) {
      const member = this.#members.get(name);
      if (member === undefined || this.#lagging.has(name) || from >= blocks.length) continue;
      this.#wanted.delete(name);
      this.#tell(member, blocks.slice(from, from + BATCH_MAX));
    }
  }

  #tell(member: FedMember, blocks: readonly Uint8Array[]): void {
    const texts = blocks.map((block) => Buffer.from(block).toString("base64"));
    member.tell({ blocks: texts });
  }

  #noteRefused(member: string, refused: unknown): void {
    if (typeof refused !== "object" || refused === null) return;
    const { number, reason } = { number: -1, reason: "", ...refused };
    if (typeof number !== "number" || typeof reason !== "string") return;
    this.#refused = [...this.#refused, { member, number, reason }].slice(-REFUSED_MAX);
  }
}
