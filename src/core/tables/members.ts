/**
 * Who is a member, alive or dead. One map, one status per member, newer wins; nobody else changes
 * it. Source: spec B 1.5 to 1.8 (Fabric's `discovery_impl.go`).
 */

import type { PeerTime } from "../../wire/messages.ts";
import type { Party } from "../rules/disclosure.ts";
import { isNewer, WEIGHT } from "../rules/messages.ts";
import { type Effect, notify } from "../types/effect.ts";
import type { CoreEvent, DeathReason } from "../types/event.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Hearing, Member } from "../types/member.ts";
import { addTombstone, type Tombstones } from "./tombstones.ts";

export interface Members {
  readonly table: Map<PkiId, Member>;
  readonly tombstones: Tombstones;
  /** Who was last at an endpoint. */
  readonly byEndpoint: Map<string, PkiId>;
  aliveCount: number;
  /** Changes whenever it may matter for the choice of neighbours. */
  version: number;
  /** How often somebody became alive, new or returned. */
  arrivals: number;
}

export function createMembers(): Members {
  return {
    table: new Map(),
    tombstones: new Map(),
    byEndpoint: new Map(),
    aliveCount: 0,
    version: 0,
    arrivals: 0,
  };
}

/** The member as far as disclosure is concerned. */
export function partyOf({ mspId, endpoint }: Member): Party {
  return { mspId, isExternal: endpoint !== "" };
}

/** The endpoint to dial: the internal one if we know it (Fabric's `PreferredEndpoint`). */
export function preferredEndpoint(member: Member): string {
  return member.internalEndpoint || member.endpoint;
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
  // Nobody else can repeat what a member says over its own connection.
  return WEIGHT[hearing].isPresent && !isNewer(firstHand, time);
}

/** Time of the newest message of the member, or of its tombstone, that was heard first-hand. */
export function firstHandOf({ table, tombstones }: Members, pkiId: PkiId): PeerTime | undefined {
  return (table.get(pkiId) ?? tombstones.get(pkiId))?.firstHand;
}

/** Whether an alive message with this time, gossiped to us, still has to be passed on. */
export function isToRelay(members: Members, pkiId: PkiId, time: PeerTime): boolean {
  const member = members.table.get(pkiId);
  if (member === undefined) return isSignOfLife(members, pkiId, time, "gossip");
  return member.relayed === undefined || isNewer(time, member.relayed);
}

/** Remembers that the alive message of this time was passed on. */
export function markRelayed(members: Members, pkiId: PkiId, time: PeerTime): void {
  const member = members.table.get(pkiId);
  if (member !== undefined) members.table.set(pkiId, { ...member, relayed: time });
}

/** The only way into the map, so that the count and the tombstones are always right. */
export function putMember(members: Members, member: Member): void {
  const known = members.table.get(member.pkiId);
  const before = known?.status === "alive" ? 1 : 0;
  if (known?.status !== member.status || (known.endpoint === "") !== (member.endpoint === "")) {
    members.version += 1;
  }
  members.table.set(member.pkiId, member);
  members.tombstones.delete(member.pkiId);
  if (known !== undefined) leaveEndpoint(members, known);
  const endpoint = preferredEndpoint(member);
  if (endpoint !== "") members.byEndpoint.set(endpoint, member.pkiId);
  const after = member.status === "alive" ? 1 : 0;
  members.aliveCount += after - before;
  if (after > before) members.arrivals += 1;
}

/** Whoever moves on is not found where it was, or the map of endpoints would grow without end. */
function leaveEndpoint({ byEndpoint }: Members, member: Member): void {
  const endpoint = preferredEndpoint(member);
  if (byEndpoint.get(endpoint) === member.pkiId) byEndpoint.delete(endpoint);
}

/** Turns an alive member into a dead one; its connections are closed. */
export function declareDead(
  members: Members,
  pkiId: PkiId,
  reason: Exclude<DeathReason, "listed-dead">,
  reconnectAtMs: number,
  now: Now,
): readonly Effect[] {
  const known = members.table.get(pkiId);
  if (known?.status !== "alive") return [];
  const member: Member = {
    ...known,
    status: "dead",
    sinceMs: now.elapsedMs,
    isSuspect: false,
    isCutOff: reason === "unreachable",
    knownAtDeath: known.time,
    reconnectAtMs,
  };
  putMember(members, member);
  return [
    notify({ type: "member-dead", member, reason }),
    { type: "disconnect", pkiId, why: { code: "member-dead", detail: reason } },
  ];
}

/** Marks an alive member that could not be reached; false if there is nothing to confirm. */
export function suspect(members: Members, pkiId: PkiId): boolean {
  const known = members.table.get(pkiId);
  if (known?.status !== "alive" || known.isSuspect || known.isCutOff) return false;
  members.table.set(pkiId, { ...known, isSuspect: true });
  return true;
}

/** The member answered: it is not gone. */
export function clearSuspicion(members: Members, pkiId: PkiId, now: Now): void {
  const known = members.table.get(pkiId);
  if (known === undefined) return;
  members.table.set(pkiId, { ...known, isSuspect: false, heardMs: now.elapsedMs });
}

/** There is a connection: we can reach each other after all. */
export function markReachable(members: Members, pkiId: PkiId): void {
  const known = members.table.get(pkiId);
  if (!known?.isCutOff) return;
  members.table.set(pkiId, { ...known, isCutOff: false });
  members.version += 1;
}

/** The member last known at this endpoint, if any. */
export function memberAt(members: Members, endpoint: string): Member | undefined {
  const pkiId = members.byEndpoint.get(endpoint);
  return pkiId === undefined ? undefined : members.table.get(pkiId);
}

export function scheduleReconnect(members: Members, pkiId: PkiId, atMs: number): void {
  const known = members.table.get(pkiId);
  if (known !== undefined) members.table.set(pkiId, { ...known, reconnectAtMs: atMs });
}

/**
 * Removes a member. Its time is remembered for `rememberMs`, so that a message relayed late cannot
 * bring it back.
 */
export function forgetMember(
  members: Members,
  pkiId: PkiId,
  reason: Extract<CoreEvent, { type: "member-forgotten" }>["reason"],
  rememberMs: number,
  now: Now,
): readonly Effect[] {
  const member = members.table.get(pkiId);
  if (member === undefined) return [];
  members.table.delete(pkiId);
  members.version += 1;
  if (member.status === "alive") members.aliveCount -= 1;
  leaveEndpoint(members, member);
  const { time, firstHand } = member;
  const untilMs = now.elapsedMs + rememberMs;
  addTombstone(members.tombstones, pkiId, { time, firstHand, untilMs });
  return [notify({ type: "member-forgotten", member, reason })];
}

/** After our own process stood still for `stallMs`, silence of that length proves nothing. */
export function forgiveStall(members: Members, stallMs: number): void {
  for (const [pkiId, member] of members.table) {
    if (member.status !== "alive") continue;
    const lastSeenMs = member.lastSeenMs + stallMs;
    members.table.set(pkiId, { ...member, lastSeenMs, heardMs: member.heardMs + stallMs });
  }
}
