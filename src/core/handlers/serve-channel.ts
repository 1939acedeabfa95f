/**
 * What a listed member does for a channel: it says how many blocks it has, and answers those who ask
 * for them. Every refusal is silence, as in Fabric. Source: spec D 3, 4, 6 and 8.
 */
import { channelByMac, isReader } from "../../channel/rules/state-info.ts";
import { RANGE_BLOCKS_MAX } from "../../channel/rules/state-transfer.ts";
import type { ChannelConfiguration } from "../../channel/types/configuration.ts";
import { charge, isSpent } from "../../lib/rate-limit.ts";
import { encodeEnvelope, encodeUnsigned, isTagLegal } from "../../wire/envelope.ts";
import {
  type Content,
  type GossipHello,
  type GossipMessage,
  type RemotePvtDataRequest,
  type RemoteStateRequest,
  TAG,
} from "../../wire/messages.ts";
import { reachOn } from "../rules/disclosure.ts";
import { useIdentity } from "../tables/identities.ts";
import { endpointOf } from "../tables/members.ts";
import { requestStateInfo } from "../tables/self.ts";
import {
  beginAnswer,
  type ServedChannel,
  serveChannel,
  stateInfoPayload,
  takeDue,
} from "../tables/served-channels.ts";
import { drop, type Effect, send } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import type { Input } from "../types/input.ts";
import { enqueueBroadcast } from "./audience.ts";
import { accountOf, spendAnswer } from "./check.ts";
import type { Core } from "./state.ts";

const TEXT = new TextDecoder();
/** Cost of a private-data digest in the answer budget. */
const DIGEST_BYTES = 200;

/** The host has stored blocks, or a configuration has come into force. */
export function handleServed(
  core: Core,
  input: Extract<Input, { type: "channel-served" }>,
): readonly Effect[] {
  const isNews = core.served.get(input.configuration.channel)?.height !== input.height;
  const channel = serveChannel(core.served, input, core.now);
  // Also at first: a Fabric peer that does not hold our certificate yet would warn of it.
  if (isNews) {
    channel.publishAtMs = Math.min(channel.publishAtMs, core.now.elapsedMs + intervalMs(core));
  }
  return [];
}

/**
 * Interval of publishing changes (Fabric: `publishStateInfoInterval`); others keep them 100 times
 * as long.
 */
const intervalMs = ({ options }: Core): number => options.timing.stateInfoExpiryMs / 100;

/** Publishes changes since the last StateInfo. */
export function publishStateInfo(core: Core): readonly Effect[] {
  return takeDue(core.served, core.now).flatMap((channel) => sign(core, channel));
}

function sign(core: Core, channel: ServedChannel): readonly Effect[] {
  const { channels, self } = core.options;
  if (channels === undefined) return [];
  const payload = stateInfoPayload(channel, channels.host, self.pkiId, core.now);
  return [requestStateInfo(core.self, channel.name, payload)];
}

/** Sends our signed StateInfo to members of channel organisations. */
export function takeStateInfo(
  core: Core,
  name: string,
  { payload, signature }: { payload: Uint8Array; signature: Uint8Array },
): void {
  const channel = core.served.get(name);
  if (channel === undefined) return;
  const { bytes } = encodeEnvelope({ payload, signature });
  channel.message = bytes;
  if (inForce(core, channel) === undefined) return;
  const mspIds = (): readonly string[] =>
    inForce(core, channel)?.organisations.map(({ mspId }) => mspId) ?? [];
  const broadcast = {
    key: `own state-info ${name}`,
    reach: reachOn(mspIds, core.options.self.mspId, core.self.externalEndpoint !== ""),
    bytes,
    replacesOlder: true,
    holders: [core.options.self.pkiId],
  };
  enqueueBroadcast(core, broadcast);
}

/** Schedules a retry after a failed signature. */
export function retryStateInfo(core: Core, name: string): void {
  const channel = core.served.get(name);
  if (channel === undefined) return;
  channel.publishAtMs = core.now.elapsedMs + intervalMs(core);
}

