/**
 * Who is a member, alive or dead: one map, one status per member, newer wins. Then what an alive message
 * does to the member that signed it, by the way it came: from its author, by gossip, or in a list.
 * Source: spec B 1.5 to 1.7 (Fabric's `discovery_impl.go`).
 */
import { BoundedMap } from "../../lib/bounded-map.ts";
import type { PeerTime } from "../../wire/messages.ts";
import { type Alive, isNewer, ownedAlive } from "../../wire/received.ts";
import { isSaidSince, isStillCutOff, knownAtDeathOf } from "../rules/confirmed-death.ts";
import { isChanged, newsOf } from "../rules/member-news.ts";
import { WEIGHT } from "../rules/rights.ts";
import type { Verified } from "../types/claim.ts";
import type { CoreEvent } from "../types/event.ts";
import type { Now, PkiId } from "../types/host.ts";
import {
  type Described,
  type Hearing,
  type HowHeard,
  LISTED,
  type Member,
} from "../types/member.ts";
import type { Context } from "../types/options.ts";
import { type Changes, noteChange } from "./changes.ts";

export interface Tombstone {
  /** Time of the newest message from any source. */
  readonly time: PeerTime;
  readonly untilMs: number;
}

export interface Members extends Changes {
  readonly table: Map<PkiId, Member>;
  /** Of forgotten members: an old message cannot bring them back. */
  readonly tombstones: BoundedMap<PkiId, Tombstone>;
  /** Last member at each endpoint. */
  readonly byEndpoint: Map<string, PkiId>;
  aliveCount: number;
  /** How many have been replaced or removed so far. */
  replacements: number;
  /** How often one that is dead or cut off has been added or replaced so far. */
  outcasts: number;
  /** Number of joins and returns. */
  arrivals: number;
}

/** As many as the largest network we are built for. */
const TOMBSTONES_MAX = 20_000;

export function createMembers(): Members {
  const [table, byEndpoint] = [new Map(), new Map()];
  const tombstones = new BoundedMap<PkiId, Tombstone>(TOMBSTONES_MAX);
  return {
    table,
    tombstones,
    byEndpoint,
    aliveCount: 0,
    version: 0,
    changes: [],
    arrivals: 0,
    replacements: 0,
    outcasts: 0,
  };
}

/** The endpoint to dial: the internal one if we know it (Fabric's `PreferredEndpoint`). */
export function preferredEndpoint(member: Member): string {
  return member.internalEndpoint || member.endpoint;
}

/** The endpoint to dial; empty if unknown. */
export function endpointOf({ table }: Members, pkiId: PkiId): string {
  const member = table.get(pkiId);
  return member === undefined ? "" : preferredEndpoint(member);
}

export function aliveMembers(members: Members): Member[] {
  return [...members.table.values()].filter((member) => member.status === "alive");
}

/** Whether an alive message with this time is newer than all that we have, from wherever it came. */
export function isNews(members: Members, pkiId: PkiId, time: PeerTime): boolean {
  const known = members.table.get(pkiId)?.time ?? members.tombstones.get(pkiId)?.time;
  return known === undefined || isNewer(time, known);
}

/** Whether an alive message with this time, heard so, is a sign of life. */
export function isSignOfLife(
  members: Members,
  pkiId: PkiId,
  time: PeerTime,
  hearing: Hearing,
): boolean {
  if (!WEIGHT[hearing].isFirstHand) return isNews(members, pkiId, time);
  const firstHand = firstHandOf(members, pkiId);
  if (firstHand === undefined || isNewer(time, firstHand)) return true;
  // A member's own connection cannot be replayed by others.
  return WEIGHT[hearing].isPresent && !isNewer(firstHand, time);
}

/** Time of the newest message heard first-hand; of a forgotten member, of the newest of all. */
function firstHandOf({ table, tombstones }: Members, pkiId: PkiId): PeerTime | undefined {
  return table.has(pkiId) ? table.get(pkiId)?.firstHand : tombstones.get(pkiId)?.time;
}

