/**
 * The channels that we follow: the configuration in force, and what their members say of themselves.
 * Source: spec D 3 and 4 (Fabric's `gossip/channel`).
 */
import {
  compareStateInfo,
  type StateInfoClaim,
  type StateInfoTime,
} from "../../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../../channel/types/configuration.ts";
import type { ChannelHost } from "../../channel/types/host.ts";
import { BoundedMap } from "../../lib/bounded-map.ts";
import { equalBytes, sampledHash } from "../../wire/bytes.ts";
import { knownPkiId } from "../../wire/received.ts";
import type { ChannelsOptions, FollowOptions, FollowRole, LagLimits } from "../types/channel.ts";
import type { Now, PkiId } from "../types/host.ts";

/** The newest StateInfo of a member: signed by it, and it may read the channel. */
export interface BelievedStateInfo {
  readonly claim: StateInfoClaim;
  readonly mspId: string;
  /** When we received it. */
  readonly heardMs: number;
  readonly isLagging: boolean;
}

/** When somebody first had so many blocks, as far as we know. */
interface Reached {
  readonly height: bigint;
  readonly atMs: number;
}

/** A snapshot that is being worked through, a few elements in each step. */
export interface PendingSnapshot {
  readonly channel: string;
  readonly from: PkiId;
  readonly elements: readonly Uint8Array[];
  done: number;
}

export interface FollowedChannel {
  readonly name: string;
  readonly role: FollowRole;
  readonly lag: LagLimits;
  /** Undefined until it was found; until then only our own organisation is believed. */
  configuration: ChannelConfiguration | undefined;
  /** Number of the newest verified block, plus one. */
  provenHeight: bigint;
  /** Heights that their authors could not prove. */
  readonly disproved: Map<PkiId, bigint>;
  readonly members: Map<PkiId, BelievedStateInfo>;
  /** What forgotten members last said, the oldest first: something older cannot replace it. */
  readonly forgotten: BoundedMap<PkiId, StateInfoTime>;
  /** Bytes of the StateInfo of all members. */
  bytes: number;
  /** Members by a hash of the bytes of their StateInfo: what we hold is known before it is read. */
  readonly byBytes: Map<number, PkiId>;
  /** Members that are to be judged again, as the configuration changed. */
  readonly recheck: Set<PkiId>;
  /** Whom we asked for a snapshot, and when. */
  readonly asked: Map<PkiId, number>;
  /** Ascending heights and moments. */
  readonly reached: Reached[];
}

export interface Channels {
  readonly host: Pick<ChannelHost, "sha256">;
  readonly table: Map<string, FollowedChannel>;
  readonly snapshots: PendingSnapshot[];
  /** When we ask for snapshots next. */
  pullAtMs: number;
  /** When the next scan for lagging members is due. */
  lagCheckAtMs: number;
}

/** Bytes of all StateInfo of one channel that are held. */
const CHANNEL_BYTES_MAX = 33_554_432;
/** Moments remembered; of more, the oldest are forgotten. */
const REACHED_MAX = 512;
/** Forgotten members of a channel that are remembered; of more, the oldest give way. */
const FORGOTTEN_MAX = 2_000;

export function createChannels(options: ChannelsOptions | undefined): Channels {
  const { host = { sha256: () => new Uint8Array(0) }, followed = [] } = options ?? {};
  const table = new Map(followed.map((one) => [one.name, createChannel(one)]));
  return { host, table, snapshots: [], pullAtMs: 0, lagCheckAtMs: 0 };
}

/** Asks for snapshots next after so long. */
export function planPull(channels: Channels, afterMs: number, now: Now): void {
  channels.pullAtMs = now.elapsedMs + afterMs;
}

/** Asks for snapshots within so long. */
export function hastenPull(channels: Channels, withinMs: number, now: Now): void {
  channels.pullAtMs = Math.min(channels.pullAtMs, now.elapsedMs + withinMs);
}

function createChannel({ name, role, lag }: FollowOptions): FollowedChannel {
  return {
    ...{ name, role, lag },
    configuration: undefined,
    provenHeight: 0n,
    disproved: new Map(),
    members: new Map(),
    forgotten: new BoundedMap(FORGOTTEN_MAX),
    bytes: 0,
    byBytes: new Map(),
    recheck: new Set(),
    asked: new Map(),
    reached: [],
  };
}

