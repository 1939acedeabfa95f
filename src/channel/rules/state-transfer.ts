/** Block requests that a peer answers, and parsing of its responses. */
import { copyBytes } from "../../wire/bytes.ts";
import { type GossipMessageInit, type RemoteStateResponse, TAG } from "../../wire/messages.ts";

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

/** Unsigned. The response repeats the nonce. */
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

/** A block with the number that the serving peer claims, neither parsed nor verified. */
export interface GivenBlock {
  readonly number: bigint;
  readonly bytes: Uint8Array;
}

/**
 * The blocks of a range that an answer names, in ascending order, each once; gaps are possible. Private
 * data that may travel along is not looked at.
 */
export function readStateResponse(
  { payloads }: RemoteStateResponse,
  { from, to }: BlockRange,
): readonly GivenBlock[] {
  const blocks = new Map<bigint, GivenBlock>();
  for (const { seqNum: number, data: bytes } of payloads) {
    if (number >= from && number <= to && !blocks.has(number))
      blocks.set(number, { number, bytes });
  }
  return detached([...blocks.values()].toSorted((a, b) => (a.number < b.number ? -1 : 1)));
}

/** Blocks wait for their predecessors. Copied if they would keep a far larger answer in memory. */
function detached(blocks: readonly GivenBlock[]): readonly GivenBlock[] {
  const used = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const held = blocks[0]?.bytes.buffer.byteLength ?? 0;
  if (2 * used >= held) return blocks;
  return blocks.map(({ number, bytes }) => ({ number, bytes: copyBytes(bytes) }));
}
