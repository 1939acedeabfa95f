/** Messages that concern others, as gossip brings them to everybody. */

import { isChannelRestricted } from "../../wire/envelope.ts";
import { type GossipMessage, PULL_TYPE } from "../../wire/messages.ts";

/** Contents that a peer sends to everybody whether they care or not; their tag is not our concern. */
export function isNotForUs({ content, tag }: GossipMessage): boolean {
  switch (content?.type) {
    case "conn-establish":
    case "empty":
    case "ack":
    case "private-data":
    case "private-request":
    case "private-response":
      return true;
    case "hello":
    case "digest":
    case "request":
    case "update":
      return content.value.msgType === PULL_TYPE.block && isChannelRestricted(tag);
    default:
      return false;
  }
}
