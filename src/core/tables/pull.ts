/**
 * Identities are pulled: a round asks a few peers what they have (hello), learns the lists (digest),
 * asks one owner for each missing item (request) and gets the signed items (update). Each message is
 * tied to the peer and the nonce that it belongs to. Source: spec C 2 to 5 (Fabric's `algo/pull.go`,
 * `pullstore.go`, `certstore.go`).
 */

import { BoundedMap } from "../../lib/bounded-map.ts";
import type { DataDigest } from "../../wire/messages.ts";
import { PKI_ID_CODEC } from "../../wire/received.ts";
import type { Now, PkiId, Random } from "../types/host.ts";
import type { Context } from "../types/options.ts";

/** Somebody we pull from or answer. The endpoint is a fallback: a connection comes first. */
export interface PullPeer {
  readonly pkiId: PkiId;
  readonly endpoint: string;
}

/** What was said between us and one peer in a round. */
export interface Exchange {
  readonly nonce: bigint;
  readonly endpoint: string;
  hasAnswered: boolean;
  /** Requested items that have not arrived. */
  readonly requested: Set<PkiId>;
}

interface Round {
  /** Digests are collected first; then each item is asked from one owner. */
  phase: "digests" | "updates";
  untilMs: number;
  readonly exchanges: Map<PkiId, Exchange>;
  /** Owners by missing item. */
  readonly owners: Map<PkiId, PkiId[]>;
}

interface Hello {
  readonly nonce: bigint;
  readonly untilMs: number;
}

export interface Pull {
  /** Encoded envelopes of items that we can hand on, as we got them; our own among them. */
  readonly offered: Map<PkiId, Uint8Array>;
  round: Round | undefined;
  /** Hellos we answered and whose requests we still accept. */
  readonly hellos: Map<PkiId, readonly Hello[]>;
  /** Items we learnt of otherwise, and the peer that knows them: reason for a round at once. */
  readonly wanted: Map<PkiId, PkiId>;
  /** No round is started out of turn before this moment. */
  urgentAtMs: number;
  /**
   * Until when items are not asked for again: from nobody (by id) because we judged them ourselves,
   * or from one peer (by peer and id) because what it sent under that id was worthless.
   */
  readonly shunned: BoundedMap<string, number>;
  /** Items forgotten as unused, and until when they are not asked for: unless their owner shows life. */
  readonly resting: BoundedMap<PkiId, number>;
}

/** Minimum interval between unscheduled rounds. */
const URGENT_PAUSE_MS = 200;
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
    shunned: new BoundedMap(SHUNNED_MAX),
    resting: new BoundedMap(SHUNNED_MAX),
  };
}

/** Records a peer that knows a missing item, for an immediate round. */
export function want(pull: Pull, id: PkiId, from: PkiId, now: Now): void {
  pull.resting.delete(id);
  if (isShunned(pull, id, from, now) || pull.wanted.size >= WANTED_MAX) return;
  pull.wanted.set(id, from);
}

/**
 * Whom to ask at once for items that we lack, once for each item; nobody if we asked just now. The
 * next message of an author that is still unknown asks for it again.
 */
export function takeWanted(pull: Pull, now: Now): readonly PkiId[] {
  const { wanted, urgentAtMs } = pull;
  if (wanted.size === 0 || now.elapsedMs < urgentAtMs) return [];
  pull.urgentAtMs = now.elapsedMs + URGENT_PAUSE_MS;
  const known = [...wanted.values()];
  wanted.clear();
  return known;
}

/** Begins a round with peers that were greeted with these nonces. */
export function openRound(
  pull: Pull,
  greeted: readonly (PullPeer & { readonly nonce: bigint })[],
  untilMs: number,
): void {
  const exchanges = new Map<PkiId, Exchange>();
  for (const { pkiId, endpoint, nonce } of greeted) {
    exchanges.set(pkiId, { nonce, endpoint, hasAnswered: false, requested: new Set() });
  }
  pull.round = { phase: "digests", untilMs, exchanges, owners: new Map() };
}

export function closeRound(pull: Pull): void {
  pull.round = undefined;
}

/** Notes what a peer of the round has that we lack. False: it was not asked, or has answered. */
export function noteDigest(
  pull: Pull,
  from: PkiId,
  { nonce, digests }: Pick<DataDigest, "nonce" | "digests">,
  { ids = PKI_ID_CODEC, limits }: Context<"ids" | "limits">["options"],
  now: Now,
): boolean {
  const { round } = pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "digests" || exchange?.nonce !== nonce || exchange.hasAnswered) return false;
  exchange.hasAnswered = true;
  for (const item of digests) {
    const id = ids.read(item);
    if (id === undefined || pull.offered.has(id) || !isAskedFor(pull, id, from, now)) continue;
    const owners = round.owners.get(id);
    if (owners) owners.push(from);
    else if (round.owners.size < limits.pullItemsMax) round.owners.set(id, [from]);
  }
  return true;
}

/** Whether all peers of the round have said what they have. */
export function haveAllAnswered({ round }: Pull): boolean {
  return [...(round?.exchanges.values() ?? [])].every(({ hasAnswered }) => hasAnswered);
}

