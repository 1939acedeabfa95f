/**
 * What an alive message does to the member that signed it, by the way it came: from its author, by
 * gossip, or in somebody else's list. Source: spec B 1.5 to 1.7.
 */
import type { PeerTime } from "../../wire/messages.ts";
import { isNewer, ownedAlive, WEIGHT } from "../rules/messages.ts";
import { firstHandOf, isNews, isSignOfLife, type Members, putMember } from "../tables/members.ts";
import type { Verified } from "../types/claim.ts";
import type { CoreEvent } from "../types/event.ts";
import type { Now } from "../types/host.ts";
import type { Alive, Hearing, Member } from "../types/member.ts";

/** What came of an alive message. */
export type Sight =
  /** It proves nothing. */
  | { readonly type: "stale" }
  | { readonly type: "members-full" }
  /** The member is alive. `isNews`: the message is the newest; `wasAlive`: and so it was before. */
  | {
      readonly type: "alive";
      readonly isNews: boolean;
      readonly wasAlive: boolean;
      readonly events: readonly CoreEvent[];
    }
  /** A ping has shown that the member is gone, and the message may be older than that. */
  | { readonly type: "doubtful" }
  /** No sign of life, but the secret of the message that we keep, which came without it. */
  | { readonly type: "completed"; readonly events: readonly CoreEvent[] };

export interface HearingRules {
  readonly ownMspId: string;
  readonly membersMax: number;
  /**
   * What arrives by gossip so long after a death was confirmed has been sent after it; before, it
   * may have been on its way.
   */
  readonly onTheWayMs: number;
}

/** Applies an authentic alive message that somebody is alive. */
export function hearAlive(
  members: Members,
  verified: Verified<Alive>,
  hearing: Hearing,
  { ownMspId, membersMax, onTheWayMs }: HearingRules,
  now: Now,
): Sight {
  const { pkiId, time } = verified.claim;
  if (!isSignOfLife(members, pkiId, time, hearing)) return complete(members, verified, ownMspId);
  const isNewest = isNews(members, pkiId, time);
  const known = members.table.get(pkiId);
  if (known === undefined && members.table.size >= membersMax) return { type: "members-full" };

  const described = {
    ...describeMember(verified, ownMspId, known),
    firstHand: WEIGHT[hearing].isFirstHand ? time : firstHandOf(members, pkiId),
  };
  if (known?.status === "dead" && known.isCutOff && !WEIGHT[hearing].isPresent) {
    if (!WEIGHT[hearing].isFirstHand || !isSaidSince(known, time, onTheWayMs, now)) {
      const knownAtDeath = knownAtDeathOf(known, time, onTheWayMs, now);
      putMember(members, { ...known, ...described, knownAtDeath });
      return { type: "doubtful" };
    }
  }
  const member = alive(described, known, hearing, now);
  putMember(members, member);
  const event = newsOf(member, known);
  const wasAlive = known?.status === "alive";
  return { type: "alive", isNews: isNewest, wasAlive, events: event ? [event] : [] };
}

/**
 * Whether a message is the one that we keep, with the secret that somebody has stripped from it, and the
 * secret tells something new. A foreign relay strips each of them, which costs nothing then.
 */
export function bringsSecret({ table }: Members, alive: Alive, ownMspId: string): boolean {
  const known = table.get(alive.pkiId);
  if (known === undefined || known.mspId !== ownMspId || isNewer(known.time, alive.time)) {
    return false;
  }
  const isNew = alive.internalEndpoint !== known.internalEndpoint;
  return isNew && isReplacedBy(known.alive, alive);
}

function complete(members: Members, verified: Verified<Alive>, ownMspId: string): Sight {
  const known = members.table.get(verified.claim.pkiId);
  if (known === undefined || !bringsSecret(members, verified.claim, ownMspId)) {
    return { type: "stale" };
  }
  const member = { ...known, ...describeMember(verified, ownMspId, known) };
  putMember(members, member);
  const isTold = known.status === "alive";
  return { type: "completed", events: isTold ? [{ type: "member-updated", member }] : [] };
}

/**
 * Whether a member that a ping found gone has said this afterwards: nothing as new was known when it
 * died or soon after, or it comes from a process that was started later.
 */
function isSaidSince(
  { knownAtDeath, sinceMs }: Member,
  time: PeerTime,
  onTheWayMs: number,
  now: Now,
): boolean {
  if (knownAtDeath === undefined || time.incNum > knownAtDeath.incNum) return true;
  return isNewer(time, knownAtDeath) && now.elapsedMs - sinceMs > onTheWayMs;
}