/** Our identity was renewed: what we said under the old one is said again under the new one. */
export function renewStateInfo(core: Core): readonly Effect[] {
  return [...core.served.values()].flatMap((channel) => {
    channel.message = undefined;
    return sign(core, channel);
  });
}

const SERVED_TYPES = [
  "hello",
  "private-data",
  "private-request",
  "state-info-pull-request",
  "state-request",
] as const;

/** What those who serve a channel are asked; private data are sent to them unasked. */
type ServedContent = Extract<Content, { type: (typeof SERVED_TYPES)[number] }>;

function isServed(content: Content | undefined): content is ServedContent {
  return SERVED_TYPES.some((type) => type === content?.type);
}

/** A message about a channel that we serve; undefined if it is about none. */
export function handleOfServed(
  core: Core,
  message: GossipMessage,
  from: PkiId,
): readonly Effect[] | undefined {
  const { content, nonce } = message;
  if (!isServed(content)) return undefined;
  const channel = servedChannelOf(core, message, content, from);
  if (channel === undefined) return undefined;
  // The answer also contains StateInfo of others (state-info-pull.ts).
  const isFollowed = core.channels.table.has(channel.name);
  if (content.type === "state-info-pull-request" && isFollowed) return undefined;
  // Fabric does not check the tag of private data.
  const isPrivate = content.type === "private-data" || content.type === "private-request";
  if (!isPrivate && !isTagLegal(message)) return [drop(from, "tag-illegal")];
  switch (content.type) {
    case "private-data":
      return refusePrivateData(core, channel, nonce, from);
    case "private-request":
      return lackPrivateData(core, channel, content.value, { nonce, from });
    case "state-info-pull-request":
      return sendSnapshot(core, channel, from);
    case "state-request":
      return answerStateRequest(core, channel, content.value, { nonce, from });
    case "hello":
      return answerHello(core, channel, content.value, from);
  }
}

function servedChannelOf(
  { options, served }: Core,
  { channel }: GossipMessage,
  content: ServedContent,
  from: PkiId,
): ServedChannel | undefined {
  if (options.channels === undefined) return undefined;
  if (content.type === "state-info-pull-request") {
    const { channelMac } = content.value;
    return channelByMac(served.values(), options.channels.host, from, channelMac);
  }
  return channel.length === 0 ? undefined : served.get(TEXT.decode(channel));
}

/** Answers a request for all StateInfo of a channel. */
function sendSnapshot(core: Core, channel: ServedChannel, from: PkiId): readonly Effect[] {
  const mspId = mspOnChannel(core, channel, from);
  if (mspId === undefined) return [drop(from, "channel-refused")];
  const isOwnOrg = mspId === core.options.self.mspId;
  const isShown = isOwnOrg || core.self.externalEndpoint !== "";
  const elements = isShown && channel.message !== undefined ? [channel.message] : [];
  return [reply(core, channel, from, { content: { type: "state-snapshot", value: { elements } } })];
}

/** Answers with an empty digest, because blocks are requested by number, not pulled. */
function answerHello(
  core: Core,
  channel: ServedChannel,
  { nonce, msgType }: GossipHello,
  from: PkiId,
): readonly Effect[] {
  if (mspOnChannel(core, channel, from) !== core.options.self.mspId) {
    return [drop(from, "channel-refused")];
  }
  const value = { nonce, digests: [], msgType };
  return [reply(core, channel, from, { tag: TAG.chanAndOrg, content: { type: "digest", value } })];
}

/** Authorises each request for blocks; the host reads and sends them. */
function answerStateRequest(
  core: Core,
  channel: ServedChannel,
  { startSeqNum: first, endSeqNum: last }: RemoteStateRequest,
  { nonce, from }: { readonly nonce: bigint; readonly from: PkiId },
): readonly Effect[] {
  const asker = useIdentity(core.identities, from, core.now);
  const configuration = inForce(core, channel);
  if (!asker || !configuration || !isReader(configuration, asker.bytes))
    return [drop(from, "channel-refused")];
  const isTooLong = last < first || last - first >= RANGE_BLOCKS_MAX;
  if (isTooLong || first >= channel.height) return [drop(from, "blocks-refused")];
  if (
    isSpent(core.rateLimits.answers, accountOf(core, from), core.now) ||
    !beginAnswer(channel, from)
  ) {
    return [drop(from, "answer-budget")];
  }
  const range = { from: first, to: last < channel.height ? last : channel.height - 1n };
  const to = { pkiId: from, endpoint: endpointOf(core.members, from) };
  const isAllowed = (): boolean => isInForce(core, channel, asker.mspId);
  return [{ type: "serve-blocks", channel: channel.name, nonce, range, to, isAllowed }];
}

