/**
 * One certificate is one member. The PKI-ID covers the text around a certificate too, so its owner
 * can have as many PKI-IDs as he likes; the one under which he spoke last stands. Only his signature
 * says which that is, with the time in it: an older message, whoever replays it, takes no name away.
 */

import type { PeerTime } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { isNewer } from "../rules/message-order.ts";
import type { NameFault } from "../types/drop.ts";
import type { Identity, Now, PkiId } from "../types/host.ts";
import type { Timing } from "../types/options.ts";
import type { Identities } from "./identities.ts";
import type { Members } from "./members.ts";

/** What shows that a certificate goes by a name. */
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
  /** By certificate, of members that were forgotten; at most {@link LAST_WORDS_MAX}. */
  readonly lastWords: Map<string, LastWord>;
}

/** The tables that tell which names a certificate has, and who spoke under them when. */
export interface NameTables {
  readonly names: CertificateNames;
  readonly identities: Identities;
  readonly members: Members;
}

export function createCertificateNames(): CertificateNames {
  return { renamed: new Map(), lastWords: new Map() };
}

/** As many as tombstones; beyond it the oldest gives way. */
const LAST_WORDS_MAX = 20_000;

/** Whether a certificate may go by this name; if so, the names that it thereby gives up. */
export function judgeName(
  tables: NameTables,
  identity: Identity,
  { time, isPresent }: NameProof,
  { aliveIntervalMs }: Timing,
  now: Now,
): Verdict<readonly PkiId[], NameFault> {
  const names = tables.identities.byCertificate.get(identity.certificate) ?? [];
  const others = names.filter((name) => name !== identity.pkiId);
  if (time !== undefined) {
    const isPaused = isPausedFor(tables.names, identity, aliveIntervalMs, now);
    return judgeSpeaker(tables, identity, others, time, isPaused);
  }
  if (others.length < names.length || names.length < NAMES_MAX) return accept([]);
  const spare = others.find((name) => !tables.members.table.has(name));
  return isPresent && spare !== undefined ? accept([spare]) : reject("certificate-in-use");
}

/** It has spoken under this name: later than under any other? */
function judgeSpeaker(
  { members, names: { lastWords } }: NameTables,
  { pkiId, certificate }: Identity,
  others: readonly PkiId[],
  time: PeerTime,
  isPaused: boolean,
): Verdict<readonly PkiId[], NameFault> {
  const former = others.filter((name) => members.table.has(name));
  const times = former.flatMap((name) => members.table.get(name)?.time ?? []);
  const lastWord = lastWords.get(certificate);
  if (lastWord !== undefined && lastWord.pkiId !== pkiId) times.push(lastWord.time);
  if (times.some((known) => !isNewer(time, known))) return reject("certificate-in-use");
  if (former.length > 0) return isPaused ? reject("certificate-in-use") : accept(former);
  return accept(others.length >= NAMES_MAX ? others.slice(0, 1) : []);
}

/** Whether it has changed its name so lately that it must wait with the next change. */
function isPausedFor(
  { renamed }: CertificateNames,
  { certificate }: Identity,
  aliveIntervalMs: number,
  now: Now,
): boolean {
  const renamedMs = renamed.get(certificate) ?? Number.NEGATIVE_INFINITY;
  return now.elapsedMs - renamedMs < aliveIntervalMs * RENAME_HEARTBEATS;
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
  lastWords.delete(certificate);
  const [oldest] = lastWords.keys();
  if (lastWords.size >= LAST_WORDS_MAX && oldest !== undefined) lastWords.delete(oldest);
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
