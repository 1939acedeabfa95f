/**
 * What a heartbeat changes that says nothing new. Members are replaced, never changed, with this one
 * exception: in a network of 1,000, two hundred are confirmed every second.
 */
import type { Alive } from "../../wire/received.ts";
import type { Now } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { type Members, preferredEndpoint } from "./members.ts";

type Changeable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A living member has been heard of by gossip, or from itself; the message, kept from now on, is passed on. */
export function confirmMember(
  { byEndpoint, table }: Members,
  member: Changeable<Member>,
  alive: Alive,
  { elapsedMs }: Now,
): void {
  if (member.metadata !== alive.metadata) member.metadata = alive.metadata;
  member.time = alive.time;
  member.alive = alive;
  member.firstHand = alive.time;
  member.relayed = alive.time;
  member.lastSeenMs = elapsedMs;
  member.heardMs = elapsedMs;
  member.reconnectAtMs = elapsedMs;
  member.knownAtDeath = undefined;
  // As many endpoints as members: each member has its own already.
  if (byEndpoint.size === table.size) return;
  const endpoint = preferredEndpoint(member);
  if (endpoint === "" || byEndpoint.get(endpoint) === member.pkiId) return;
  byEndpoint.set(endpoint, member.pkiId);
}
