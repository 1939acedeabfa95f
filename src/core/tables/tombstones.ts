/** What is left of forgotten members, so that an old message cannot bring them back. */
import type { PeerTime } from "../../wire/messages.ts";
import type { Now, PkiId } from "../types/host.ts";

interface Tombstone {
  /** Of the newest message, from wherever it came. */
  readonly time: PeerTime;
  /** Of the newest one that was gossiped to us or came from the member itself. */
  readonly firstHand: PeerTime | undefined;
  readonly untilMs: number;
}

/** By PKI-ID, the oldest first. */
export type Tombstones = Map<PkiId, Tombstone>;

/** As many as the largest network we are built for; beyond it the oldest gives way. */
const TOMBSTONES_MAX = 20_000;

export function addTombstone(tombstones: Tombstones, pkiId: PkiId, tombstone: Tombstone): void {
  if (tombstones.size >= TOMBSTONES_MAX) {
    const [oldest] = tombstones.keys();
    if (oldest !== undefined) tombstones.delete(oldest);
  }
  tombstones.set(pkiId, tombstone);
}

/** A dead member that was forgotten is still listed by others: remember it longer. */
export function keepForgotten(tombstones: Tombstones, pkiId: PkiId, untilMs: number): void {
  const tombstone = tombstones.get(pkiId);
  if (tombstone !== undefined) tombstones.set(pkiId, { ...tombstone, untilMs });
}

/** Drops what is left of members forgotten long ago. */
export function dropTombstones(tombstones: Tombstones, now: Now): void {
  for (const [pkiId, { untilMs }] of tombstones) {
    if (untilMs <= now.elapsedMs) tombstones.delete(pkiId);
  }
}
