/**
 * The identity table: which certificates we know, since when they were last needed, and when they
 * go. Source: spec A 5.4, C1 7 (Fabric's `identity.go`).
 */

import { BoundedMap } from "../../lib/bounded-map.ts";
import type { PeerTime } from "../../wire/messages.ts";
import { isNewer } from "../../wire/received.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { NameFault } from "../types/drop.ts";
import { type Effect, notify } from "../types/effect.ts";
import type { LearntFrom } from "../types/event.ts";
import type { Identity, Now, PkiId } from "../types/host.ts";
import type { Context, Timing } from "../types/options.ts";
import type { Members } from "./members.ts";

export interface KnownIdentity {
  readonly identity: Identity;
  readonly learntFrom: LearntFrom;
  /** It was once connected, so it is more than a claimed name. */
  hasConnected: boolean;
  /** Elapsed time at which it was last looked up. Routine heartbeats do without: see {@link usedMs}. */
  lastUsedMs: number;
  /** The shortest notice of its expiry that was given, in milliseconds; Infinity: none yet. */
  noticeMs: number;
}

export interface Identities {
  readonly table: Map<PkiId, KnownIdentity>;
  /** The PKI-IDs of each certificate, the oldest first: see certificate-names.ts. */
  readonly byCertificate: Map<string, readonly PkiId[]>;
  /** Certificates with more than one. */
  severalNames: number;
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
    severalNames: 0,
    nextExpiryMs: NEVER,
    nextNoticeMs: NEVER,
    longestNoticeMs,
  };
}

/** Returns the identity and marks it as used. */
export function useIdentity(identities: Identities, pkiId: PkiId, now: Now): Identity | undefined {
  const known = identities.table.get(pkiId);
  if (known === undefined) return undefined;
  known.lastUsedMs = now.elapsedMs;
  return known.identity;
}

/** Elapsed time at which it was last needed, be it for a heartbeat of its member. */
export function usedMs({ table }: Members, { identity, lastUsedMs }: KnownIdentity): number {
  return Math.max(lastUsedMs, table.get(identity.pkiId)?.heardMs ?? lastUsedMs);
}

/** Whether an identity is known, valid still, and the only name of its certificate. */
export function isInUse(identities: Identities, identity: Identity, now: Now): boolean {
  return identities.table.has(identity.pkiId) && isOnlyName(identities, identity, now);
}

/** The same of one from the table. */
export function isOnlyName(
  { byCertificate, severalNames }: Identities,
  { certificate, notAfterMs }: Identity,
  now: Now,
): boolean {
  if (notAfterMs <= now.wallMs) return false;
  return severalNames === 0 || byCertificate.get(certificate)?.length === 1;
}

/**
 * Adds an identity that was judged valid. If the table is full, it is refused
 * (`undefined`): make-room.ts frees a place first. Learning a known one again changes little.
 */
