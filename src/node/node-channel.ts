/** One channel of a node: `node.channel(name)`. */
import type { BlockFeed } from "../following/block-feed.ts";
import { describeConfiguration } from "../following/config-view.ts";
import type { Trust } from "../following/trust.ts";
import type { Channel, ConfigView, ReadBlock } from "../following/views.ts";
import {
  BLOCK_NUMBER,
  checkArguments,
  checkOptions,
  type Kind,
  type OptionKinds,
  SIGNAL,
  STRING,
} from "../lib/arguments.ts";
import { endingWith } from "../lib/ending.ts";
import { GossipError } from "../lib/errors.ts";
import type { MemberHeights } from "../observe/height-series.ts";
import type { ChannelExplanation } from "./explain-member.ts";

/** Which blocks to read. */
export interface NodeBlocksOptions {
  /** The first; default: the next one that is verified. */
  readonly from?: bigint | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

const BLOCKS_OPTIONS: OptionKinds<NodeBlocksOptions> = { from: BLOCK_NUMBER, signal: SIGNAL };
const BLOCK_COUNT: Kind = {
  words: "a whole number of blocks",
  fits: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
};

/** A channel that a node follows. */
export interface NodeChannel {
  readonly name: string;
  /** The channel as of now. */
  view(): Channel;
  /** Heights of its members over the last hour, a point each 15 s; of at most 200 members. */
  heights(): readonly MemberHeights[];
  /** The configuration in force; null until it was found. */
  configuration(): ConfigView | null;
  /**
   * Every verified block from a number on, in order, then each as it comes; ends with the signal or with
   * the node. With `blocks: keep` it can be resumed by number after a restart. Throws `config-invalid` if
   * blocks of the channel are not followed, or that one is not kept any more.
   */
  blocks(options?: NodeBlocksOptions): AsyncIterableIterator<ReadBlock>;
  /**
   * Verified blocks from a number on, as many as there are and fit; none if that one is not kept. Throws
   * `config-invalid` as `blocks`.
   */
  readBlocks(from: bigint, count: number): Promise<readonly ReadBlock[]>;
  /** Numbers of the oldest block that can be read, and of the next one; null: there is none yet. */
  blockRange(): Promise<{ readonly first: bigint; readonly next: bigint } | null>;
  /**
   * Why a peer is or is not a member of the channel, beside what `diagnostics.why` says: its height, role,
   * configuration and chaincodes by gossip, and what the service discovery of a Fabric peer has otherwise.
   * Throws `config-invalid` as `diagnostics.why`.
   */
  why(peer: string): Promise<ChannelExplanation>;
  /**
   * Where a transaction stands in the blocks that can be read: with `blocks: keep` all that are kept, with
   * `verify` the newest hundred. Null: in none of them. Throws `config-invalid` if blocks of the channel are
   * not followed.
   */
  findTransaction(
    txId: string,
  ): Promise<{ readonly number: bigint; readonly index: number } | null>;
}

/** Where its answers come from. */
interface ChannelSource {
  readonly view: () => Channel;
  readonly heights: () => readonly MemberHeights[];
  readonly trust: () => Trust | undefined;
  readonly wallMs: () => number;
  /** Undefined: its blocks are not followed. */
  readonly feed: Promise<BlockFeed> | undefined;
  readonly why: (peer: string) => Promise<ChannelExplanation>;
}

export function createNodeChannel(
  name: string,
  { view, heights, trust, wallMs, feed, why }: ChannelSource,
): NodeChannel {
  const opened = (): Promise<BlockFeed> => {
    if (feed !== undefined) return feed;
    const remedy = "set blocks: verify or keep for it";
    throw new GossipError("config-invalid", `Blocks of ${name} are not followed: ${remedy}.`);
  };
  return {
    name,
    view,
    heights() {
      const present = new Set<string>(view().members.map(({ pkiId }) => pkiId));
      return heights().filter(({ pkiId }) => present.has(pkiId));
    },
    why,
    configuration() {
      const found = trust();
      return found ? describeConfiguration(found.configuration, found.origin, wallMs()) : null;
    },
    blocks(options = {}) {
      checkOptions("blocks", options, BLOCKS_OPTIONS);
      const { from, signal } = options;
      const feed = opened();
      return endingWith([signal], (ended) => readFeed(feed, from, ended));
    },
    async readBlocks(from, count) {
      checkArguments([
        ["readBlocks", from, BLOCK_NUMBER],
        ["readBlocks", count, BLOCK_COUNT],
      ]);
      return (await opened()).read(from, count);
    },
    async blockRange() {
      const { first, height } = await opened();
      return first === undefined || height === undefined ? null : { first, next: height };
    },
    async findTransaction(txId) {
      checkArguments([["findTransaction", txId, STRING]]);
      return (await (await opened()).findTransaction(txId)) ?? null;
    },
  };
}

async function* readFeed(
  feed: Promise<BlockFeed>,
  from: bigint | undefined,
  signal: AbortSignal,
): AsyncGenerator<ReadBlock, undefined> {
  return yield* (await feed).blocks(from, signal);
}