/** Whether an alive message with this time, gossiped to us, still has to be passed on. */
export function isToRelay(members: Members, pkiId: PkiId, time: PeerTime): boolean {
  const member = members.table.get(pkiId);
  if (member === undefined) return isSignOfLife(members, pkiId, time, "gossip");
  return isUnrelayed(member, time);
}

/** The same of a member that we know. */
export function isUnrelayed({ relayed }: Member, time: PeerTime): boolean {
  return relayed === undefined || isNewer(time, relayed);
}

/** Remembers that the alive message of this time was passed on. */
export function markRelayed(members: Members, pkiId: PkiId, time: PeerTime): void {
  const member = members.table.get(pkiId);
  if (member === undefined) return;
  replace(members, { ...member, relayed: time });
}

/** Puts the member into the map and counts it. What else depends on it must be the same: see {@link putMember}. */
export function replace(members: Members, member: Member): void {
  members.table.set(member.pkiId, member);
  members.replacements += 1;
  if (member.status === "dead" || member.isCutOff) members.outcasts += 1;
}

/** Puts the member into the map, and keeps counts, endpoints and tombstones consistent. */
export function putMember(members: Members, member: Member): void {
  const known = members.table.get(member.pkiId);
  const before = known?.status === "alive" ? 1 : 0;
  const hasMoved = (known?.endpoint === "") !== (member.endpoint === "");
  if (known?.status !== member.status || hasMoved || known.isCutOff !== member.isCutOff) {
    noteChange(members, member.pkiId);
  }
  replace(members, member);
  if (known === undefined) members.tombstones.delete(member.pkiId);
  const endpoint = preferredEndpoint(member);
  if (known && preferredEndpoint(known) !== endpoint) leaveEndpoint(members, known);
  const isNew = endpoint !== "" && members.byEndpoint.get(endpoint) !== member.pkiId;
  if (isNew) members.byEndpoint.set(endpoint, member.pkiId);
  const after = member.status === "alive" ? 1 : 0;
  members.aliveCount += after - before;
  if (after > before) members.arrivals += 1;
}

/** Removes a member's previous endpoint, which keeps the map of endpoints bounded. */
export function leaveEndpoint({ byEndpoint }: Members, member: Member): void {
  const endpoint = preferredEndpoint(member);
  if (byEndpoint.get(endpoint) === member.pkiId) byEndpoint.delete(endpoint);
}

/** The member last known at this endpoint, if any. */
export function memberAt(members: Members, endpoint: string): Member | undefined {
  const pkiId = members.byEndpoint.get(endpoint);
  return pkiId === undefined ? undefined : members.table.get(pkiId);
}

/** Result of an alive message. */
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

/** Applies an authentic alive message that somebody is alive. */
export function hearAlive(
  { members, now, options }: Context & { readonly members: Members },
  verified: Verified<Alive>,
  how: HowHeard,
): Sight {
  const { pkiId, time } = verified.claim;
  const { mspId: ownMspId } = options.self;
  if (!isSignOfLife(members, pkiId, time, how.hearing))
    return complete(members, verified, ownMspId);
  const isNewest = isNews(members, pkiId, time);
  const { isFirstHand, isPresent } = WEIGHT[how.hearing];
  const known = members.table.get(pkiId);
  if (!known && members.table.size >= options.limits.membersMax) return { type: "members-full" };
  const firstHand = isFirstHand ? time : firstHandOf(members, pkiId);
  const described = describeMember(verified, ownMspId, known);
  const isCutOff = known?.status === "dead" && known.isCutOff && !isPresent;
  if (isCutOff && !(isFirstHand && isSaidSince(known, time, options, now))) {
    const knownAtDeath = knownAtDeathOf(known, time, options, now);
    putMember(members, { ...known, ...described, firstHand, knownAtDeath });
    return { type: "doubtful" };
  }
  const member = heardMember(described, firstHand, known, how, now);
  putMember(members, member);
  const events = newsOf(member, known);
  return { type: "alive", isNews: isNewest, wasAlive: known?.status === "alive", events };
}

