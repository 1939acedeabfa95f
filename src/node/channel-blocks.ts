/** The blocks of one channel of a node: where following begins, who is asked, what is told. */
import type { ChannelHost } from "../channel/types/host.ts";
import type { ChannelConfig } from "../config/config.ts";
import type { AskedPeer } from "../following/asked-peer.ts";
import { BlockFeed } from "../following/block-feed.ts";
import { type BlockPeer, blockPeerOf, type GivenBlock } from "../following/block-peer.ts";
import { proveHeight } from "../following/prove-height.ts";
import { RECENT_BLOCKS_MAX } from "../following/recent-blocks.ts";
import type { KeptBlocks } from "../following/store/kept-blocks.ts";
import type { Trust } from "../following/trust.ts";
import type { ReadBlock } from "../following/views.ts";
import { reasonOf } from "../lib/errors.ts";
import type { EventContent } from "../observe/events.ts";
import type { Clock } from "../transport/network.ts";
import type { BlockReader } from "./block-server.ts";
import { CopyComparison, type Difference } from "./copy-comparison.ts";

interface ChannelBlocksOptions {
  readonly channel: ChannelConfig;
  readonly host: ChannelHost;
  readonly clock: Clock;
  /** How often members publish their heights. */
  readonly stateInfoIntervalMs: number;
  /** Opens where blocks are kept; undefined: nowhere. */
  readonly openStore: (() => Promise<KeptBlocks>) | undefined;
  readonly publish: (event: EventContent) => void;
  /** The newest configuration that we believe. */
  readonly trust: () => Trust | undefined;
  /** Another configuration is in force from the next block on. */
  readonly configured: (trust: Trust) => void;
  /** So many blocks are verified. */
  readonly proven: (height: bigint) => void;
  /** A member gave a block that was verified. */
  readonly gave: (pkiId: string, number: bigint) => void;
  /** A member has the newest block, and so all before it, as another has it. */
  readonly agreed: (pkiId: string) => void;
  /** Nothing more can be followed. */
  readonly ended: (reason: string) => void;
}

/** A living member that says that it has blocks. */
interface BlockGiver {
  readonly peer: AskedPeer;
  readonly height: bigint;
}

/** The number of verified blocks is told so often at most. */
const PROVEN_MS = 100;
/** Rounds of StateInfo between two comparisons of a block at two members; every member publishes once in a round. */
const COMPARE_ROUNDS = 2.5;

export class ChannelBlocks {
  readonly #options: ChannelBlocksOptions;
  readonly #peers = new Map<string, BlockPeer>();
  #givers: readonly BlockGiver[] = [];
  readonly #comparison: CopyComparison;
  readonly #opened = Promise.withResolvers<BlockFeed>();
  #feed: BlockFeed | undefined;
  #store: KeptBlocks | undefined;
  #kept: Trust | undefined;
  #isTelling = false;
  #problem: string | undefined;
  /** Why what was kept could not be opened. */
  #unopened: string | undefined;
  #isStopped = false;

