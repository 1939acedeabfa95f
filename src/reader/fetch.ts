/** Blocks by number from one peer, one at a time or in ranges. */
import { nextRange, RANGE_BLOCKS_MAX } from "../channel/rules/state-transfer.ts";
import type { Block } from "../channel/types/block.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import type { AskFault, PeerStream } from "./peer-stream.ts";
import { requestBlocks } from "./questions.ts";

/** Why a block that a peer should have is not there. */
export type FetchFault = AskFault | "absent";

export type Fetched<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: FetchFault; readonly reason: string };

/** Peers that have answered a request for one block: they let us read, so that silence means less. */
const readers = new WeakSet<PeerStream>();
/** How long ranges may be for a peer: shorter where a longer one was met with silence. */
const spans = new WeakMap<PeerStream, bigint>();

/** Blocks asked for one by one that are remembered for a peer: the newest one is asked for twice. */
const RECENT_MAX = 4;
const recent = new WeakMap<PeerStream, BoundedMap<bigint, Block>>();

/** One block; the caller has made sure that the peer has published a height above `number`. */
export async function fetchBlock(
  stream: PeerStream,
  channel: string,
  number: bigint,
): Promise<Fetched<Block>> {
  const blocks = recent.get(stream) ?? new BoundedMap<bigint, Block>(RECENT_MAX);
  recent.set(stream, blocks);
  const known = blocks.get(number);
  if (known !== undefined) return { ok: true, value: known };
  const fetched = await fetchRange(stream, channel, number, number, number + 1n);
  if (!fetched.ok) return fetched;
  const [block] = fetched.value;
  if (block === undefined) return absent(number);
  blocks.set(number, block);
  return { ok: true, value: block };
}

/**
 * The blocks from `first` on that the peer gives in one answer, in order and without a gap: at least
 * one, none above `last`, none that the peer has not published.
 */
export async function fetchRange(
  stream: PeerStream,
  channel: string,
  first: bigint,
  last: bigint,
  height: bigint,
): Promise<Fetched<readonly Block[]>> {
  for (;;) {
    const span = readers.has(stream) ? (spans.get(stream) ?? RANGE_BLOCKS_MAX) : 1n;
    const range = nextRange(first, minOf(first + span - 1n, last), height);
    if (range === undefined) return absent(first);
    const answer = await requestBlocks(stream, channel, range);
    if (answer.ok) return take(stream, first, answer.value.blocks);
    if (answer.code !== "silent" || range.to === first) return answer;
    // It may allow fewer blocks in one request than Fabric does by default.
    spans.set(stream, span / 2n);
  }
}

function take(
  stream: PeerStream,
  first: bigint,
  blocks: readonly Block[],
): Fetched<readonly Block[]> {
  readers.add(stream);
  const run = consecutive(blocks, first);
  return run.length > 0 ? { ok: true, value: run } : absent(first);
}

const minOf = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function absent(number: bigint): Fetched<never> {
  return { ok: false, code: "absent", reason: `it does not give block ${number}` };
}

function consecutive(blocks: readonly Block[], first: bigint): readonly Block[] {
  const gap = blocks.findIndex(({ header }, i) => header.number !== first + BigInt(i));
  return gap < 0 ? blocks : blocks.slice(0, gap);
}
