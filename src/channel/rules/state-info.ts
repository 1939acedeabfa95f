/** A peer's own statement in a channel: height, chaincodes, and when they changed. */
import { copyBytes, equalBytes, fromHex, toHex } from "../../wire/bytes.ts";
import { type Envelope, parseEnvelope, parseMessage } from "../../wire/envelope.ts";
import type { GossipMessageInit, PeerTime, Properties } from "../../wire/messages.ts";
import { TAG } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { ChannelConfiguration } from "../types/configuration.ts";
import type { ChannelHost } from "../types/host.ts";
import { isSatisfied, satisfies } from "./evaluate-policy.ts";
import { signersOf } from "./identities.ts";
import type { InTurns } from "./in-turns.ts";

/** An unverified StateInfo of this channel. */
export interface StateInfoClaim {
  /** PKI-ID of its claimed author, 64 hex digits. */
  readonly pkiId: string;
  /** When the peer loaded the channel, and when its statement last changed, in ns of its clock. */
  readonly loadedAtNs: bigint;
  readonly changedAtNs: bigint;
  /** Number of blocks: the newest block number plus one. */
  readonly height: bigint;
  readonly hasLeft: boolean;
  /** Those that are installed and approved there; `version` is the sequence of the definition. */
  readonly chaincodes: Properties["chaincodes"];
  /** The signed bytes: keep and relay them unchanged. */
  readonly envelope: Envelope;
}

export type StateInfoFault =
  | "state-info-malformed"
  /** Author, channel or time is missing. */
  | "state-info-incomplete"
  /** It is of another channel. */
  | "state-info-channel"
  /** Its author belongs to no organisation of the channel, or is no longer valid there. */
  | "state-info-organisation"
  | "state-info-signature"
  /** Its author does not satisfy Readers. */
  | "state-info-readers";

type Hasher = Pick<ChannelHost, "sha256">;

export const READERS = "/Channel/Application/Readers";
const PKI_ID_BYTES = 32;
/** Maximum size. A real StateInfo has about 300 bytes, and 30 more for each chaincode. */
export const STATE_INFO_BYTES_MAX = 65_536;
/** Maximum number of authors in one snapshot; further elements are refused unread. */
const AUTHORS_MAX = 20_000;

/**
 * The name of a channel for those who know it: SHA-256 over a PKI-ID and the channel's name. In a
 * StateInfo the PKI-ID is the author's; in a pull request it is that of the connection.
 */
export function channelMac(
  host: Pick<ChannelHost, "sha256">,
  pkiId: string,
  channel: string,
): Uint8Array {
  return host.sha256([fromHex(pkiId), new TextEncoder().encode(channel)]);
}

/** Requests all that a peer knows of a channel's members. Unsigned. */
export function stateInfoPullRequest(
  host: Hasher,
  ownPkiId: string,
  channel: string,
): GossipMessageInit {
  const value = { channelMac: channelMac(host, ownPkiId, channel) };
  return { tag: TAG.chanOrOrg, content: { type: "state-info-pull-request", value } };
}

/** Finds the channel of a message, which contains only a hash over the name. */
export function channelByMac<Channel extends { readonly name: string }>(
  channels: Iterable<Channel>,
  host: Hasher,
  pkiId: string,
  mac: Uint8Array,
): Channel | undefined {
  for (const channel of channels) {
    if (equalBytes(mac, channelMac(host, pkiId, channel.name))) return channel;
  }
  return undefined;
}

/** Whether a member may read the channel; its connection has proven its key. */
export function isReader(configuration: ChannelConfiguration, identity: Uint8Array): boolean {
  return satisfies(configuration, identity, READERS);
}

