/** Who can be asked about a channel. */
import type { Core } from "../core/core.ts";
import { preferredEndpoint } from "../core/tables/members.ts";
import type { Identity } from "../core/types/host.ts";
import type { AskedPeer } from "../following/asked-peer.ts";
import type { GossipPeers } from "./gossip-peers.ts";

/** A living member that says that it has blocks. */
export interface Candidate {
  readonly peer: AskedPeer;
  readonly identity: Identity;
  readonly height: bigint;
}

/** The highest first. */
export function candidatesOf(core: Core, peers: GossipPeers, name: string): readonly Candidate[] {
  const channel = core.channels.table.get(name);
  const found = [...(channel?.members ?? [])].flatMap(([pkiId, { claim }]) => {
    const member = core.members.table.get(pkiId);
    const identity = core.identities.table.get(pkiId)?.identity;
    if (member?.status !== "alive" || identity === undefined) return [];
    if (claim.hasLeft || claim.height === 0n) return [];
    const peer = peers.of(name, identity, preferredEndpoint(member));
    return [{ peer, identity, height: claim.height }];
  });
  return found.toSorted((a, b) => (a.height > b.height ? -1 : a.height < b.height ? 1 : 0));
}
