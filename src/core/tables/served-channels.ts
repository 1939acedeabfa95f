/**
 * Channels whose blocks we serve: how far we say that we are, and who is being answered. A channel is
 * served once the host has told its configuration and height.
 */
import { channelMac } from "../../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../../channel/types/configuration.ts";
import type { ChannelHost } from "../../channel/types/host.ts";
import { encode } from "../../wire/encode.ts";
import { GOSSIP_MESSAGE, TAG } from "../../wire/messages.ts";
import { pkiIdBytes } from "../../wire/received.ts";
import type { Now, PkiId } from "../types/host.ts";

/** What the tables need from outside. */
export type MacHost = Pick<ChannelHost, "sha256">;

export interface ServedChannel {
  readonly name: string;
  configuration: ChannelConfiguration;
  /** Number of blocks that we can serve. */
  height: bigint;
  /** When we began to serve it, and what we signed last: ns since the epoch, never back. */
  readonly loadedAtNs: bigint;
  changedAtNs: bigint;
  /** Our signed StateInfo; undefined until the first signature is there. */
  message: Uint8Array | undefined;
  /** When the change since the last one is to be told; Infinity if there is none. */
  publishAtMs: number;
  /** Peers whose request is being answered: one at a time each. */
  readonly busy: Set<PkiId>;
}

export type ServedChannels = Map<string, ServedChannel>;

/** Answers under way in one channel; Fabric queues 100. */
const BUSY_MAX = 100;

/** Takes what the host tells; whether there is anything new to publish. */
export function serveChannel(
  served: ServedChannels,
  { configuration, height }: Pick<ServedChannel, "configuration" | "height">,
  now: Now,
): ServedChannel {
  const { channel: name } = configuration;
  const known = served.get(name);
  if (known !== undefined) {
    known.configuration = configuration;
    known.height = height;
    return known;
  }
  const loadedAtNs = toNs(now);
  const channel: ServedChannel = {
    name,
    configuration,
    height,
    loadedAtNs,
    changedAtNs: loadedAtNs - 1n,
    message: undefined,
    publishAtMs: Number.POSITIVE_INFINITY,
    busy: new Set(),
  };
  served.set(name, channel);
  return channel;
}

/** Removes and returns the due channels. */
export function takeDue(served: ServedChannels, now: Now): readonly ServedChannel[] {
  const due = [...served.values()].filter(({ publishAtMs }) => publishAtMs <= now.elapsedMs);
  for (const channel of due) channel.publishAtMs = Number.POSITIVE_INFINITY;
  return due;
}

/** The StateInfo to be signed. Its time is later than that of the one before, whatever the clock says. */
export function stateInfoPayload(
  channel: ServedChannel,
  host: MacHost,
  pkiId: PkiId,
  now: Now,
): Uint8Array {
  const nowNs = toNs(now);
  channel.changedAtNs = nowNs > channel.changedAtNs ? nowNs : channel.changedAtNs + 1n;
  const value = {
    timestamp: { incNum: channel.loadedAtNs, seqNum: channel.changedAtNs },
    pkiId: pkiIdBytes(pkiId),
    channelMac: channelMac(host, pkiId, channel.name),
    properties: { ledgerHeight: channel.height },
  };
  return encode(GOSSIP_MESSAGE, { tag: TAG.chanOrOrg, content: { type: "state-info", value } });
}

/** Whether a request of the peer may be answered now; if so, it counts as under way. */
export function beginAnswer({ busy }: ServedChannel, to: PkiId): boolean {
  if (busy.has(to) || busy.size >= BUSY_MAX) return false;
  busy.add(to);
  return true;
}

function toNs({ wallMs }: Now): bigint {
  return BigInt(Math.trunc(wallMs)) * 1_000_000n;
}