/**
 * Whether a message is the one that we keep, with the secret that somebody has stripped from it, and the
 * secret tells something new. A foreign relay strips each of them, which costs nothing then.
 */
export function bringsSecret({ table }: Members, alive: Alive, ownMspId: string): boolean {
  const known = table.get(alive.pkiId);
  if (known?.mspId !== ownMspId || alive.internalEndpoint === known.internalEndpoint) return false;
  return isReplacedBy(known.alive, alive);
}

function complete(members: Members, verified: Verified<Alive>, ownMspId: string): Sight {
  const known = members.table.get(verified.claim.pkiId);
  if (!known || !bringsSecret(members, verified.claim, ownMspId)) return { type: "stale" };
  const member = { ...known, ...describeMember(verified, ownMspId, known) };
  putMember(members, member);
  const event = { type: "member-updated", member } as const;
  return { type: "completed", events: known.status === "alive" ? [event] : [] };
}

/** The member as of a message heard just now. */
function heardMember(
  described: Described,
  firstHand: PeerTime | undefined,
  known: Member | undefined,
  { hearing, relayed = described.relayed }: HowHeard,
  now: Now,
): Member {
  const wasAlive = known?.status === "alive";
  const { isFirstHand, isPresent } = WEIGHT[hearing];
  // Field by field: this object is made for each heartbeat, and a spread is slow.
  return {
    pkiId: described.pkiId,
    mspId: described.mspId,
    author: described.author,
    endpoint: described.endpoint,
    internalEndpoint: described.internalEndpoint,
    metadata: described.metadata,
    time: described.time,
    alive: described.alive,
    relayed,
    firstHand,
    status: "alive",
    lastSeenMs: now.elapsedMs,
    heardMs: wasAlive && !isFirstHand ? known.heardMs : now.elapsedMs,
    sinceMs: wasAlive ? known.sinceMs : now.elapsedMs,
    reconnectAtMs: now.elapsedMs,
    // A list does not settle a suspicion.
    isSuspect: !isFirstHand && (known?.isSuspect ?? false),
    isCutOff: !isPresent && known?.isCutOff === true && isStillCutOff(known, described.time),
    knownAtDeath: undefined,
  };
}

/**
 * Learns an unknown member from a list of dead ones. Of a known one it learns the newest message;
 * whether it lives is for others to say.
 */
export function hearDead(
  { members, now, options }: Context & { readonly members: Members },
  verified: Verified<Alive>,
): readonly CoreEvent[] | "members-full" {
  const { pkiId, time } = verified.claim;
  if (!isNews(members, pkiId, time)) return [];
  const known = members.table.get(pkiId);
  if (known === undefined && members.table.size >= options.limits.membersMax) return "members-full";
  const described = describeMember(verified, options.self.mspId, known);
  if (known !== undefined) {
    const knownAtDeath = knownAtDeathOf(known, time, options, now);
    const member: Member = { ...known, ...described, knownAtDeath };
    putMember(members, member);
    return known.status === "alive" && isChanged(member, known)
      ? [{ type: "member-updated", member }]
      : [];
  }
  const heard = heardMember(described, firstHandOf(members, pkiId), undefined, LISTED, now);
  const member: Member = { ...heard, status: "dead" };
  putMember(members, member);
  return [{ type: "member-dead", member, reason: "listed-dead" }];
}

/** The author's data from the newer of the known message and this one. */
function describeMember(
  { claim: alive, author }: Verified<Alive>,
  ownMspId: string,
  known: Member | undefined,
): Described {
  if (known !== undefined && !isReplacedBy(known.alive, alive)) return known;
  const owned = ownedAlive(alive);
  return {
    pkiId: alive.pkiId,
    mspId: author.mspId,
    author,
    endpoint: alive.endpoint,
    // Relays may have dropped the secret: its absence says nothing about the internal endpoint.
    // Ignore another organisation's internal endpoint even if it reaches us.
    internalEndpoint:
      author.mspId === ownMspId ? (alive.internalEndpoint ?? known?.internalEndpoint) : undefined,
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
