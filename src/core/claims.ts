/**
 * Claims that wait: for their turn at the signature check, because a list may hold thousands and
 * one step must stay short, or for the identity of their author, because it is still unknown.
 */
import { copyBytes } from "../wire/bytes.ts";
import { ownedEnvelope } from "../wire/envelope.ts";
import type { PkiId } from "./abilities.ts";
import { type Alive, ownedAlive } from "./alive.ts";
import { isNewer } from "./message-order.ts";
import type { IdentityClaim } from "./verify.ts";

/** Where a claim that somebody is alive (or dead) came from; it decides what follows from it. */
export type AliveSource =
  /** Gossiped to us: relayed if new. */
  | "gossip"
  /** Listed as alive in a membership response. */
  | "listed-alive"
  /** Listed as dead in a membership response. */
  | "listed-dead";

export type Claim =
  | {
      readonly type: "alive";
      readonly from: PkiId;
      readonly source: AliveSource;
      readonly alive: Alive;
    }
  | { readonly type: "identity"; readonly from: PkiId; readonly item: IdentityClaim }
  /** Trust has changed: is the identity still valid? */
  | { readonly type: "rejudge"; readonly pkiId: PkiId };

export type AliveClaim = Extract<Claim, { type: "alive" }>;

export interface Claims {
  readonly backlog: Claim[];
  /** How many at the front of the backlog are done. */
  done: number;
  /** The newest claim about each author whose identity is unknown, oldest entry first. */
  readonly aside: Map<PkiId, AliveClaim>;
}

export function createClaims(): Claims {
  return { backlog: [], done: 0, aside: new Map() };
}

/** Queues a claim for its check; false if the backlog is full. Keeps a copy of its bytes. */
export function enqueueClaim(claims: Claims, claim: Claim, max: number): boolean {
  if (claims.backlog.length - claims.done >= max) return false;
  claims.backlog.push(ownClaim(claim));
  return true;
}

/** A claim that outlives the step that brought it must not pin the network buffer it lies in. */
function ownClaim(claim: Claim): Claim {
  if (claim.type === "rejudge") return claim;
  if (claim.type === "alive") return { ...claim, alive: ownedAlive(claim.alive) };
  const { item } = claim;
  const certificate = copyBytes(item.certificate);
  return { ...claim, item: { ...item, certificate, envelope: ownedEnvelope(item.envelope) } };
}

export function hasBacklog(claims: Claims): boolean {
  return claims.backlog.length > claims.done;
}

/** Takes the next claim to be checked. */
export function nextClaim(claims: Claims): Claim | undefined {
  const claim = claims.backlog[claims.done];
  if (claim === undefined) return undefined;
  claims.done += 1;
  if (claims.done === claims.backlog.length) {
    claims.backlog.length = 0;
    claims.done = 0;
  }
  return claim;
}

/**
 * Keeps a claim until its author's identity is known. The newest one of each author wins; when
 * there are too many, the one waiting longest is given up.
 */
export function setAside(claims: Claims, claim: AliveClaim, max: number): void {
  const { pkiId, time } = claim.alive;
  const waiting = claims.aside.get(pkiId);
  if (waiting !== undefined && !isNewer(time, waiting.alive.time)) return;
  claims.aside.delete(pkiId);
  if (claims.aside.size >= max) {
    const [oldest] = claims.aside.keys();
    if (oldest !== undefined) claims.aside.delete(oldest);
  }
  claims.aside.set(pkiId, { ...claim, alive: ownedAlive(claim.alive) });
}

/** The identity has become known: what was kept aside for it, if anything. */
export function takeAside(claims: Claims, pkiId: PkiId): AliveClaim | undefined {
  const claim = claims.aside.get(pkiId);
  claims.aside.delete(pkiId);
  return claim;
}