/** Charges the bytes of an answer that the host has sent. */
export function handleBlocksServed(
  core: Core,
  { channel, to, bytes }: Extract<Input, { type: "blocks-served" }>,
): readonly Effect[] {
  core.served.get(channel)?.busy.delete(to);
  charge(core.rateLimits.answers, accountOf(core, to), bytes, core.now);
  return [];
}

/**
 * Private data must not come here: whoever sends them learns so at once. To accept them without
 * keeping them would make their sender believe that they are safe.
 */
function refusePrivateData(
  core: Core,
  channel: ServedChannel,
  nonce: bigint,
  from: PkiId,
): readonly Effect[] {
  if (mspOnChannel(core, channel, from) === undefined) return [drop(from, "channel-refused")];
  const value = { error: "this member keeps no private data" };
  const bytes = encodeUnsigned({ nonce, content: { type: "ack", value } });
  return [drop(from, "private-data"), send(from, endpointOf(core.members, from), { bytes })];
}

/**
 * Whoever asks for private data learns at once that there are none here: at silence a Fabric peer waits
 * five seconds before it asks another, at an empty element it goes on.
 */
function lackPrivateData(
  core: Core,
  channel: ServedChannel,
  { digests }: RemotePvtDataRequest,
  { nonce, from }: { readonly nonce: bigint; readonly from: PkiId },
): readonly Effect[] {
  if (mspOnChannel(core, channel, from) === undefined) return [drop(from, "channel-refused")];
  const bytes = digests.length * DIGEST_BYTES;
  if (!spendAnswer(core, from, bytes)) return [drop(from, "answer-budget")];
  const value = { elements: digests.map((digest) => ({ digest })) };
  const content = { type: "private-response", value } as const;
  const answer = reply(core, channel, from, { nonce, tag: TAG.chanOnly, content });
  return [drop(from, "private-data"), answer];
}

/** The organisation of a peer, if it is on the channel and the channel takes the peer for valid. */
function mspOnChannel(core: Core, channel: ServedChannel, pkiId: PkiId): string | undefined {
  const mspId = useIdentity(core.identities, pkiId, core.now)?.mspId;
  return mspId !== undefined && isInForce(core, channel, mspId) ? mspId : undefined;
}

/** Whether the newest configuration has our organisation and this one. */
function isInForce(core: Core, channel: ServedChannel, mspId: string): boolean {
  return inForce(core, channel)?.organisations.some((one) => one.mspId === mspId) === true;
}

/**
 * The newest configuration that we know of: blocks that the host serves may end before it. Undefined: it
 * leaves our organisation out.
 */
function inForce(
  { channels, options }: Core,
  { name, configuration }: ServedChannel,
): ChannelConfiguration | undefined {
  const followed = channels.table.get(name)?.configuration;
  const isNewer = followed !== undefined && followed.blockNumber > configuration.blockNumber;
  const newest = isNewer ? followed : configuration;
  const { mspId } = options.self;
  return newest.organisations.some((one) => one.mspId === mspId) ? newest : undefined;
}

function reply(
  core: Core,
  channel: ServedChannel,
  to: PkiId,
  message: Parameters<typeof encodeUnsigned>[0],
): Effect {
  const name = new TextEncoder().encode(channel.name);
  const bytes = encodeUnsigned({ tag: TAG.chanOrOrg, channel: name, ...message });
  const mspId = core.identities.table.get(to)?.identity.mspId ?? "";
  // It may wait for the connection while a configuration removes the organisation.
  const isAllowed = (): boolean => isInForce(core, channel, mspId);
  return send(to, endpointOf(core.members, to), { bytes, isPersonal: true, isAllowed });
}