/** Only for a while: later, whoever tells of a message early would make its arrival prove nothing. */
function knownAtDeathOf(
  { knownAtDeath, sinceMs }: Member,
  time: PeerTime,
  onTheWayMs: number,
  now: Now,
): PeerTime | undefined {
  const isOnTheWay = now.elapsedMs - sinceMs <= onTheWayMs && time.incNum === knownAtDeath?.incNum;
  return isOnTheWay && isNewer(time, knownAtDeath) ? time : knownAtDeath;
}

/** The member with the marks of one that was heard just now. */
function alive(
  described: Described & Pick<Member, "firstHand">,
  known: Member | undefined,
  hearing: Hearing,
  now: Now,
): Member {
  const wasAlive = known?.status === "alive";
  const { isFirstHand, isPresent } = WEIGHT[hearing];
  return {
    ...described,
    status: "alive",
    lastSeenMs: now.elapsedMs,
    heardMs: wasAlive && !isFirstHand ? known.heardMs : now.elapsedMs,
    sinceMs: wasAlive ? known.sinceMs : now.elapsedMs,
    reconnectAtMs: now.elapsedMs,
    // A list is no answer to the question that was asked.
    isSuspect: !isFirstHand && (known?.isSuspect ?? false),
    isCutOff: !isPresent && (known?.isCutOff ?? false),
    knownAtDeath: undefined,
  };
}

/**
 * Learns an unknown member from a list of dead ones. Of a known one it learns the newest message;
 * whether it lives is for others to say.
 */
export function hearDead(
  members: Members,
  verified: Verified<Alive>,
  { ownMspId, membersMax, onTheWayMs }: HearingRules,
  now: Now,
): readonly CoreEvent[] | "members-full" {
  const { pkiId, time } = verified.claim;
  if (!isNews(members, pkiId, time)) return [];
  const known = members.table.get(pkiId);
  if (known === undefined && members.table.size >= membersMax) return "members-full";
  const described = describeMember(verified, ownMspId, known);
  if (known !== undefined) {
    const knownAtDeath = knownAtDeathOf(known, time, onTheWayMs, now);
    const member: Member = { ...known, ...described, knownAtDeath };
    putMember(members, member);
    const isTold = known.status === "alive" && isChanged(member, known);
    return isTold ? [{ type: "member-updated", member }] : [];
  }
  const { elapsedMs } = now;
  const member: Member = {
    ...described,
    status: "dead",
    firstHand: firstHandOf(members, pkiId),
    lastSeenMs: elapsedMs,
    heardMs: elapsedMs,
    sinceMs: elapsedMs,
    reconnectAtMs: elapsedMs,
    isSuspect: false,
    isCutOff: false,
    knownAtDeath: undefined,
  };
  putMember(members, member);
  return [{ type: "member-dead", member, reason: "listed-dead" }];
}

type Described = Pick<
  Member,
  "pkiId" | "mspId" | "endpoint" | "internalEndpoint" | "metadata" | "time" | "alive" | "relayed"
>;

/** What the newest message says of its author, the one that was known or this one. */
function describeMember(
  { claim: alive, author }: Verified<Alive>,
  ownMspId: string,
  known: Member | undefined,
): Described {
  if (known !== undefined && !isReplacedBy(known.alive, alive)) return known;
  const owned = ownedAlive(alive);
  const { mspId } = author;
  return {
    pkiId: alive.pkiId,
    mspId,
    endpoint: alive.endpoint,
    // Relays may have dropped the secret: its absence says nothing about the internal endpoint.
    // That of another organisation is none of our business, even if it is told us.
    internalEndpoint:
      mspId === ownMspId ? (alive.internalEndpoint ?? known?.internalEndpoint) : undefined,
    metadata: owned.metadata,
    time: alive.time,
    alive: owned,
    relayed: known?.relayed,
  };
}

/** A newer message replaces the one we keep, and so does the same one with its secret. */
function isReplacedBy(kept: Alive, alive: Alive): boolean {
  if (isNewer(alive.time, kept.time)) return true;
  const isSameTime = !isNewer(kept.time, alive.time);
  return isSameTime && kept.envelope.secret === undefined && alive.envelope.secret !== undefined;
}

function newsOf(member: Member, known: Member | undefined): CoreEvent | undefined {
  if (known === undefined) return { type: "member-joined", member };
  if (known.status === "dead") return { type: "member-returned", member };
  return isChanged(member, known) ? { type: "member-updated", member } : undefined;
}

function isChanged(member: Member, known: Member): boolean {
  return (
    member.endpoint !== known.endpoint ||
    member.internalEndpoint !== known.internalEndpoint ||
    member.time.incNum !== known.time.incNum ||
    member.metadata.length !== known.metadata.length ||
    member.metadata.some((byte, i) => byte !== known.metadata[i])
  );
}
