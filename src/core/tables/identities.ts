/**
 * The identity table: which certificates we know, since when they were last needed, and when they
 * go. Source: spec A 5.4, C1 7 (Fabric's `identity.go`).
 */

import { type Effect, notify } from "../types/effect.ts";
import type { LearntFrom } from "../types/event.ts";
import type { Identity, Now, PkiId } from "../types/host.ts";

export interface KnownIdentity {
  readonly identity: Identity;
  readonly learntFrom: LearntFrom;
  /** It has been at the other end of a connection: it is somebody, not only a name. */
  hasConnected: boolean;
  /** Elapsed time at which it was last looked up. */
  lastUsedMs: number;
  /** The shortest notice of its expiry that was given, in milliseconds; Infinity: none yet. */
  noticeMs: number;
}

export interface Identities {
  readonly table: Map<PkiId, KnownIdentity>;
  /** The PKI-IDs of each certificate, the oldest first: see certificate-names.ts. */
  readonly byCertificate: Map<string, readonly PkiId[]>;
  /** Wall time before which no identity in the table expires. */
  nextExpiryMs: number;
  /** Wall time before which no notice of an expiry is to be given. */
  nextNoticeMs: number;
  /** The earliest notice is given so long before the end. */
  readonly longestNoticeMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** `noticesMs`: how long before the end of a certificate notice is given, descending. */
export function createIdentities([longestNoticeMs = -NEVER]: readonly number[]): Identities {
  return {
    table: new Map(),
    byCertificate: new Map(),
    nextExpiryMs: NEVER,
    nextNoticeMs: NEVER,
    longestNoticeMs,
  };
}

/** The identity, which counts as needed at this moment. */
export function useIdentity(identities: Identities, pkiId: PkiId, now: Now): Identity | undefined {
  const known = identities.table.get(pkiId);
  if (known === undefined) return undefined;
  known.lastUsedMs = now.elapsedMs;
  return known.identity;
}

/**
 * Adds an identity that was judged valid. The table has room for `max`; above that the new one is
 * refused (`undefined`): make-room.ts frees a place first. Learning a known one again changes little.
 */
export function learnIdentity(
  identities: Identities,
  identity: Identity,
  learntFrom: LearntFrom,
  max: number,
  now: Now,
): readonly Effect[] | undefined {
  const { pkiId, certificate } = identity;
  const known = identities.table.get(pkiId);
  const hasConnected = learntFrom === "handshake";
  if (known !== undefined) {
    known.hasConnected ||= hasConnected;
    return [];
  }
  if (identities.table.size >= max) return undefined;
  const [lastUsedMs, noticeMs] = [now.elapsedMs, NEVER];
  identities.table.set(pkiId, { identity, learntFrom, hasConnected, lastUsedMs, noticeMs });
  const names = identities.byCertificate.get(certificate) ?? [];
  identities.byCertificate.set(certificate, [...names, pkiId]);
  const noticeAtMs = identity.notAfterMs - identities.longestNoticeMs;
  identities.nextNoticeMs = Math.min(identities.nextNoticeMs, noticeAtMs);
  identities.nextExpiryMs = Math.min(identities.nextExpiryMs, identity.notAfterMs);
  return [notify({ type: "identity-learnt", identity, learntFrom })];
}

/** Removes an identity; undefined if it was not there. */
export function removeIdentity(identities: Identities, pkiId: PkiId): Identity | undefined {
  const known = identities.table.get(pkiId);
  if (known === undefined) return undefined;
  identities.table.delete(pkiId);
  const { certificate } = known.identity;
  const names = identities.byCertificate.get(certificate)?.filter((name) => name !== pkiId) ?? [];
  if (names.length > 0) identities.byCertificate.set(certificate, names);
  else identities.byCertificate.delete(certificate);
  return known.identity;
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
