/** Blocks that one peer gave, held against the same blocks of the others. */
import { factsOfBlock } from "../following/block-facts.ts";
import type { FollowedBlock } from "../following/block-peer.ts";
import { compareCopy } from "../following/compare.ts";
import { fetchRange } from "../following/fetch.ts";
import type { BlockAgreement, ReadBlock } from "../following/views.ts";
import { turnsOf } from "../lib/slices.ts";
import { inGroups } from "./in-groups.ts";
import type { PeerStream } from "./peer-stream.ts";
import type { Sources } from "./sources.ts";
import type { ViewOfChannel } from "./view-of-channel.ts";

/** Why another peer's copy of a block differs, by number; undefined: it agrees. */
type Verdicts = ReadonlyMap<bigint, string | undefined>;

/** `run`: consecutive blocks of one giver. */
export async function* compareRun(
  view: ViewOfChannel,
  sources: Sources,
  run: readonly FollowedBlock[],
): AsyncGenerator<ReadBlock, void, undefined> {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return;
  const others = sources.others(first.from.pkiId, numberOf(last));
  let bytes = 0;
  for (const { verified } of run) bytes += verified.block.bytes.length;
  const verdicts = await inGroups(others, bytes, (stream) =>
    stream.using(() => compareWith(view, stream, run)),
  );
  const endpoint = sources.endpointOf(first.from.pkiId);
  for (const { verified, from: giver, receivedAtMs } of run) {
    const { number } = verified.block.header;
    const agreement = agreementOn(number, giver.mspId, others, verdicts);
    const { channel } = view.session;
    yield factsOfBlock(verified, { endpoint, channel, agreement, receivedAtMs });
  }
}

const numberOf = ({ verified }: FollowedBlock): bigint => verified.block.header.number;

/** Compares as far as the other peer gives its copies without a gap; keeps none of them. */
async function compareWith(
  { host, session }: ViewOfChannel,
  stream: PeerStream,
  run: readonly FollowedBlock[],
): Promise<Verdicts> {
  const { name, identity } = stream;
  const verdicts = new Map<bigint, string | undefined>();
  while (verdicts.size < run.length) {
    const rest = run.slice(verdicts.size);
    const [from, to] = [numberOf(rest[0] as FollowedBlock), numberOf(rest.at(-1) as FollowedBlock)];
    const copies = await fetchRange(stream, session.channel, from, to, to + 1n);
    if (!copies.ok) break;
    for (const [i, block] of copies.value.entries()) {
      const { verified, trust, from: giver } = rest[i] as FollowedBlock;
      const ours = { peer: giver.name, mspId: giver.mspId, block: verified.block };
      const copy = { peer: name, mspId: identity.mspId, block };
      const conflict = await turnsOf(compareCopy(host, trust, ours, copy));
      verdicts.set(block.header.number, conflict?.reason);
    }
  }
  return verdicts;
}

function agreementOn(
  number: bigint,
  giver: string,
  others: readonly PeerStream[],
  verdicts: readonly Verdicts[],
): BlockAgreement {
  const agreedBy = new Set([giver]);
  const conflicts: string[] = [];
  for (const [i, { identity }] of others.entries()) {
    const given = verdicts[i];
    const conflict = given?.get(number);
    if (conflict !== undefined) conflicts.push(conflict);
    else if (given?.has(number)) agreedBy.add(identity.mspId);
  }
  return { agreedBy: [...agreedBy].sort(), conflicts };
}
