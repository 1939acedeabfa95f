/**
 * Members that cannot be reached, die and are forgotten, and what is left of those that were. Source:
 * spec B 1.8 (Fabric's `discovery_impl.go`).
 */

import { type Effect, notify } from "../types/effect.ts";
import type { CoreEvent, DeathReason } from "../types/event.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Context } from "../types/options.ts";
import { noteChange } from "./changes.ts";
import { leaveEndpoint, type Members, putMember, replace } from "./members.ts";

interface DeathTables extends Context<"timing"> {
  readonly members: Members;
}

/** Turns an alive member into a dead one; its connections are closed. */
export function declareDead(
  { members, now }: DeathTables,
  known: Member,
  reason: Exclude<DeathReason, "listed-dead">,
  reconnectAtMs: number,
): readonly Effect[] {
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
    { type: "disconnect", pkiId: member.pkiId, why: { code: "member-dead", detail: reason } },
  ];
}

/** Changes what does not decide about neighbours. */
function amend(members: Members, pkiId: PkiId, change: Partial<Member>): void {
  const known = members.table.get(pkiId);
  if (known === undefined) return;
  replace(members, { ...known, ...change });
}

/** Marks an alive member that could not be reached; false if there is nothing to confirm. */
export function suspect(members: Members, pkiId: PkiId): boolean {
  const known = members.table.get(pkiId);
  if (known?.status !== "alive" || known.isSuspect || known.isCutOff) return false;
  amend(members, pkiId, { isSuspect: true });
  return true;
}

/** Clears the suspicion of a member that answered. */
export function clearSuspicion(members: Members, pkiId: PkiId, now: Now): void {
  amend(members, pkiId, { isSuspect: false, heardMs: now.elapsedMs });
}

/** Clears one that came too early to be confirmed: whether the member lives stays open. */
export function withdrawSuspicion(members: Members, pkiId: PkiId): void {
  amend(members, pkiId, { isSuspect: false });
}

/** Marks a connected member as reachable. */
export function markReachable(members: Members, pkiId: PkiId): void {
  if (!members.table.get(pkiId)?.isCutOff) return;
  amend(members, pkiId, { isCutOff: false });
  noteChange(members, pkiId);
}

export function scheduleReconnect(members: Members, pkiId: PkiId, atMs: number): void {
  amend(members, pkiId, { reconnectAtMs: atMs });
}

/** Removes a member. Its time is remembered, so that a message relayed late cannot bring it back. */
export function forgetMember(
  { members, now, options }: DeathTables,
  pkiId: PkiId,
  reason: Extract<CoreEvent, { type: "member-forgotten" }>["reason"],
): readonly Effect[] {
  const member = members.table.get(pkiId);
  if (member === undefined) return [];
  members.table.delete(pkiId);
  members.replacements += 1;
  noteChange(members, pkiId);
  if (member.status === "alive") members.aliveCount -= 1;
  leaveEndpoint(members, member);
  const untilMs = now.elapsedMs + options.timing.forgetAfterMs;
  members.tombstones.set(pkiId, { time: member.time, untilMs });
  return [notify({ type: "member-forgotten", member, reason })];
}

/** After our own process stood still for `stallMs`, silence of that length proves nothing. */
export function forgiveStall(members: Members, stallMs: number): void {
  for (const [pkiId, member] of members.table) {
    if (member.status !== "alive") continue;
    const lastSeenMs = member.lastSeenMs + stallMs;
    members.table.set(pkiId, { ...member, lastSeenMs, heardMs: member.heardMs + stallMs });
  }
  members.replacements += 1;
}

/** A dead member that was forgotten is still listed by others: remember it longer. */
export function keepForgotten({ tombstones }: Members, pkiId: PkiId, untilMs: number): void {
  const tombstone = tombstones.get(pkiId);
  if (tombstone !== undefined) tombstones.set(pkiId, { ...tombstone, untilMs });
}

/** Drops expired tombstones. */
export function dropTombstones({ tombstones }: Members, now: Now): void {
  for (const [pkiId, { untilMs }] of tombstones) {
    if (untilMs <= now.elapsedMs) tombstones.delete(pkiId);
  }
}
