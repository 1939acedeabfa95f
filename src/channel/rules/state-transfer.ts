/** Asking a peer for blocks in a way that it answers, and reading its answer. */
import { type GossipMessageInit, type RemoteStateResponse, TAG } from "../../wire/messages.ts";
import type { Block } from "../types/block.ts";
import { parseBlock } from "./read-block.ts";

/** Blocks from the first to the last, both included. */
export interface BlockRange {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * A peer answers up to eleven (`peer.gossip.state.batchSize` is 10, and it compares the difference);
 * a longer range it ignores without a word.
 */
export const RANGE_BLOCKS_MAX = 11n;

/**
 * The next blocks to ask for; undefined if the peer has none of them. Never past its published
 * height: it would log an error for each block that it does not have.
 */
export function nextRange(
  from: bigint,
  last: bigint,
  publishedHeight: bigint,
): BlockRange | undefined {
  const to = [last, from + RANGE_BLOCKS_MAX - 1n, publishedHeight - 1n].reduce((a, b) =>
    b < a ? b : a,
  );
  return to < from ? undefined : { from, to };
}

/** Not signed. The nonce comes back with the answer. */
export function stateRequest(
  channel: string,
  nonce: bigint,
  { from, to }: BlockRange,
): GossipMessageInit {
  return {
    nonce,
    channel: new TextEncoder().encode(channel),
    tag: TAG.chanOrOrg,
    content: { type: "state-request", value: { startSeqNum: from, endSeqNum: to } },
  };
}

/** What came of a request. */
export interface ReceivedBlocks {
  /** In ascending order, each once, none outside the range; gaps are possible. */
  readonly blocks: readonly Block[];
  /** Payloads that hold no block, another than they say, or one that nobody asked for. */
  readonly refused: number;
}

/** Private data that may travel along is not looked at. */
export function readStateResponse(
  { payloads }: RemoteStateResponse,
  { from, to }: BlockRange,
): ReceivedBlocks {
  const blocks = new Map<bigint, Block>();
  let refused = 0;
  for (const { seqNum, data } of payloads) {
    const isAskedFor = seqNum >= from && seqNum <= to && !blocks.has(seqNum);
    const block = isAskedFor ? parseBlock(data) : undefined;
    if (block?.ok && block.value.header.number === seqNum) blocks.set(seqNum, block.value);
    else refused++;
  }
  const ascending = (a: Block, b: Block) => (a.header.number < b.header.number ? -1 : 1);
  return { blocks: [...blocks.values()].toSorted(ascending), refused };
}
