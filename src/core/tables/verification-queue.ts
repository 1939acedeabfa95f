/**
 * Claims that wait: for their turn, because a list may hold thousands and one step must stay short,
 * or for the identity of their author, because it is still unknown.
 */

import { sameView } from "../../wire/bytes.ts";
import { ownedEnvelope } from "../../wire/kept-envelope.ts";
import type { MembershipResponse } from "../../wire/messages.ts";
import { isNewer, ownedAlive } from "../../wire/received.ts";
import { RIGHTS } from "../rules/rights.ts";
import type { AliveClaim, Claim } from "../types/claim.ts";
import type { DropCode } from "../types/drop.ts";
import type { Now, PkiId } from "../types/host.ts";

/** A membership response that is being worked through, a few entries in each step. */
export interface ListClaim {
  readonly from: PkiId;
  /** Members listed as alive, then those listed as dead. */
  readonly entries: readonly Uint8Array[];
  /** How many are listed as alive. */
  readonly living: number;
  /** Bytes of all entries. */
  readonly bytes: number;
  /** How many entries are done. */
  done: number;
  /** What was not used so far, by reason: told once, at the end. */
  readonly dropped: Map<DropCode, number>;
}

interface Aside {
  readonly claim: AliveClaim;
  readonly sinceMs: number;
}

export interface VerificationQueue {
  readonly backlog: Claim[];
  /** How many at the front of the backlog are done. */
  done: number;
  /** At most one response of each peer; further ones are refused until it is done. */
  readonly lists: Map<PkiId, ListClaim>;
  /** Identities to be judged again because trust has changed; before everything else. */
  readonly rejudge: Set<PkiId>;
  /** The newest claim about each author whose identity is unknown, oldest entry first. */
  readonly aside: Map<PkiId, Aside>;
  /** How many of these each peer has brought. */
  readonly asideBy: Map<PkiId, number>;
}

/** Bytes of all queued responses. */
const LIST_BYTES_MAX = 67_108_864;
/** Unknown authors of whom something is kept; with the limit of an alive message 32 MiB. */
const ASIDE_MAX = 4_096;
/** Of these from one peer, so that it cannot push out what others have brought. */
const ASIDE_PER_PEER_MAX = 2_048;
/** The done part of the backlog is dropped when it has grown to this. */
const DONE_MAX = 1_024;

export function createVerificationQueue(): VerificationQueue {
  return {
    backlog: [],
    done: 0,
    lists: new Map(),
    rejudge: new Set(),
    aside: new Map(),
    asideBy: new Map(),
  };
}

/** Queues a claim for its check; false if the backlog is full. Keeps a copy of its bytes. */
export function enqueueClaim(queue: VerificationQueue, claim: Claim, max: number): boolean {
  if (queue.backlog.length - queue.done >= max) return false;
  queue.backlog.push(ownClaim(claim));
  return true;
}

/** A claim that outlives the step that brought it must not pin the network buffer it lies in. */
function ownClaim(claim: Claim): Claim {
  if (claim.type === "alive") return { ...claim, alive: ownedAlive(claim.alive) };
  const { item } = claim;
  const envelope = ownedEnvelope(item.envelope);
  const certificate = sameView(item.certificate, item.envelope.bytes, envelope.bytes);
  return { ...claim, item: { ...item, certificate, envelope } };
}

/** Queues a response; false if one of the same peer waits already, or too many bytes wait. */
export function enqueueList(
  queue: VerificationQueue,
  from: PkiId,
  { alive, dead }: MembershipResponse,
): boolean {
  let waiting = 0;
  for (const list of queue.lists.values()) waiting += list.bytes;
  const entries = dead.length === 0 ? alive : [...alive, ...dead];
  let bytes = 0;
  for (const entry of entries) bytes += entry.length;
  if (queue.lists.has(from) || waiting + bytes > LIST_BYTES_MAX) return false;
  const list = { from, entries, living: alive.length, bytes, done: 0, dropped: new Map() };
  queue.lists.set(from, list);
  return true;
}

