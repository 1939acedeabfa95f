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
  /** The shortest notice of its expiry that was given, in milliseconds; Infinity: none yet. */
  noticeMs: number;
}

export interface Identities {
  readonly table: Map<PkiId, KnownIdentity>;
  /** Under which PKI-ID a certificate is known: one certificate is one member. */
  readonly byCertificate: Map<string, PkiId>;
  /** How many are known of each organisation. */
  readonly perMsp: Map<string, number>;
  /** Wall time before which no identity in the table expires. */
  nextExpiryMs: number;
  /** Wall time of the earliest notice of an expiry that is to be given. */
  nextNoticeMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export function createIdentities(): Identities {
  return {
    table: new Map(),
    byCertificate: new Map(),
    perMsp: new Map(),
    nextExpiryMs: NEVER,
    nextNoticeMs: NEVER,
  };
}

/** Looks an identity up. Being looked up counts as being used. */
export function findIdentity(identities: Identities, pkiId: PkiId, now: Now): Identity | undefined {
  const known = identities.table.get(pkiId);
  if (known === undefined) return undefined;
  known.lastUsedMs = now.elapsedMs;
  return known.identity;
}

/** The other PKI-ID under which the same certificate is known, if it is. */
export function otherIdOf(
  { byCertificate }: Identities,
  { certificate, pkiId }: Identity,
): PkiId | undefined {
  const known = byCertificate.get(certificate);
  return known === pkiId ? undefined : known;
}

/** Identities looked at, the oldest first, when one has to make room. */
const VICTIMS_MAX = 500;

/**
 * Who makes room for an identity of this organisation when the table is full: somebody `isIdle`,
 * else anybody of an organisation that has more than this one. Undefined: nobody.
 */
export function findVictim(
  { table, perMsp }: Identities,
  mspId: string,
  isIdle: (pkiId: PkiId) => boolean,
  isKept: (pkiId: PkiId) => boolean,
): PkiId | undefined {
  const ours = perMsp.get(mspId) ?? 0;
  let looked = 0;
  let fallback: PkiId | undefined;
  for (const [pkiId, { identity, learntFrom }] of table) {
    if (looked++ >= VICTIMS_MAX) break;
    if (isKept(pkiId)) continue;
    if (isIdle(pkiId)) return pkiId;
    const isOfMany = (perMsp.get(identity.mspId) ?? 0) > ours + 1;
    if (isOfMany && learntFrom !== "handshake") fallback ??= pkiId;
  }
  return fallback;
}

/** Adds an identity that was judged valid, if there is room. Learning a known one changes nothing. */
export function learnIdentity(
  identities: Identities,
  identity: Identity,
  learntFrom: LearntFrom,
  now: Now,
): readonly Effect[] {
  const { table, byCertificate, perMsp } = identities;
  if (table.has(identity.pkiId)) return [];
  const lastUsedMs = now.elapsedMs;
  table.set(identity.pkiId, { identity, learntFrom, lastUsedMs, noticeMs: NEVER });
  byCertificate.set(identity.certificate, identity.pkiId);
  perMsp.set(identity.mspId, (perMsp.get(identity.mspId) ?? 0) + 1);
  identities.nextNoticeMs = Number.NEGATIVE_INFINITY; // Looked at in this very step.
  identities.nextExpiryMs = Math.min(identities.nextExpiryMs, identity.notAfterMs);
  return [notify({ type: "identity-learnt", identity, learntFrom })];
}

/** Removes an identity; undefined if it was not there. */
export function removeIdentity(identities: Identities, pkiId: PkiId): Identity | undefined {
  const { table, byCertificate, perMsp } = identities;
  const known = table.get(pkiId);
  if (known === undefined) return undefined;
  const { identity } = known;
  table.delete(pkiId);
  if (byCertificate.get(identity.certificate) === pkiId) byCertificate.delete(identity.certificate);
  const left = (perMsp.get(identity.mspId) ?? 0) - 1;
  if (left > 0) perMsp.set(identity.mspId, left);
  else perMsp.delete(identity.mspId);
  return identity;
}

/**
 * Identities that must go now because their certificate expired, at most `max` of them. The host
 * comes back for the others at once.
 */
export function expiredIdentities(identities: Identities, max: number, now: Now): readonly PkiId[] {
  if (now.wallMs < identities.nextExpiryMs) return [];
  const expired: PkiId[] = [];
  let earliest = NEVER;
  for (const { identity } of identities.table.values()) {
    if (identity.notAfterMs > now.wallMs) earliest = Math.min(earliest, identity.notAfterMs);
    else if (expired.length < max) expired.push(identity.pkiId);
    else return expired;
  }
  identities.nextExpiryMs = earliest;
  return expired;
}

/**
 * Gives notice of certificates that expire soon: once for each of the `noticesMs` (descending) that
 * is reached; of several reached at once only the shortest.
 */
export function noticeExpiring(
  identities: Identities,
  noticesMs: readonly number[],
  now: Now,
): readonly Effect[] {
  if (now.wallMs < identities.nextNoticeMs) return [];
  identities.nextNoticeMs = NEVER;
  const effects: Effect[] = [];
  for (const known of identities.table.values()) {
    const { notAfterMs } = known.identity;
    const leftMs = notAfterMs - now.wallMs;
    const due = noticesMs.findLast((noticeMs) => leftMs <= noticeMs);
    if (due !== undefined && due < known.noticeMs) {
      known.noticeMs = due;
      effects.push(notify({ type: "identity-expiring", identity: known.identity, noticeMs: due }));
    }
    const next = noticesMs.find((noticeMs) => noticeMs < Math.min(leftMs, known.noticeMs));
    if (next !== undefined) {
      identities.nextNoticeMs = Math.min(identities.nextNoticeMs, notAfterMs - next);
    }
  }
  return effects;
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
