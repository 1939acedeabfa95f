/** Blocks that one peer gave, held against the same blocks of the others. */
import type { Block } from "../channel/types/block.ts";
import { factsOfBlock } from "../following/block-facts.ts";
import type { FollowedBlock } from "../following/block-peer.ts";
import { type Copy, compareCopies } from "../following/compare.ts";
import { fetchRange } from "../following/fetch.ts";
import type { ReadBlock } from "../following/views.ts";
import { turnsOf } from "../lib/slices.ts";
import type { PeerStream } from "./peer-stream.ts";
import type { Sources } from "./sources.ts";
import type { ViewOfChannel } from "./view-of-channel.ts";

/** `run`: consecutive blocks of one giver. */
export async function* compareRun(
  { host, session }: ViewOfChannel,
  sources: Sources,
  run: readonly FollowedBlock[],
): AsyncGenerator<ReadBlock, void, undefined> {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return;
  const [from, to] = [numberOf(first), numberOf(last)];
  const others = sources.others(first.from.pkiId, to);
  const copies = await Promise.all(
    others.map((stream) => fetchRun(stream, session.channel, from, to)),
  );
  const endpoint = sources.endpointOf(first.from.pkiId);
  for (const { verified, trust, from: giver, receivedAtMs } of run) {
    const { block } = verified;
    const { number } = block.header;
    const all: [Copy, ...Copy[]] = [{ peer: giver.name, mspId: giver.mspId, block }];
    for (const [i, { name, identity }] of others.entries()) {
      const copy = copies[i]?.get(number);
      if (copy !== undefined) all.push({ peer: name, mspId: identity.mspId, block: copy });
    }
    const agreement = await turnsOf(compareCopies(host, trust, all));
    const { channel } = session;
    yield factsOfBlock(verified, { endpoint, channel, agreement, receivedAtMs });
  }
}

const numberOf = ({ verified }: FollowedBlock): bigint => verified.block.header.number;

/** Blocks of a range as far as a peer gives them without a gap. */
async function fetchRun(
  stream: PeerStream,
  channel: string,
  from: bigint,
  to: bigint,
): Promise<ReadonlyMap<bigint, Block>> {
  const found = new Map<bigint, Block>();
  for (let next = from; next <= to; ) {
    const fetched = await fetchRange(stream, channel, next, to, to + 1n);
    if (!fetched.ok) break;
    for (const block of fetched.value) found.set(block.header.number, block);
    next += BigInt(fetched.value.length);
  }
  return found;
}
