/**
 * News of channels that we do not follow. We pass them on once inside our organisation, as a
 * Fabric peer does, lest the rumour ends with us. Source: spec B 1.10 and 5.3, C2 3.
 */

import { channelByMac, STATE_INFO_BYTES_MAX } from "../../channel/rules/state-info.ts";
import { copyBytes, toHex } from "../../wire/bytes.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { StateInfo } from "../../wire/messages.ts";
import { parsePkiId } from "../../wire/received.ts";
import { accept } from "../../wire/verdict.ts";
import { type Broadcast, noteHolder } from "../tables/broadcast-queue.ts";
import { addChannelNews, isChannelNews } from "../tables/channel-news.ts";
import { type FollowedChannel, isOnChannel } from "../tables/channels.ts";
import { useIdentity } from "../tables/identities.ts";
import { want } from "../tables/pull.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import { enqueueBroadcast } from "./audience.ts";
import { check, isSelf, type SignedClaim, signatureFault } from "./check.ts";
import { hearStateInfo } from "./hear-state-info.ts";
import type { Core } from "./state.ts";

/** SHA-256 over PKI-ID and channel name. */
const MAC_BYTES = 32;

function followedBy(
  { channels }: Core,
  pkiId: Uint8Array,
  mac: Uint8Array,
): FollowedChannel | undefined {
  const author = parsePkiId(pkiId);
  return author && channelByMac(channels.table.values(), channels.host, author, mac);
}

function handleFollowed(
  core: Core,
  channel: FollowedChannel,
  { bytes }: Envelope,
  from: PkiId,
): readonly Effect[] {
  const sender = useIdentity(core.identities, from, core.now)?.mspId ?? "";
  if (!isOnChannel(channel, sender, core.options.self.mspId)) {
    return [drop(from, "state-info-organisation")];
  }
  const { effects, fault } = hearStateInfo(core, channel, bytes, { from, isPushed: true });
  return fault === undefined ? effects : [...effects, drop(from, fault)];
}

/** Handles a member's StateInfo of an unfollowed channel. */
export function handleStateInfo(
  core: Core,
  envelope: Envelope,
  { pkiId, channelMac, timestamp }: StateInfo,
  from: PkiId,
): readonly Effect[] {
  const followed = core.channels.table.size > 0 && followedBy(core, pkiId, channelMac);
  if (followed) return handleFollowed(core, followed, envelope, from);
  const { crypto, self } = core.options;
  // Relay only messages from our organisation: others relay their own.
  if (useIdentity(core.identities, from, core.now)?.mspId !== self.mspId) {
    return [drop(from, "not-followed")];
  }
  const author = parsePkiId(pkiId);
  const isComplete = author && timestamp && channelMac.length === MAC_BYTES;
  if (!isComplete) return [drop(from, "state-info-incomplete")];
  if (envelope.bytes.length > STATE_INFO_BYTES_MAX) return [drop(from, "too-large")];
  if (isSelf(core, author)) return [drop(from, "own-message")];
  const news = { author, channel: toHex(channelMac), time: timestamp };
  const key = `state-info ${author} ${news.channel} ${timestamp.incNum} ${timestamp.seqNum}`;
  if (!isChannelNews(core.channelNews, news)) {
    noteHolder(core.broadcastQueue, key, from);
    return [drop(from, "stale")];
  }
  const identity = useIdentity(core.identities, author, core.now);
  if (identity === undefined) {
    want(core.pull, author, from, core.now);
    return [drop(from, "identity-unknown")];
  }
  const claim: SignedClaim = {
    author: () => accept(identity),
    time: undefined,
    isListed: false,
    faultOf: () => signatureFault(crypto, identity, envelope),
  };
  const checked = check(core, claim, from);
  if (!checked.ok) return [drop(from, checked.code)];
  if (!addChannelNews(core.channelNews, news, core.now)) return [drop(from, "channels-full")];
  const bytes = copyBytes(envelope.bytes);
  const broadcast: Broadcast = {
    key,
    reach: { type: "organisation" },
    bytes,
    holders: [from, author],
  };
  enqueueBroadcast(core, broadcast);
  return [];
}