  constructor(options: ChannelBlocksOptions) {
    this.#options = options;
    const { host, clock, stateInfoIntervalMs, agreed } = options;
    this.#comparison = new CopyComparison({
      ...{ host, clock, intervalMs: COMPARE_ROUNDS * stateInfoIntervalMs },
      agreed: (...both) => {
        for (const { pkiId } of both) agreed(pkiId);
      },
      differed: (difference) => this.#differed(difference),
    });
    this.#opened.promise.catch(() => {}); // Told to whoever opens it; others may never ask.
  }

  /** Whether they are only checked, or kept, too. */
  get mode(): "verify" | "keep" {
    return this.#options.openStore === undefined ? "verify" : "keep";
  }

  /** Why blocks cannot be written at present, if so. */
  get unkept(): string | undefined {
    return this.#unopened ?? this.#feed?.unkept;
  }

  /** Whether the first blocks, without which nobody is listed, are missing although we are to be. */
  get isUnlisted(): boolean {
    const isLate = this.#store?.height !== undefined && this.#store.first !== 0n;
    return isLate && this.#options.channel.role === "listed";
  }

  /** What keeps it from going on; a sentence each. */
  get notes(): readonly string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /** As soon as it is known what was kept. Rejects if that cannot be read. */
  get feed(): Promise<BlockFeed> {
    return this.#opened.promise;
  }

  /**
   * What others can be given: every block below the height. Whoever publishes a height is asked for any of
   * them, so that a store that lacks the first ones is not offered.
   */
  get shelf(): { readonly height: bigint; readonly blocks: BlockReader } | undefined {
    const height = this.#store?.height;
    return this.#store === undefined || height === undefined || this.#store.first !== 0n
      ? undefined
      : { height, blocks: this.#store };
  }

  /** Whether it has verified everything up to this height. */
  isUpTo(height: bigint): boolean {
    return this.#feed?.isStarted === true && (this.#feed.height ?? 0n) >= height;
  }

  /** Opens what was kept; returns the configuration to go on from, if there is one. */
  async open(trusted: Trust | undefined): Promise<Trust | undefined> {
    try {
      return await this.#open(trusted);
    } catch (error) {
      this.#unopened = reasonOf(error);
      this.#opened.reject(error);
      throw error;
    }
  }

  async #open(trusted: Trust | undefined): Promise<Trust | undefined> {
    const { channel, host, clock, openStore } = this.#options;
    const store = await openStore?.();
    this.#store = store;
    this.#problem = store?.note;
    const feed = new BlockFeed({
      ...{ channel: channel.name, host, clock, store },
      events: {
        block: (block) => this.#block(block),
        configured: (_before, after) => this.#options.configured(after),
        forked: (number, peer) => this.#conflict("fork", number, peer, FORK),
        rejected: ({ pkiId, mspId }, number, code, reason) => {
          const what = { channel: channel.name, number, pkiId, mspId, code, reason };
          this.#options.publish({ type: "block-rejected", ...what });
        },
        problem: (sentence) => {
          this.#problem = sentence;
        },
        ended: (reason) => this.#options.ended(reason),
      },
    });
    if (this.#isStopped) await feed.stop();
    else {
      this.#kept = await feed.kept(trusted);
      this.#feed = feed;
    }
    this.#opened.resolve(feed);
    return this.#kept;
  }

  /**
   * Begins, as soon as it is known where: `trust` is in force at the proven `height`; `trusted` is where
   * our user wants to begin: if blocks are kept, or if it is among those that stay readable.
   */
  async begin(
    trust: Trust,
    height: bigint,
    givers: readonly BlockGiver[],
    trusted: Trust = trust,
  ): Promise<void> {
    const feed = this.#feed;
    if (feed === undefined || feed.isStarted) return;
    if (this.#kept !== undefined) return feed.start(this.#kept, 0n);
    const { blockNumber } = trust.configuration;
    if (this.#options.openStore === undefined) {
      const given = trusted.configuration.blockNumber;
      const isRecent = height - given <= RECENT_BLOCKS_MAX;
      if (this.#options.channel.configBlock !== undefined && isRecent) {
        return feed.start(trusted, given);
      }
      // The newest block is told as well; it may be the one that holds the configuration.
      const newest = height > blockNumber ? height - 1n : blockNumber;
      return feed.start(trust, newest);
    }
    const start = await this.#whereKeepingBegins(trusted, height, givers);
    if (start !== undefined) await feed.start(start.trust, start.next);
  }

  /** Who has blocks now; those that are not named any more are gone. */
  heard(givers: readonly BlockGiver[]): void {
    this.#givers = givers;
    const here = new Set<string>(givers.map(({ peer }) => peer.identity.pkiId));
    for (const pkiId of [...this.#peers.keys()]) {
      if (here.has(pkiId)) continue;
      this.#peers.delete(pkiId);
      this.#feed?.gone(pkiId);
      this.#comparison.gone(pkiId);
    }
    for (const { peer, height } of givers) this.#feed?.heard(this.#peerOf(peer), height);
    this.#comparison.heard(this.#holders);
  }

  /** A block that nobody asked for. */
  pushed(peer: AskedPeer, block: GivenBlock): void {
    this.#feed?.pushed(this.#peerOf(peer), block);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#feed?.stop();
  }

  /** The trusted block, or the first of those that are kept, if that comes later. */
  async #whereKeepingBegins(
    trust: Trust,
    height: bigint,
    givers: readonly BlockGiver[],
  ): Promise<{ readonly trust: Trust; readonly next: bigint } | undefined> {
    const { channel, host } = this.#options;
    const { keepBlocks = 0 } = channel;
    const next = height - BigInt(keepBlocks);
    if (keepBlocks === 0 || next <= trust.configuration.blockNumber) {
      return { trust, next: trust.configuration.blockNumber };
    }
    for (const { peer } of givers) {
      // In force after the block before, which must be signed: whoever gives it may name an older one.
      const found = await proveHeight(host, peer, trust, next);
      if (found.ok) return { trust: found.value, next };
    }
    return undefined;
  }

  get #holders(): readonly { readonly peer: BlockPeer; readonly height: bigint }[] {
    return this.#givers.map(({ peer, height }) => ({ peer: this.#peerOf(peer), height }));
  }

  #peerOf(peer: AskedPeer): BlockPeer {
    const { pkiId } = peer.identity;
    const known = this.#peers.get(pkiId);
    if (known !== undefined) return known;
    const giver = blockPeerOf(peer, this.#options.channel.name);
    this.#peers.set(pkiId, giver);
    return giver;
  }

  #block(read: ReadBlock): void {
    const { publish, channel, clock, proven, gave } = this.#options;
    publish({ type: "block", channel: channel.name, block: read.block });
    const giver = this.#givers.find(({ peer }) => peer.name === read.block.from);
    if (giver !== undefined) gave(giver.peer.identity.pkiId, read.block.number);
    this.#comparison.verified(read, this.#options.trust(), this.#holders);
    if (this.#isTelling) return;
    this.#isTelling = true;
    clock.after(PROVEN_MS, () => {
      this.#isTelling = false;
      if (!this.#isStopped) proven(this.#feed?.height ?? 0n);
    });
  }

  #differed({ kind, number, peer, code, reason }: Difference): void {
    const { publish, channel } = this.#options;
    const { pkiId, mspId } = peer;
    const what = { channel: channel.name, number, pkiId, mspId, code, reason };
    if (kind === "forged") publish({ type: "block-rejected", ...what });
    else this.#conflict(kind, number, peer, reason);
  }

  #conflict(kind: "fork" | "results", number: bigint, peer: BlockPeer, reason: string): void {
    const { publish, channel } = this.#options;
    const { pkiId, mspId } = peer;
    publish({ type: "block-conflict", channel: channel.name, kind, number, pkiId, mspId, reason });
  }
}

const FORK =
  "it has another history, which orderers have signed as well, than the one that we follow: the chain is forked";
