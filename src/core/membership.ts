/**
 * Who is a member, alive or dead. One map, one status per member, newer wins; nobody else changes
 * it. Source: spec B 1.5 to 1.8 (Fabric's `discovery_impl.go`).
 */
import type { PeerTime } from "../wire/messages.ts";
import type { Now, PkiId } from "./abilities.ts";
import { type Alive, ownedAlive } from "./alive.ts";
import type { Party } from "./disclosure.ts";
import { type Effect, notify } from "./effect.ts";
import type { DeathReason, GossipEvent } from "./event.ts";
import { isNewer } from "./message-order.ts";
import { addTombstone, type Tombstones } from "./tombstones.ts";
import type { Verified } from "./verify.ts";

/** A member as we know it. Replaced, never changed, so it can be handed out. */
export interface Member {
  readonly pkiId: PkiId;
  readonly mspId: string;
  readonly status: "alive" | "dead";
  /** External endpoint; may be empty. */
  readonly endpoint: string;
  /** Known for members of our own organisation only. */
  readonly internalEndpoint: string | undefined;
  readonly metadata: Uint8Array;
  /** Time of the newest alive message, from wherever it came. */
  readonly time: PeerTime;
  /** The newest alive message itself. */
  readonly alive: Alive;
  /** Elapsed time at which the newest alive message arrived. */
  readonly lastSeenMs: number;
  /**
   * Elapsed time at which it was last heard of otherwise than from a list: lists may be old, and pass
   * what is in them from one to the other.
   */
  readonly heardMs: number;
  /** Elapsed time at which the present status began. */
  readonly sinceMs: number;
  /** Time of the newest alive message that was gossiped to us: older ones are not relayed again. */
  readonly relayed: PeerTime | undefined;
  /** When a dead member is to be tried again. */
  readonly reconnectAtMs: number;
  /** A send to it failed, and a ping has yet to confirm that it is gone. */
  readonly isSuspect: boolean;
  /**
   * It was declared dead as unreachable, and others have brought news of it since: we cannot reach it
   * although it lives. Only silence makes it dead again, until it connects.
   */
  readonly isCutOff: boolean;
}

export interface Members {
  readonly table: Map<PkiId, Member>;
  readonly tombstones: Tombstones;
  /** Who was last at an endpoint. */
  readonly byEndpoint: Map<string, PkiId>;
  aliveCount: number;
  /** Changes whenever it may matter for the choice of neighbours. */
  version: number;
}

export function createMembers(): Members {
  return {
    table: new Map(),
    tombstones: new Map(),
    byEndpoint: new Map(),
    aliveCount: 0,
    version: 0,
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

/** Whether an alive message with this time would tell us anything new about the member. */
export function isNews(members: Members, pkiId: PkiId, time: PeerTime): boolean {
  const known = members.table.get(pkiId)?.time ?? members.tombstones.get(pkiId)?.time;
  return known === undefined || isNewer(time, known);
}

/** Whether an alive message with this time, gossiped to us, still has to be passed on. */
export function isToRelay(members: Members, pkiId: PkiId, time: PeerTime): boolean {
  const member = members.table.get(pkiId);
  if (member === undefined) return isNews(members, pkiId, time);
  return member.relayed === undefined || isNewer(time, member.relayed);
}

/** Remembers that the alive message of this time was passed on. */
export function markRelayed(members: Members, pkiId: PkiId, time: PeerTime): void {
  const member = members.table.get(pkiId);
  if (member !== undefined) members.table.set(pkiId, { ...member, relayed: time });
}

/** Applies an authentic alive message. One that is not newer changes nothing. */
export function applyAlive(
  members: Members,
  { claim: alive, author }: Verified<Alive>,
  ownMspId: string,
  membersMax: number,
  isFirstHand: boolean,
  now: Now,
): readonly Effect[] | "members-full" {
  if (!isNews(members, alive.pkiId, alive.time)) return [];
  const known = members.table.get(alive.pkiId);
  if (known === undefined && members.table.size >= membersMax) return "members-full";

  const member: Member = {
    ...describeMember(alive, author.mspId, ownMspId, known, now),
    status: "alive",
    heardMs: known?.status === "alive" && !isFirstHand ? known.heardMs : now.elapsedMs,
    sinceMs: known?.status === "alive" ? known.sinceMs : now.elapsedMs,
  };
  putMember(members, member);
  const event = newsOf(member, known);
  return event === undefined ? [] : [notify(event)];
}

/**
 * Learns an unknown member from a list of dead ones. Of a known one it learns the newest message,
 * which then proves nothing any more if it comes late; whether it lives is for others to say.
 */
export function learnDead(
  members: Members,
  { claim: alive, author }: Verified<Alive>,
  ownMspId: string,
  membersMax: number,
  now: Now,
): readonly Effect[] | "members-full" {
  if (!isNews(members, alive.pkiId, alive.time)) return [];
  const known = members.table.get(alive.pkiId);
  if (known === undefined && members.table.size >= membersMax) return "members-full";
  const described = describeMember(alive, author.mspId, ownMspId, known, now);
  if (known !== undefined) {
    const { status, lastSeenMs, heardMs, sinceMs, reconnectAtMs, isSuspect } = known;
    const times = { lastSeenMs, heardMs, sinceMs, reconnectAtMs };
    const member: Member = { ...described, ...times, status, isSuspect };
    putMember(members, member);
    const isTold = status === "alive" && isChanged(member, known);
    return isTold ? [notify({ type: "member-updated", member })] : [];
  }
  const { elapsedMs } = now;
  const member: Member = { ...described, status: "dead", heardMs: elapsedMs, sinceMs: elapsedMs };
  putMember(members, member);
  return [notify({ type: "member-dead", member, reason: "listed-dead" })];
}

/** A heartbeat came on its way, whether or not a list had told of it before. */
export function markHeard(members: Members, pkiId: PkiId, now: Now): void {
  const member = members.table.get(pkiId);
  if (member !== undefined) members.table.set(pkiId, { ...member, heardMs: now.elapsedMs });
}

function describeMember(
  alive: Alive,
  mspId: string,
  ownMspId: string,
  known: Member | undefined,
  now: Now,
): Omit<Member, "status" | "heardMs" | "sinceMs"> {
  const owned = ownedAlive(alive);
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
    lastSeenMs: now.elapsedMs,
    relayed: known?.relayed,
    reconnectAtMs: now.elapsedMs,
    isSuspect: false,
    isCutOff: known?.isCutOff ?? false,
  };
}

function newsOf(member: Member, known: Member | undefined): GossipEvent | undefined {
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

/** The only way into the map, so that the count and the tombstones are always right. */
function putMember(members: Members, member: Member): void {
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
  members.aliveCount += (member.status === "alive" ? 1 : 0) - before;
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
    reconnectAtMs,
  };
  putMember(members, member);
  return [
    notify({ type: "member-dead", member, reason }),
    { type: "disconnect", pkiId, reason: `member is dead: ${reason}` },
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
  reason: Extract<GossipEvent, { type: "member-forgotten" }>["reason"],
  rememberMs: number,
  now: Now,
): readonly Effect[] {
  const member = members.table.get(pkiId);
  if (member === undefined) return [];
  members.table.delete(pkiId);
  members.version += 1;
  if (member.status === "alive") members.aliveCount -= 1;
  leaveEndpoint(members, member);
  addTombstone(members.tombstones, pkiId, member.time, now.elapsedMs + rememberMs);
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
