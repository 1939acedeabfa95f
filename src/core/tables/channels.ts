/**
 * The channels that we follow: the configuration in force, and what their members say of themselves.
 * Source: spec D 3 and 4 (Fabric's `gossip/channel`).
 */
import { channelMac, type StateInfoClaim } from "../../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../../channel/types/configuration.ts";
import type { ChannelHost } from "../../channel/types/host.ts";
import { equalBytes } from "../../wire/bytes.ts";
import { knownPkiId } from "../rules/messages.ts";
import type { ChannelsOptions, FollowOptions, FollowRole, LagLimits } from "../types/channel.ts";
import type { Now, PkiId } from "../types/host.ts";

/** The newest StateInfo of a member: signed by it, and it may read the channel. */
export interface BelievedStateInfo {
  readonly claim: StateInfoClaim;
  readonly mspId: string;
  /** When we heard it. */
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
  /** When it is looked next whether somebody lags. */
  lagCheckAtMs: number;
}

/** Bytes of all StateInfo of one channel that are held. */
const CHANNEL_BYTES_MAX = 33_554_432;
/** Moments remembered; of more, the oldest are forgotten. */
const REACHED_MAX = 512;
const SAMPLED = 4;

export function createChannels(options: ChannelsOptions | undefined): Channels {
  const { host = { sha256: () => new Uint8Array(0) }, followed = [] } = options ?? {};
  const table = new Map(followed.map((one) => [one.name, createChannel(one)]));
  return { host, table, snapshots: [], pullAtMs: 0, lagCheckAtMs: 0 };
}

function createChannel({ name, role, lag }: FollowOptions): FollowedChannel {
  return {
    ...{ name, role, lag },
    configuration: undefined,
    provenHeight: 0n,
    disproved: new Map(),
    members: new Map(),
    bytes: 0,
    byBytes: new Map(),
    recheck: new Set(),
    asked: new Map(),
    reached: [],
  };
}

/** The channel that a MAC stands for: see {@link channelMac}. */
export function channelOf(
  { host, table }: Channels,
  pkiId: PkiId,
  mac: Uint8Array,
): FollowedChannel | undefined {
  for (const channel of table.values()) {
    if (equalBytes(mac, channelMac(host, pkiId, channel.name))) return channel;
  }
  return undefined;
}

/**
 * Whether an organisation is on the channel with us. Before the configuration is known only our own
 * is; when ours was removed, none is.
 */
export function isOnChannel(
  { configuration }: FollowedChannel,
  mspId: string,
  ownMspId: string,
): boolean {
  if (configuration === undefined) return mspId === ownMspId;
  const has = (wanted: string) => configuration.organisations.some((one) => one.mspId === wanted);
  return has(mspId) && has(ownMspId);
}

/** Whether these bytes are a StateInfo that we hold. */
export function isHeld(channel: FollowedChannel, bytes: Uint8Array): boolean {
  const pkiId = channel.byBytes.get(hash(bytes));
  const held = pkiId && channel.members.get(pkiId)?.claim.envelope.bytes;
  return held !== undefined && equalBytes(held, bytes);
}

/** Puts a StateInfo in the place of the one before; false if there is no room. */
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
  if (known !== undefined) channel.byBytes.delete(hash(known.claim.envelope.bytes));
  channel.bytes = size;
  channel.byBytes.set(hash(bytes), pkiId);
  const { isLagging = false } = known ?? {};
  channel.members.set(pkiId, { claim, mspId, heardMs: now.elapsedMs, isLagging });
  return true;
}

/** Forgets what a member said; what it was, if there was anything. */
export function removeStateInfo(
  channel: FollowedChannel,
  pkiId: PkiId,
): BelievedStateInfo | undefined {
  const known = channel.members.get(pkiId);
  if (known === undefined) return undefined;
  const { bytes } = known.claim.envelope;
  channel.members.delete(pkiId);
  channel.byBytes.delete(hash(bytes));
  channel.bytes -= bytes.length;
  channel.disproved.delete(pkiId);
  channel.recheck.delete(pkiId);
  return known;
}

export function setLagging(channel: FollowedChannel, pkiId: PkiId, isLagging: boolean): void {
  const known = channel.members.get(pkiId);
  if (known !== undefined) channel.members.set(pkiId, { ...known, isLagging });
}

/** Notes that somebody has so many blocks, if nobody had as many before. */
export function noteReached({ reached }: FollowedChannel, height: bigint, now: Now): void {
  const last = reached.at(-1);
  if (last !== undefined && last.height >= height) return;
  reached.push({ height, atMs: now.elapsedMs });
  if (reached.length > REACHED_MAX) reached.splice(0, REACHED_MAX / 2);
}

/** FNV-1a over every fourth byte; whoever finds another StateInfo of one hash spoils nothing. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += SAMPLED) {
    state = Math.imul(state ^ (bytes[i] ?? 0), 0x01000193);
  }
  return state;
}