/**
 * Chooses one random owner for each missing item; the round waits for them from now on, or ends if there
 * are none. Returns what to request from whom.
 */
export function chooseOwners(
  pull: Pull,
  random: Random,
  untilMs: number,
): readonly (readonly [PkiId, Exchange])[] {
  const { round } = pull;
  if (round === undefined) return [];
  for (const [item, owners] of round.owners) {
    const owner = owners[random.below(owners.length)];
    if (owner !== undefined) round.exchanges.get(owner)?.requested.add(item);
  }
  const asked = [...round.exchanges].filter(([, { requested }]) => requested.size > 0);
  if (asked.length === 0) closeRound(pull);
  round.phase = "updates";
  round.untilMs = untilMs;
  return asked;
}

/** What the peer was asked for and has not sent; undefined: nothing, or under another nonce. */
export function requestedFrom({ round }: Pull, from: PkiId, nonce: bigint): Set<PkiId> | undefined {
  const exchange = round?.exchanges.get(from);
  return round?.phase === "updates" && exchange?.nonce === nonce ? exchange.requested : undefined;
}

/** Ends the round if everything has come. */
export function closeIfComplete(pull: Pull): void {
  const exchanges = [...(pull.round?.exchanges.values() ?? [])];
  if (exchanges.every(({ requested }) => requested.size === 0)) closeRound(pull);
}

/** Notes a hello, whose request is accepted until then. False: too many of the peer are. */
export function noteHello(pull: Pull, from: PkiId, hello: Hello, max: number, now: Now): boolean {
  const current = currentHellos(pull, from, now);
  if (current.length >= max) return false;
  pull.hellos.set(from, [...current, hello]);
  return true;
}

/** Whether a request follows a hello of the same peer. */
export function isGreeted(pull: Pull, from: PkiId, nonce: bigint, now: Now): boolean {
  return currentHellos(pull, from, now).some((hello) => hello.nonce === nonce);
}

function currentHellos({ hellos }: Pull, from: PkiId, now: Now): readonly Hello[] {
  return (hellos.get(from) ?? []).filter(({ untilMs }) => untilMs > now.elapsedMs);
}

/** Offers a verified item to others. */
export function offer(pull: Pull, id: PkiId, envelope: Uint8Array): void {
  pull.offered.set(id, envelope);
}

/** Offers an item no longer. */
export function withdraw({ offered }: Pull, id: PkiId): void {
  offered.delete(id);
}

/** Trust has changed: what was refused may be valid now. */
export function forgiveItems({ shunned }: Pull): void {
  shunned.clear();
}

/** Ignores an invalid item for a while, whoever offers it. */
export function shun(pull: Pull, id: PkiId, now: Now): void {
  pull.shunned.set(id, now.elapsedMs + SHUN_MS);
}

/**
 * What this peer sent as the item could not be verified: it is not asked for it again for a while.
 * Others are, or anybody could keep the item from us by sending rubbish under its id.
 */
export function shunFrom(pull: Pull, id: PkiId, from: PkiId, now: Now): void {
  pull.shunned.set(offerOf(id, from), now.elapsedMs + SHUN_MS);
}

function offerOf(id: string, from: PkiId): string {
  return `${from} ${id}`;
}

/** The items that are not asked for at present, from everybody or from some, and until when. */
export function shunnedItems({ shunned }: Pull): ReadonlyMap<string, number> {
  const items = new Map<string, number>();
  for (const [key, untilMs] of shunned) {
    const id = key.slice(key.lastIndexOf(" ") + 1);
    items.set(id, Math.max(items.get(id) ?? 0, untilMs));
  }
  return items;
}

/** An item that nobody needed is not asked for again for so long, or everybody would keep it for ever. */
export function rest(pull: Pull, id: PkiId, forMs: number, now: Now): void {
  pull.resting.set(id, now.elapsedMs + forMs);
}

/** Whether the item may be requested from the peer. */
export function isAskedFor(pull: Pull, id: PkiId, from: PkiId, now: Now): boolean {
  const restsUntilMs = pull.resting.get(id) ?? 0;
  return restsUntilMs <= now.elapsedMs && !isShunned(pull, id, from, now);
}

function isShunned({ shunned }: Pull, id: PkiId, from: PkiId, now: Now): boolean {
  const untilMs = Math.max(shunned.get(id) ?? 0, shunned.get(offerOf(id, from)) ?? 0);
  return untilMs > now.elapsedMs;
}

/** Forgets what is over: hellos that entitle to nothing any more, items that may be tried again. */
export function tidyPull(pull: Pull, now: Now): void {
  dropOver(pull.shunned, now);
  dropOver(pull.resting, now);
  for (const peer of pull.hellos.keys()) {
    const current = currentHellos(pull, peer, now);
    if (current.length === 0) pull.hellos.delete(peer);
    else pull.hellos.set(peer, current);
  }
}

function dropOver<Id>(map: BoundedMap<Id, number>, now: Now): void {
  for (const [id, untilMs] of map) if (untilMs <= now.elapsedMs) map.delete(id);
}