export function learnIdentity(
  { identities, now, options }: Context<"limits"> & { readonly identities: Identities },
  identity: Identity,
  learntFrom: LearntFrom,
): readonly Effect[] | undefined {
  const { pkiId, certificate } = identity;
  const known = identities.table.get(pkiId);
  const hasConnected = learntFrom === "handshake";
  if (known !== undefined) {
    known.hasConnected ||= hasConnected;
    return [];
  }
  if (identities.table.size >= options.limits.identitiesMax) return undefined;
  const [lastUsedMs, noticeMs] = [now.elapsedMs, NEVER];
  identities.table.set(pkiId, { identity, learntFrom, hasConnected, lastUsedMs, noticeMs });
  const names = identities.byCertificate.get(certificate) ?? [];
  identities.byCertificate.set(certificate, [...names, pkiId]);
  if (names.length === 1) identities.severalNames += 1;
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
  if (names.length === 1) identities.severalNames -= 1;
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

/** The identities that nobody has needed for long. Those that are exempt stay whatever happens. */
export function unusedIdentities(
  { identities, now, options }: Context<"timing"> & { readonly identities: Identities },
  isExempt: (pkiId: PkiId) => boolean,
): readonly PkiId[] {
  const sinceMs = now.elapsedMs - options.timing.identityUnusedMs;
  const unused = [...identities.table].filter(
    ([pkiId, { lastUsedMs }]) => lastUsedMs < sinceMs && !isExempt(pkiId),
  );
  return unused.map(([pkiId]) => pkiId);
}

/** Evidence that a certificate uses a PKI-ID. */
export interface NameProof {
  /** Of the alive message that it signed; undefined: what it signed has no time. */
  readonly time: PeerTime | undefined;
  /** Its owner is at the other end of a connection: nobody can replay that. */
  readonly isPresent: boolean;
}

/** Names of one certificate that stand side by side while nothing tells which is the newest. */
const NAMES_MAX = 3;
/** A certificate takes another name once in so many heartbeats: a restart with another file. */
const RENAME_HEARTBEATS = 2;

/** What a certificate said last under a name that was forgotten since. */
export interface LastWord {
  readonly pkiId: PkiId;
  readonly time: PeerTime;
  readonly untilMs: number;
}

/** What is remembered of certificates that changed their PKI-ID. */
export interface CertificateNames {
  /** When each last changed it; at most one entry for each identity. */
  readonly renamed: Map<string, number>;
  /** By certificate, of members that were forgotten. */
  readonly lastWords: BoundedMap<string, LastWord>;
}

/** The tables that tell which names a certificate has, and who spoke under them when. */
interface NameTables extends Context<"timing"> {
  readonly names: CertificateNames;
  readonly identities: Identities;
  readonly members: Members;
}

export function createCertificateNames(): CertificateNames {
  return { renamed: new Map(), lastWords: new BoundedMap(LAST_WORDS_MAX) };
}

/** As many as tombstones; beyond it the oldest gives way. */
const LAST_WORDS_MAX = 20_000;

const GIVES_UP_NONE = accept<readonly PkiId[]>([]);

/** Whether a certificate may go by this name; if so, the names that it thereby gives up. */
export function judgeName(
  tables: NameTables,
  identity: Identity,
  { time, isPresent }: NameProof,
): Verdict<readonly PkiId[], NameFault> {
  const names = tables.identities.byCertificate.get(identity.certificate) ?? [];
  // The usual case for each message.
  const isAlone = names.length === 1 && names[0] === identity.pkiId;
  if (isAlone && !tables.names.lastWords.has(identity.certificate)) return GIVES_UP_NONE;
  const others = names.filter((name) => name !== identity.pkiId);
  if (time !== undefined) {
    return judgeSpeaker(tables, identity, others, time);
  }
  if (others.length < names.length || names.length < NAMES_MAX) return accept([]);
  const spare = others.find((name) => !tables.members.table.has(name));
  return isPresent && spare !== undefined ? accept([spare]) : reject("certificate-in-use");
}

/** Whether its message under this name is newer than under any other. */
function judgeSpeaker(
  tables: NameTables,
  { pkiId, certificate }: Identity,
  others: readonly PkiId[],
  time: PeerTime,
): Verdict<readonly PkiId[], NameFault> {
  const { members, names } = tables;
  const former = others.filter((name) => members.table.has(name));
  const times = former.flatMap((name) => members.table.get(name)?.time ?? []);
  const lastWord = names.lastWords.get(certificate);
  if (lastWord !== undefined && lastWord.pkiId !== pkiId) times.push(lastWord.time);
  if (times.some((known) => !isNewer(time, known))) return reject("certificate-in-use");
  if (former.length > 0) {
    return isPaused(tables, certificate) ? reject("certificate-in-use") : accept(former);
  }
  return accept(others.length >= NAMES_MAX ? others.slice(0, 1) : []);
}

/** Whether it has changed its name so lately that it must wait with the next change. */
function isPaused({ names, now, options }: NameTables, certificate: string): boolean {
  const renamedMs = names.renamed.get(certificate) ?? Number.NEGATIVE_INFINITY;
  return now.elapsedMs - renamedMs < options.timing.aliveIntervalMs * RENAME_HEARTBEATS;
}

/** A certificate has given up names for another one. */
export function noteRenamed(
  { renamed }: CertificateNames,
  { certificate }: Identity,
  now: Now,
): void {
  renamed.set(certificate, now.elapsedMs);
}

/** A member is about to be forgotten: its other names must not bring it back by older messages. */
export function noteLastWord(
  { lastWords }: CertificateNames,
  { pkiId, certificate }: Identity,
  time: PeerTime,
  untilMs: number,
): void {
  lastWords.set(certificate, { pkiId, time, untilMs });
}

/** Forgets who was renamed, or spoke last, long ago. */
export function tidyNames(
  { lastWords, renamed }: CertificateNames,
  { aliveIntervalMs }: Timing,
  now: Now,
): void {
  for (const [certificate, renamedMs] of renamed) {
    if (now.elapsedMs - renamedMs >= aliveIntervalMs * RENAME_HEARTBEATS)
      renamed.delete(certificate);
  }
  for (const [certificate, { untilMs }] of lastWords) {
    if (untilMs <= now.elapsedMs) lastWords.delete(certificate);
  }
}
