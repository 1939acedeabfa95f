/** What gossip and service discovery disagree on about one peer. Pure. */
import { stateInfoFault } from "../../../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../../../channel/types/configuration.ts";
import type { DiscoveredChannel, DiscoveredMember } from "../../../following/ask-discovery.ts";
import { dateOf } from "../../../following/describe-state-info.ts";
import type { ChannelMember } from "../../../following/views.ts";

/** What gossip knows of the peer. */
export interface GossipSide {
  readonly configuration: ChannelConfiguration;
  readonly pkiId: string | null;
  readonly member: ChannelMember | undefined;
  /** Ourselves: the height that we publish; undefined: we publish none. */
  readonly own: { readonly pkiId: string; readonly height: bigint | undefined };
}

/** A Fabric peer that was asked, and what it says. */
export interface DiscoverySide {
  readonly asked: string;
  readonly found: DiscoveredChannel;
}

/** Sentences; empty: they agree. */
export function disagreements(
  gossip: GossipSide,
  { asked, found }: DiscoverySide,
): readonly string[] {
  const { configuration, member, own, pkiId } = gossip;
  const discovered = pkiId === null ? undefined : found.members.get(pkiId);
  if (pkiId === own.pkiId) {
    const about = aboutOurselves(own.height, discovered, asked);
    return [...aboutOrganisations(configuration, asked, found), ...about];
  }
  return [
    ...aboutOrganisations(configuration, asked, found),
    ...aboutListing(member, discovered, asked),
    ...(discovered === undefined ? [] : aboutMember(gossip, discovered, asked)),
  ];
}

function aboutOrganisations(
  { organisations, ordererOrganisations }: ChannelConfiguration,
  asked: string,
  { mspIds }: DiscoveredChannel,
): readonly string[] {
  const ours = new Set([...organisations, ...ordererOrganisations].map(({ mspId }) => mspId));
  const more = mspIds.filter((one) => !ours.has(one));
  const fewer = [...ours].filter((one) => !mspIds.includes(one));
  const tell = (ids: readonly string[], who: string, whom: string) =>
    ids.length === 0
      ? []
      : [`The configuration of ${who} has ${ids.join(", ")}, and that of ${whom} has not.`];
  return [...tell(more, asked, "gossip"), ...tell(fewer, "gossip", asked)];
}

function aboutOurselves(
  height: bigint | undefined,
  discovered: DiscoveredMember | undefined,
  asked: string,
): readonly string[] {
  if (height === undefined) {
    return discovered === undefined
      ? []
      : [`${asked} lists us still, by what we published earlier; it forgets that.`];
  }
  if (discovered === undefined) return [`${asked} does not list us, or not yet.`];
  const there = discovered.claim?.height;
  return there === undefined || there === height
    ? []
    : [`${asked} has our height as ${there}, and we have ${height} blocks.`];
}

function aboutListing(
  member: ChannelMember | undefined,
  discovered: DiscoveredMember | undefined,
  asked: string,
): readonly string[] {
  if (member === undefined && discovered !== undefined) {
    return [`${asked} lists it on the channel, and by gossip we have no StateInfo of it.`];
  }
  if (member === undefined || discovered !== undefined || member.leftChannel) return [];
  return [
    `${asked} does not list it: there it is dead, has no external endpoint, or is not known; by gossip it is ${member.status} with ${member.height} blocks.`,
  ];
}

function aboutMember(
  { configuration, member }: GossipSide,
  { claim, endpoint, identity: bytes, mspId }: DiscoveredMember,
  asked: string,
): readonly string[] {
  if (claim === undefined) return [`${asked} gives no StateInfo of it that can be read.`];
  const fault = stateInfoFault(configuration, claim, { mspId, bytes });
  if (fault !== undefined)
    return [`${asked} gives a StateInfo of it that is not believed: ${fault}.`];
  if (member === undefined) return [];
  const told: string[] = [];
  if (member.status === "dead") told.push(`By gossip it is dead, and ${asked} lists it as alive.`);
  if (endpoint !== "" && member.endpoint !== null && endpoint !== member.endpoint) {
    told.push(`${asked} has it at ${endpoint}, gossip at ${member.endpoint}.`);
  }
  if (claim.height !== member.height) {
    const changedAt = dateOf(claim.changedAtNs);
    const age = changedAt > member.committedAt ? "newer than" : "older than";
    told.push(
      `${asked} has its height as ${claim.height}, gossip as ${member.height}; the one of ${asked}, of ${changedAt.toISOString()}, is ${age} ours.`,
    );
  }
  const [theirs, ours] = [dateOf(claim.loadedAtNs), member.loadedAt];
  if (theirs.getTime() !== ours.getTime()) {
    const [there, here] = [theirs.toISOString(), ours.toISOString()];
    told.push(`${asked} has it on the channel since ${there}, gossip since ${here}.`);
  }
  return told;
}