/** The response has been worked through. */
export function finishList({ lists }: VerificationQueue, { from }: ListClaim): void {
  lists.delete(from);
}

/** Has these identities judged again. */
export function enqueueRejudge({ rejudge }: VerificationQueue, pkiIds: Iterable<PkiId>): void {
  for (const pkiId of pkiIds) rejudge.add(pkiId);
}

/** Removes and returns the next identity to be judged again. */
export function takeRejudged({ rejudge }: VerificationQueue): PkiId | undefined {
  const [pkiId] = rejudge;
  if (pkiId !== undefined) rejudge.delete(pkiId);
  return pkiId;
}

/** Removes and returns the next claim. */
export function takeClaim(queue: VerificationQueue): Claim | undefined {
  const claim = queue.backlog[queue.done];
  if (claim === undefined) return undefined;
  queue.done += 1;
  if (queue.done === queue.backlog.length || queue.done >= DONE_MAX) {
    queue.backlog.splice(0, queue.done);
    queue.done = 0;
  }
  return claim;
}

/**
 * Keeps a claim until its author's identity is known. The best one of each author wins; when
 * there are too many, the one waiting longest is given up. False: its peer has brought too many.
 */
export function setAside(queue: VerificationQueue, claim: AliveClaim, now: Now): boolean {
  const { pkiId } = claim.alive;
  const waiting = queue.aside.get(pkiId);
  if (waiting !== undefined && !isBetter(claim, waiting.claim)) return true;
  const { from } = claim;
  const isOneMore = waiting?.claim.from !== from;
  if (isOneMore && (queue.asideBy.get(from) ?? 0) >= ASIDE_PER_PEER_MAX) return false;
  dropAside(queue, pkiId);
  if (queue.aside.size >= ASIDE_MAX) {
    const [oldest] = queue.aside.keys();
    if (oldest !== undefined) dropAside(queue, oldest);
  }
  const owned = { ...claim, alive: ownedAlive(claim.alive) };
  queue.aside.set(pkiId, { claim: owned, sinceMs: now.elapsedMs });
  queue.asideBy.set(from, (queue.asideBy.get(from) ?? 0) + 1);
  return true;
}

/** A list must not push out what was gossiped, however new its entry is; of its like the newer wins. */
function isBetter(claim: AliveClaim, than: AliveClaim): boolean {
  const [priority, its] = [priorityOf(claim), priorityOf(than)];
  return priority > its || (priority === its && isNewer(claim.alive.time, than.alive.time));
}

function priorityOf({ source }: AliveClaim): number {
  return RIGHTS[source].waitPriority ?? 0;
}

/** Drops the claim kept for an author. */
export function dropAside({ aside, asideBy }: VerificationQueue, pkiId: PkiId): void {
  const waiting = aside.get(pkiId);
  if (waiting === undefined) return;
  aside.delete(pkiId);
  const { from } = waiting.claim;
  const left = (asideBy.get(from) ?? 0) - 1;
  if (left > 0) asideBy.set(from, left);
  else asideBy.delete(from);
}

/** The identity has become known: what was kept aside for it, if it is news still. */
export function takeAside(
  queue: VerificationQueue,
  pkiId: PkiId,
  maxAgeMs: number,
  now: Now,
): AliveClaim | undefined {
  const waiting = queue.aside.get(pkiId);
  dropAside(queue, pkiId);
  return waiting && isFresh(waiting, maxAgeMs, now) ? waiting.claim : undefined;
}

/** Gives up what has waited so long that its author would count as silent. */
export function tidyAside(queue: VerificationQueue, maxAgeMs: number, now: Now): void {
  for (const [pkiId, waiting] of queue.aside) {
    if (!isFresh(waiting, maxAgeMs, now)) dropAside(queue, pkiId);
  }
}

function isFresh({ sinceMs }: Aside, maxAgeMs: number, now: Now): boolean {
  return now.elapsedMs - sinceMs <= maxAgeMs;
}
