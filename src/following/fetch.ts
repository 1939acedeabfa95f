/** Blocks by number from one peer, one at a time or in ranges; nothing of them is believed. */
import { parseBlockInTurns } from "../channel/rules/read-block.ts";
import { type GivenBlock, nextRange, RANGE_BLOCKS_MAX } from "../channel/rules/state-transfer.ts";
import type { Block } from "../channel/types/block.ts";
import { turnsOf } from "../lib/slices.ts";
import type { AskedPeer, AskFault } from "./asked-peer.ts";
import { requestBlocks } from "./block-peer.ts";
import { FetchedBlocks } from "./fetched-blocks.ts";

/** Why a block that a peer should have is not there. */
type FetchFault = AskFault | "absent";

export type Fetched<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: FetchFault; readonly reason: string };

/** Peers that have served a single block, so they let us read and silence means less. */
const readers = new WeakSet<AskedPeer>();
/** Maximum range length per peer: reduced after silence. */
const spans = new WeakMap<AskedPeer, bigint>();

/** Blocks fetched singly: the newest one of a peer is needed twice. */
const recent = new FetchedBlocks();

/** Fetches one block; the caller ensures that the peer's published height is above `number`. */
export async function fetchBlock(
  peer: AskedPeer,
  channel: string,
  number: bigint,
): Promise<Fetched<Block>> {
  const known = recent.get(peer, number);
  if (known !== undefined) return { ok: true, value: known };
  const fetched = await fetchRange(peer, channel, number, number, number + 1n);
  if (!fetched.ok) return fetched;
  const [block] = fetched.value;
  if (block === undefined) return absent(number);
  recent.add(peer, block);
  return { ok: true, value: block };
}

/** A block of this peer turned out to be invalid: it is asked again for whatever is wanted of it. */
export function forgetBlocks(peer: AskedPeer): void {
  recent.drop(peer);
}

/**
 * The blocks from `first` on in one answer, without gaps: at least one, none above `last`, none
 * that the peer has not published.
 */
export async function fetchRange(
  peer: AskedPeer,
  channel: string,
  first: bigint,
  last: bigint,
  height: bigint,
): Promise<Fetched<readonly Block[]>> {
  for (;;) {
    const span = readers.has(peer) ? (spans.get(peer) ?? RANGE_BLOCKS_MAX) : 1n;
    const range = nextRange(first, minOf(first + span - 1n, last), height);
    if (range === undefined) return absent(first);
    const answer = await requestBlocks(peer, channel, range);
    if (answer.ok) return take(peer, first, answer.value);
    if (answer.code !== "silent" || range.to === first) return answer;
    // It may allow fewer blocks per request than Fabric's default.
    spans.set(peer, span / 2n);
  }
}

async function take(
  peer: AskedPeer,
  first: bigint,
  given: readonly GivenBlock[],
): Promise<Fetched<readonly Block[]>> {
  readers.add(peer);
  const run: Block[] = [];
  for (const { number, bytes } of given) {
    const block = await turnsOf(parseBlockInTurns(bytes), peer.clock);
    const wanted = first + BigInt(run.length);
    if (number !== wanted || !block.ok || block.value.header.number !== wanted) break;
    run.push(block.value);
  }
  return run.length > 0 ? { ok: true, value: run } : absent(first);
}

const minOf = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function absent(number: bigint): Fetched<never> {
  return { ok: false, code: "absent", reason: `it does not give block ${number}` };
}