/**
 * Whether an organisation is on the channel with us. Before the configuration is known only our own
 * is; when ours was removed, none is.
 */
export function isOnChannel(channel: FollowedChannel, mspId: string, ownMspId: string): boolean {
  return organisationsOn(channel, ownMspId).includes(mspId);
}

/** All of them; none if ours is not among them. */
export function organisationsOn(
  { configuration }: FollowedChannel,
  ownMspId: string,
): readonly string[] {
  const mspIds = configuration?.organisations.map(({ mspId }) => mspId) ?? [ownMspId];
  return mspIds.includes(ownMspId) ? mspIds : [];
}

/**
 * Whether a StateInfo tells nothing new: it is not newer than what we believe of its author, or older
 * than what we believed of an author who is forgotten, and may come back with the same words.
 */
export function isStale(
  { members, forgotten }: FollowedChannel,
  author: PkiId,
  time: StateInfoTime,
): boolean {
  const known = members.get(author)?.claim;
  if (known !== undefined) return compareStateInfo(time, known) <= 0;
  const last = forgotten.get(author);
  return last !== undefined && compareStateInfo(time, last) < 0;
}

/** Whether we hold a StateInfo with these bytes. */
export function isHeld(channel: FollowedChannel, bytes: Uint8Array): boolean {
  const pkiId = channel.byBytes.get(sampledHash(bytes));
  const held = pkiId && channel.members.get(pkiId)?.claim.envelope.bytes;
  return held !== undefined && equalBytes(held, bytes);
}

/** Replaces a member's StateInfo; false if there is no room. */
export function putStateInfo(
  channel: FollowedChannel,
  claim: StateInfoClaim,
  mspId: string,
  membersMax: number,
  now: Now,
): boolean {
  const pkiId = knownPkiId(claim.pkiId);
  const known = channel.members.get(pkiId);
  const { bytes } = claim.envelope;
  const size = channel.bytes + bytes.length - (known?.claim.envelope.bytes.length ?? 0);
  const isFull = known === undefined && channel.members.size >= membersMax;
  if (isFull || size > CHANNEL_BYTES_MAX) return false;
  if (known !== undefined) channel.byBytes.delete(sampledHash(known.claim.envelope.bytes));
  channel.bytes = size;
  channel.byBytes.set(sampledHash(bytes), pkiId);
  const { isLagging = false } = known ?? {};
  channel.members.set(pkiId, { claim, mspId, heardMs: now.elapsedMs, isLagging });
  channel.forgotten.delete(pkiId);
  return true;
}

/** Removes and returns a member's StateInfo, if any. */
export function removeStateInfo(
  channel: FollowedChannel,
  pkiId: PkiId,
): BelievedStateInfo | undefined {
  const known = channel.members.get(pkiId);
  if (known === undefined) return undefined;
  const { loadedAtNs, changedAtNs } = known.claim;
  const { bytes } = known.claim.envelope;
  channel.members.delete(pkiId);
  channel.forgotten.set(pkiId, { loadedAtNs, changedAtNs });
  channel.byBytes.delete(sampledHash(bytes));
  channel.bytes -= bytes.length;
  channel.disproved.delete(pkiId);
  channel.recheck.delete(pkiId);
  return known;
}

/** Puts a configuration in force; false if a newer one is. */
export function configure(channel: FollowedChannel, configuration: ChannelConfiguration): boolean {
  const before = channel.configuration;
  if (before !== undefined && before.blockNumber > configuration.blockNumber) return false;
  channel.configuration = configuration;
  return true;
}

export function setLagging(channel: FollowedChannel, pkiId: PkiId, isLagging: boolean): void {
  const known = channel.members.get(pkiId);
  if (known !== undefined) channel.members.set(pkiId, { ...known, isLagging });
}

/** Records the first time that somebody had this many blocks. */
export function noteReached({ reached }: FollowedChannel, height: bigint, now: Now): void {
  const last = reached.at(-1);
  if (last !== undefined && last.height >= height) return;
  reached.push({ height, atMs: now.elapsedMs });
  if (reached.length > REACHED_MAX) reached.splice(0, REACHED_MAX / 2);
}
