/** What a peer of Fabric tells of the messages it sends and receives when it logs at debug level. */
import type { FabricPeer } from "./peers.ts";

/** The level at which it tells. */
export const GOSSIP_LOG_SPEC = "gossip.gossip,gossip.discovery,gossip.comm=debug:info";

/** One message that came in. */
export interface Reception {
  readonly kind: "alive" | "state-info" | "other";
  /** PKI-ID of the peer that sent it. */
  readonly sender: string;
  /** PKI-ID of the member it is about; empty if it is about none or several. */
  readonly author: string;
}

const RECEIVED = /^Entering, \S+ ([0-9a-f]{64}) sent us .*?tag: \w+ (Alive Message|state_info)?/s;
const AUTHOR = /PKI-id:([0-9a-f]{64})/i;

export function receptions(peer: FabricPeer): readonly Reception[] {
  return peer.log().flatMap(({ msg }): readonly Reception[] => {
    const [, sender, what] = RECEIVED.exec(msg) ?? [];
    if (sender === undefined) return [];
    if (what === undefined) return [{ kind: "other", sender, author: "" }];
    const kind = what === "state_info" ? "state-info" : "alive";
    return [{ kind, sender, author: AUTHOR.exec(msg)?.[1] ?? "" }];
  });
}

/** The members it has learnt of, in this order: PKI-IDs. */
export function learnt(peer: FabricPeer): readonly string[] {
  const news = peer.log().filter(({ msg }) => msg.startsWith("Learned about a new alive member"));
  return news.map(({ msg }) => AUTHOR.exec(msg)?.[1] ?? "");
}

/** The authors of the alive messages that reached it together with an internal endpoint. */
export function authorsWithSecret(peer: FabricPeer): ReadonlySet<string> {
  const lines = peer.log().filter(({ msg }) => msg.includes("Secret payload"));
  return new Set(lines.map(({ msg }) => AUTHOR.exec(msg)?.[1] ?? ""));
}

/** The endpoints to which it has sent something that looks like this. */
export function destinations(peer: FabricPeer, pattern = /^/): ReadonlySet<string> {
  const lines = peer.log().filter(({ msg }) => pattern.test(msg));
  return new Set(lines.map(({ msg }) => /Sending to (\S+)/.exec(msg)?.[1] ?? ""));
}
