/**
 * One certificate is one member. The PKI-ID covers the text around a certificate too, so its owner
 * can have as many PKI-IDs as he likes; the one under which he spoke last stands. Only his signature
 * says which that is, with the time in it: an older message, whoever replays it, takes no name away.
 */
import type { PeerTime } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { isNewer } from "../rules/message-order.ts";
import type { Core } from "../state.ts";
import type { Identity, Now, PkiId } from "../types/host.ts";

/** What shows that a certificate goes by a name. */
export interface NameProof {
  /** Of the alive message that it signed; undefined: what it signed has no time. */
  readonly time: PeerTime | undefined;
  /** Its owner is at the other end of a connection: nobody can replay that. */
  readonly isPresent: boolean;
}

export type NameFault = "certificate-in-use";

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

/** As many as tombstones; beyond it the oldest gives way. */
const LAST_WORDS_MAX = 20_000;

/** Whether a certificate may go by this name; if so, the names that it thereby gives up. */
export function judgeName(
  core: Core,
  identity: Identity,
  { time, isPresent }: NameProof,
  now: Now,
): Verdict<readonly PkiId[], NameFault> {
  const names = core.identities.byCertificate.get(identity.certificate) ?? [];
  const others = names.filter((name) => name !== identity.pkiId);
  if (time !== undefined) return judgeSpeaker(core, identity, others, time, now);
  if (others.length < names.length || names.length < NAMES_MAX) return accept([]);
  const spare = others.find((name) => !core.members.table.has(name));
  return isPresent && spare !== undefined ? accept([spare]) : reject("certificate-in-use");
}

/** It has spoken under this name: later than under any other? */
function judgeSpeaker(
  core: Core,
  { pkiId, certificate }: Identity,
  others: readonly PkiId[],
  time: PeerTime,
  now: Now,
): Verdict<readonly PkiId[], NameFault> {
  const { lastWords, members, renamed } = core;
  const former = others.filter((name) => members.table.has(name));
  const times = former.flatMap((name) => members.table.get(name)?.time ?? []);
  const lastWord = lastWords.get(certificate);
  if (lastWord !== undefined && lastWord.pkiId !== pkiId) times.push(lastWord.time);
  if (times.some((known) => !isNewer(time, known))) return reject("certificate-in-use");
  const renamedMs = renamed.get(certificate) ?? Number.NEGATIVE_INFINITY;
  const isPaused = now.elapsedMs - renamedMs < renamePauseMs(core);
  if (former.length > 0) return isPaused ? reject("certificate-in-use") : accept(former);
  return accept(others.length >= NAMES_MAX ? others.slice(0, 1) : []);
}

function renamePauseMs({ options }: Core): number {
  return options.timing.aliveIntervalMs * RENAME_HEARTBEATS;
}

/** A certificate has given up names for another one. */
export function noteRenamed({ renamed }: Core, { certificate }: Identity, now: Now): void {
  renamed.set(certificate, now.elapsedMs);
}

/** A member is about to be forgotten: its other names must not bring it back by older messages. */
export function noteLastWord(core: Core, { pkiId, certificate }: Identity, now: Now): void {
  const { lastWords, members, options } = core;
  const time = members.table.get(pkiId)?.time;
  if (time === undefined) return;
  lastWords.delete(certificate);
  const [oldest] = lastWords.keys();
  if (lastWords.size >= LAST_WORDS_MAX && oldest !== undefined) lastWords.delete(oldest);
  const untilMs = now.elapsedMs + options.timing.forgetAfterMs;
  lastWords.set(certificate, { pkiId, time, untilMs });
}

/** Forgets who was renamed, or spoke last, long ago. */
export function tidyNames(core: Core, now: Now): void {
  const { lastWords, renamed } = core;
  for (const [certificate, renamedMs] of renamed) {
    if (now.elapsedMs - renamedMs >= renamePauseMs(core)) renamed.delete(certificate);
  }
  for (const [certificate, { untilMs }] of lastWords) {
    if (untilMs <= now.elapsedMs) lastWords.delete(certificate);
  }
}
