/** Data stored with a block because its bytes do not contain it: signers and serving peer. */
import { headerHash } from "../channel/rules/header-hash.ts";
import type { InTurns } from "../channel/rules/in-turns.ts";
import { isConfigBlock, parseBlockInTurns } from "../channel/rules/read-block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { factsOfBlock } from "./block-facts.ts";
import type { FollowedBlock } from "./block-peer.ts";
import type { StoredBlock } from "./store/block-store.ts";
import type { BlockAgreement, ReadBlock } from "./views.ts";

/** As JSON in the store. */
interface BlockNote {
  readonly signedBy: readonly { readonly mspId: string; readonly subject: string }[];
  readonly from: string;
  readonly mspId: string;
  readonly receivedAtMs: number;
}

export function noteOf({ verified, from, receivedAtMs }: FollowedBlock): string {
  const signedBy = verified.signers.map(({ mspId, subject }) => ({ mspId, subject }));
  const note: BlockNote = { signedBy, from: from.name, mspId: from.mspId, receivedAtMs };
  return JSON.stringify(note);
}

/** A block that was kept, as it is told; undefined: the store is spoilt. */
export function* describeKept(
  host: ChannelHost,
  channel: string,
  { bytes, note }: StoredBlock,
): InTurns<ReadBlock | undefined> {
  const block = yield* parseBlockInTurns(bytes);
  const noted = readNote(note);
  if (!block.ok || noted === undefined) return undefined;
  const { signedBy: signers, from: endpoint, mspId, receivedAtMs } = noted;
  const hash = headerHash(host, block.value.header);
  const isConfig = isConfigBlock(block.value);
  const told = { channel, endpoint, agreement: wordOf(mspId), receivedAtMs };
  return factsOfBlock({ block: block.value, hash, signers, isConfig }, told);
}

/** The same of a block that was verified just now. */
export function describeFollowed(
  channel: string,
  { verified, from, receivedAtMs }: FollowedBlock,
): ReadBlock {
  const { name: endpoint, mspId } = from;
  return factsOfBlock(verified, { channel, endpoint, agreement: wordOf(mspId), receivedAtMs });
}

/** Nobody was compared with whoever gave the block. */
const wordOf = (mspId: string): BlockAgreement => ({ agreedBy: [mspId], conflicts: [] });

/** We wrote it ourselves. */
function readNote(text: string): BlockNote | undefined {
  const note: unknown = text === "" ? undefined : JSON.parse(text);
  return isNote(note) ? note : undefined;
}

function isNote(note: unknown): note is BlockNote {
  return typeof note === "object" && note !== null && "signedBy" in note && "receivedAtMs" in note;
}
