/**
 * The pull engine, what both roles share: hello, digest, request, update. A round asks a few peers
 * what they have (hello), learns the lists (digest), asks one owner for each missing item (request)
 * and gets the signed items (update). Every step is tied to the peer and the nonce it belongs to.
 * The engine does not know what it pulls: a `PullSubject` tells (identities in identity-pull.ts).
 * The asking side is in pull-ask.ts, the answering side in pull-answer.ts.
 * Source: spec C 2 to 5 (Fabric's `algo/pull.go`, `pullstore.go`, `certstore.go`).
 */

import { encodeUnsigned } from "../../wire/envelope.ts";
import type { Content } from "../../wire/messages.ts";
import { type Effect, send } from "../types/effect.ts";
import type { Now, PkiId, Random } from "../types/host.ts";
import type { CoreLimits, Timing } from "../types/options.ts";
import type { PullSubject } from "../types/pull.ts";

/** Somebody we pull from or answer. The endpoint is a fallback: a connection comes first. */
export interface PullPeer {
  readonly pkiId: PkiId;
  readonly endpoint: string;
}

/** What the engine needs of the core's options. */
export interface PullOptions {
  readonly timing: Timing;
  readonly limits: CoreLimits;
  readonly random: Random;
}

/** What was said between us and one peer in a round. */
export interface Exchange<Id extends string> {
  readonly nonce: bigint;
  readonly endpoint: string;
  hasAnswered: boolean;
  /** What we asked it for and have not got yet. */
  readonly requested: Set<Id>;
}

export interface Round<Id extends string> {
  /** Digests are collected first; then each item is asked from one owner. */
  phase: "digests" | "updates";
  untilMs: number;
  readonly exchanges: Map<PkiId, Exchange<Id>>;
  /** Who has what we miss. */
  readonly owners: Map<Id, PkiId[]>;
}

interface Hello {
  readonly nonce: bigint;
  readonly untilMs: number;
}

export interface Pull<Id extends string> {
  readonly subject: PullSubject<Id>;
  /** Encoded envelopes of items that we can hand on, as we got them; our own among them. */
  readonly offered: Map<Id, Uint8Array>;
  round: Round<Id> | undefined;
  /** Hellos we answered and whose requests we still accept. */
  readonly hellos: Map<PkiId, readonly Hello[]>;
  /** Items we learnt of otherwise, and the peer that knows them: reason for a round at once. */
  readonly wanted: Map<Id, PkiId>;
  /** No round is started out of turn before this moment. */
  urgentAtMs: number;
  /**
   * Until when items are not asked for again: from nobody (by id) because we judged them ourselves,
   * or from one peer (by peer and id) because what it sent under that id was worthless.
   */
  readonly shunned: Map<string, number>;
  /** Items forgotten as unused, and until when they are not asked for: unless their owner shows life. */
  readonly resting: Map<Id, number>;
}

/** How long an item that could not be verified is not asked for again. */
const SHUN_MS = 60_000;
const WANTED_MAX = 1_000;
const SHUNNED_MAX = 10_000;

export function createPull<Id extends string>(subject: PullSubject<Id>): Pull<Id> {
  return {
    subject,
    offered: new Map(),
    round: undefined,
    hellos: new Map(),
    wanted: new Map(),
    urgentAtMs: 0,
    shunned: new Map(),
    resting: new Map(),
  };
}

/** When the pull needs attention out of the regular turn. */
export function nextPullMs<Id extends string>({ round, wanted, urgentAtMs }: Pull<Id>): number {
  if (round !== undefined) return round.untilMs;
  return wanted.size > 0 ? urgentAtMs : Number.POSITIVE_INFINITY;
}

/** This peer knows an item that we miss: it will be asked for it at once. */
export function want<Id extends string>(pull: Pull<Id>, id: Id, from: PkiId, now: Now): void {
  pull.resting.delete(id);
  if (isShunned(pull, id, from, now) || pull.wanted.size >= WANTED_MAX) return;
  pull.wanted.set(id, from);
}

/** A verified item may be handed on from now on. */
export function offer<Id extends string>(pull: Pull<Id>, id: Id, envelope: Uint8Array): void {
  pull.offered.set(id, envelope);
}

/** An item that we do not believe any more is left alone for a while, whoever offers it. */
export function shun<Id extends string>(pull: Pull<Id>, id: Id, now: Now): void {
  putUntil(pull.shunned, id, now.elapsedMs + SHUN_MS);
}

/**
 * What this peer sent as the item could not be verified: it is not asked for it again for a while.
 * Others are, or anybody could keep the item from us by sending rubbish under its id.
 */
export function shunFrom<Id extends string>(pull: Pull<Id>, id: Id, from: PkiId, now: Now): void {
  putUntil(pull.shunned, offerOf(id, from), now.elapsedMs + SHUN_MS);
}

function offerOf(id: string, from: PkiId): string {
  return `${from} ${id}`;
}

/** The items that are not asked for at present, from everybody or from some, and until when. */
export function shunnedItems<Id extends string>({
  shunned,
}: Pull<Id>): ReadonlyMap<string, number> {
  const items = new Map<string, number>();
  for (const [key, untilMs] of shunned) {
    const id = key.slice(key.lastIndexOf(" ") + 1);
    items.set(id, Math.max(items.get(id) ?? 0, untilMs));
  }
  return items;
}

/** An item that nobody needed is not asked for again for so long, or everybody would keep it for ever. */
export function rest<Id extends string>(pull: Pull<Id>, id: Id, forMs: number, now: Now): void {
  putUntil(pull.resting, id, now.elapsedMs + forMs);
}

/** Whether the peer may be asked for the item. */
export function isAskedFor<Id extends string>(
  pull: Pull<Id>,
  id: Id,
  from: PkiId,
  now: Now,
): boolean {
  const restsUntilMs = pull.resting.get(id) ?? 0;
  return restsUntilMs <= now.elapsedMs && !isShunned(pull, id, from, now);
}

function isShunned<Id extends string>(
  { shunned }: Pull<Id>,
  id: Id,
  from: PkiId,
  now: Now,
): boolean {
  const untilMs = Math.max(shunned.get(id) ?? 0, shunned.get(offerOf(id, from)) ?? 0);
  return untilMs > now.elapsedMs;
}

/** Adds an entry; if there are too many, the oldest gives way. */
function putUntil<Key extends string>(map: Map<Key, number>, id: Key, untilMs: number): void {
  map.delete(id);
  if (map.size >= SHUNNED_MAX) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(id, untilMs);
}

/** Forgets what is over: hellos that entitle to nothing any more, items that may be tried again. */
export function tidyPull<Id extends string>(pull: Pull<Id>, now: Now): void {
  dropOver(pull.shunned, now);
  dropOver(pull.resting, now);
  for (const [peer, hellos] of pull.hellos) {
    const current = hellos.filter(({ untilMs }) => untilMs > now.elapsedMs);
    if (current.length === 0) pull.hellos.delete(peer);
    else pull.hellos.set(peer, current);
  }
}

function dropOver(map: Map<string, number>, now: Now): void {
  for (const [id, untilMs] of map) if (untilMs <= now.elapsedMs) map.delete(id);
}

/** Sends one message of the pull; they are all unsigned and alike but for their content. */
export function sendPull<Id extends string>(
  { subject }: Pull<Id>,
  { pkiId, endpoint }: PullPeer,
  content: Extract<Content, { type: "hello" | "digest" | "request" | "update" }>,
): Effect {
  const { tag, channel } = subject;
  return send(pkiId, endpoint, { bytes: encodeUnsigned({ tag, channel, content }) });
}