/** Reads an element of a snapshot, or a pushed message. */
export function readStateInfo(
  host: Pick<ChannelHost, "sha256">,
  bytes: Uint8Array,
  channel: string,
): Verdict<StateInfoClaim, StateInfoFault> {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!envelope.ok || !message.ok) return reject("state-info-malformed");
  const { content } = message.value;
  if (content?.type !== "state-info") return reject("state-info-malformed");
  const { pkiId: author, timestamp, channelMac: mac, properties } = content.value;
  if (author.length !== PKI_ID_BYTES || timestamp === undefined || properties === undefined) {
    return reject("state-info-incomplete");
  }
  const pkiId = toHex(author);
  if (!equalBytes(mac, channelMac(host, pkiId, channel))) return reject("state-info-channel");
  return accept({
    pkiId,
    loadedAtNs: timestamp.incNum,
    changedAtNs: timestamp.seqNum,
    height: properties.ledgerHeight,
    hasLeft: properties.leftChannel,
    chaincodes: properties.chaincodes,
    envelope: envelope.value,
  });
}

/** The author of a StateInfo, with verified PKI-ID. */
interface Author {
  readonly mspId: string;
  /** Its serialized identity. */
  readonly bytes: Uint8Array;
}

/**
 * Why a StateInfo is not to be believed under this configuration; undefined if it is. Its author must
 * be of an organisation of the channel, have signed it, and satisfy the policy Readers.
 */
export function stateInfoFault(
  configuration: ChannelConfiguration,
  { envelope }: StateInfoClaim,
  author: Author,
): StateInfoFault | undefined {
  const { organisations, msps, policies } = configuration;
  if (!organisations.some(({ mspId }) => mspId === author.mspId)) return "state-info-organisation";
  const { payload: data, signature } = envelope;
  const signers = signersOf(msps, [{ identity: author.bytes, data: [data], signature }]);
  if (signers.length === 0) return "state-info-signature";
  if (signers.some(({ refusal }) => refusal !== undefined)) return "state-info-organisation";
  const readers = policies.get(READERS) ?? { type: "reject" };
  return isSatisfied(readers, signers, msps) ? undefined : "state-info-readers";
}

/** When a StateInfo was written, by its author's clock. */
export type StateInfoTime = Pick<StateInfoClaim, "loadedAtNs" | "changedAtNs">;

/**
 * Above 0: `a` is newer, and replaces `b` of the same author. 0: the same. A restart counts more than
 * any change before it.
 */
export function compareStateInfo(a: StateInfoTime, b: StateInfoTime): number {
  return compareTimes(
    { incNum: a.loadedAtNs, seqNum: a.changedAtNs },
    { incNum: b.loadedAtNs, seqNum: b.changedAtNs },
  );
}

function compareTimes(a: PeerTime, b: PeerTime): number {
  if (a.incNum !== b.incNum) return a.incNum > b.incNum ? 1 : -1;
  if (a.seqNum === b.seqNum) return 0;
  return a.seqNum > b.seqNum ? 1 : -1;
}

interface Snapshot {
  /** The newest of each author. */
  readonly claims: readonly StateInfoClaim[];
  /** Elements that were left out; one bad element does not hide the others. */
  readonly faults: readonly StateInfoFault[];
}

/** Reads all elements of a snapshot, in any order, in turns: there may be thousands. */
export function* readSnapshot(
  host: ChannelHost,
  elements: readonly Uint8Array[],
  channel: string,
): InTurns<Snapshot> {
  const newest = new Map<string, StateInfoClaim>();
  const faults: StateInfoFault[] = [];
  for (const bytes of elements) {
    // Copied, since a kept element would otherwise keep the whole snapshot in memory.
    const isRead = bytes.length <= STATE_INFO_BYTES_MAX && newest.size < AUTHORS_MAX;
    const read = isRead
      ? readStateInfo(host, copyBytes(bytes), channel)
      : reject("state-info-malformed");
    yield undefined;
    if (!read.ok) {
      faults.push(read.code);
      continue;
    }
    const known = newest.get(read.value.pkiId);
    if (known === undefined || compareStateInfo(read.value, known) > 0) {
      newest.set(read.value.pkiId, read.value);
    }
  }
  return { claims: [...newest.values()], faults };
}
