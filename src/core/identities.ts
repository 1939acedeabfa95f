/**
 * The identity table: which certificates we know, since when they were last needed, and when they
 * go. Source: spec A 5.4, C1 7 (Fabric's `identity.go`).
 */
import type { Identity, Now, PkiId } from "./abilities.ts";
import { type Effect, notify } from "./effect.ts";
import type { LearntFrom } from "./event.ts";

export interface KnownIdentity {
  readonly identity: Identity;
  readonly learntFrom: LearntFrom;
  /** Elapsed time at which it was last looked up. */
  lastUsedMs: number;
}

export interface Identities {
  readonly table: Map<PkiId, KnownIdentity>;
  /** Wall time of the earliest expiry in the table; Infinity if it is empty. */
  nextExpiryMs: number;
}

export function createIdentities(): Identities {
  return { table: new Map(), nextExpiryMs: Number.POSITIVE_INFINITY };
}

/** Looks an identity up. Being looked up counts as being used. */
export function findIdentity(identities: Identities, pkiId: PkiId, now: Now): Identity | undefined {
  const known = identities.table.get(pkiId);
  if (known === undefined) return undefined;
  known.lastUsedMs = now.elapsedMs;
  return known.identity;
}

/**
 * Adds an identity that was judged valid. The table has room for `max`; above that the new one is
 * refused (`undefined`), never an old one evicted. Learning a known one again changes nothing.
 */
export function learnIdentity(
  identities: Identities,
  identity: Identity,
  learntFrom: LearntFrom,
  max: number,
  now: Now,
): readonly Effect[] | undefined {
  if (identities.table.has(identity.pkiId)) return [];
  if (identities.table.size >= max) return undefined;
  identities.table.set(identity.pkiId, { identity, learntFrom, lastUsedMs: now.elapsedMs });
  identities.nextExpiryMs = Math.min(identities.nextExpiryMs, identity.notAfterMs);
  return [notify({ type: "identity-learnt", identity, learntFrom })];
}

/** Removes an identity; undefined if it was not there. */
export function removeIdentity(identities: Identities, pkiId: PkiId): Identity | undefined {
  const known = identities.table.get(pkiId);
  if (known === undefined) return undefined;
  identities.table.delete(pkiId);
  if (known.identity.notAfterMs <= identities.nextExpiryMs) {
    identities.nextExpiryMs = earliestExpiry(identities);
  }
  return known.identity;
}

function earliestExpiry(identities: Identities): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { identity } of identities.table.values()) {
    earliest = Math.min(earliest, identity.notAfterMs);
  }
  return earliest;
}

/** The identities that must go now because their certificate expired. */
export function expiredIdentities(identities: Identities, now: Now): readonly PkiId[] {
  if (now.wallMs < identities.nextExpiryMs) return [];
  return [...identities.table.values()]
    .filter(({ identity }) => identity.notAfterMs <= now.wallMs)
    .map(({ identity }) => identity.pkiId);
}

/** The identities nobody needed for `unusedMs`. Those in `exempt` stay whatever happens. */
export function unusedIdentities(
  identities: Identities,
  unusedMs: number,
  isExempt: (known: KnownIdentity) => boolean,
  now: Now,
): readonly PkiId[] {
  const unused: PkiId[] = [];
  for (const known of identities.table.values()) {
    if (now.elapsedMs - known.lastUsedMs > unusedMs && !isExempt(known)) {
      unused.push(known.identity.pkiId);
    }
  }
  return unused;
}
