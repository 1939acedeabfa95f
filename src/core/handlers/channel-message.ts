/** Passes responses and blocks from channel organisations to the follower of the channel. */
import type { GossipMessage } from "../../wire/messages.ts";
import { isOnChannel } from "../tables/channels.ts";
import { useIdentity } from "../tables/identities.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import type { Core } from "./state.ts";

const TEXT = new TextDecoder();

export function handleChannelMessage(
  core: Core,
  message: GossipMessage,
  from: PkiId,
): readonly Effect[] {
  const channel = core.channels.table.get(TEXT.decode(message.channel));
  if (channel === undefined) return [drop(from, "not-followed")];
  const sender = useIdentity(core.identities, from, core.now);
  if (sender === undefined) return [drop(from, "identity-unknown")];
  if (!isOnChannel(channel, sender.mspId, core.options.self.mspId)) {
    return [drop(from, "state-info-organisation")];
  }
  return [{ type: "channel-message", from, channel: channel.name, message }];
}
