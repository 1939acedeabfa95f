/**
 * Identity pull, what both roles share: hello, digest, request, update. A round asks a few peers what
 * they have (hello), learns the lists (digest), asks one owner for each missing item (request) and
 * gets the signed items (update). Every step is tied to the peer and the nonce it belongs to. The
 * asking side is in pull-ask.ts, the answering side in pull-answer.ts.
 * Source: spec C1 2 to 5 (Fabric's `algo/pull.go`, `pullstore.go`, `certstore.go`).
 */
import type { Envelope } from "../wire/envelope.ts";
import type { Now, PkiId } from "./abilities.ts";

/** What was said between us and one peer in a round. */
export interface Exchange {
  readonly nonce: bigint;
  readonly endpoint: string;
  hasAnswered: boolean;
  /** What we asked it for and have not got yet. */
  readonly requested: Set<PkiId>;
}

export interface Round {
  /** Digests are collected first; then each item is asked from one owner. */
  phase: "digests" | "updates";
  untilMs: number;
  readonly exchanges: Map<PkiId, Exchange>;
  /** Who has what we miss. */
  readonly owners: Map<PkiId, PkiId[]>;
}

interface Hello {
  readonly nonce: bigint;
  readonly untilMs: number;
}

export interface Pull {
  /** Signed identity messages that we can hand on, as we got them; our own among them. */
  readonly offered: Map<PkiId, Envelope>;
  round: Round | undefined;
  /** Hellos we answered and whose requests we still accept. */
  readonly hellos: Map<PkiId, readonly Hello[]>;
  /** Unknown authors of news, and the peer that brought the news: reason for a round at once. */
  readonly wanted: Map<PkiId, PkiId>;
  /** No round is started out of turn before this moment. */
  urgentAtMs: number;
  /** Items that turned out worthless, and until when they are not asked for again. */
  readonly shunned: Map<PkiId, number>;
}

/** How long an item that could not be verified is not asked for again. */
const SHUN_MS = 60_000;
const WANTED_MAX = 1_000;
const SHUNNED_MAX = 10_000;

export function createPull(): Pull {
  return {
    offered: new Map(),
    round: undefined,
    hellos: new Map(),
    wanted: new Map(),
    urgentAtMs: 0,
    shunned: new Map(),
  };
}

/** When the pull needs attention out of the regular turn. */
export function nextPullMs(pull: Pull): number {
  if (pull.round !== undefined) return pull.round.untilMs;
  return pull.wanted.size > 0 ? pull.urgentAtMs : Number.POSITIVE_INFINITY;
}

/** News of an unknown author came from this peer: it will be asked for the identity at once. */
export function wantIdentity(pull: Pull, pkiId: PkiId, from: PkiId, now: Now): void {
  if (isShunned(pull, pkiId, now) || pull.wanted.size >= WANTED_MAX) return;
  pull.wanted.set(pkiId, from);
}

/** A verified item may be handed on from now on. */
export function offerIdentity(pull: Pull, pkiId: PkiId, envelope: Envelope): void {
  pull.offered.set(pkiId, envelope);
}

/** An item that could not be verified is left alone for a while, whoever offers it. */
export function shunIdentity(pull: Pull, pkiId: PkiId, now: Now): void {
  if (pull.shunned.size >= SHUNNED_MAX) dropShunned(pull, now);
  if (pull.shunned.size < SHUNNED_MAX) pull.shunned.set(pkiId, now.elapsedMs + SHUN_MS);
}

export function isShunned(pull: Pull, pkiId: PkiId, now: Now): boolean {
  const untilMs = pull.shunned.get(pkiId);
  return untilMs !== undefined && untilMs > now.elapsedMs;
}

/** Forgets what is over: hellos that entitle to nothing any more, items that may be tried again. */
export function tidyPull(pull: Pull, now: Now): void {
  dropShunned(pull, now);
  for (const [peer, hellos] of pull.hellos) {
    const current = hellos.filter(({ untilMs }) => untilMs > now.elapsedMs);
    if (current.length === 0) pull.hellos.delete(peer);
    else pull.hellos.set(peer, current);
  }
}

function dropShunned(pull: Pull, now: Now): void {
  for (const [pkiId, untilMs] of pull.shunned) {
    if (untilMs <= now.elapsedMs) pull.shunned.delete(pkiId);
  }
}
