/**
 * One certificate is one member. The PKI-ID covers the text around a certificate too, so its owner
 * can have as many PKI-IDs as he likes; the one under which he spoke last stands. Only his signature
 * says which that is, with the time in it: an older message, whoever replays it, takes no name away.
 */
import type { PeerTime } from "../wire/messages.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import type { Identity, Now, PkiId } from "./abilities.ts";
import { isNewer } from "./message-order.ts";
import type { Core } from "./state.ts";

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

/** Whether a certificate may go by this name; if so, the names that it thereby gives up. */
export function judgeName(
  core: Core,
  { pkiId, certificate }: Identity,
  { time, isPresent }: NameProof,
  now: Now,
): Verdict<readonly PkiId[], NameFault> {
  const { identities, members, renamed } = core;
  const names = identities.byCertificate.get(certificate);
  if (names === undefined) return accept([]);
  const others = names.filter((name) => name !== pkiId);
  if (others.length === 0) return accept([]);
  if (time === undefined) {
    if (others.length < names.length || names.length < NAMES_MAX) return accept([]);
    const spare = others.find((name) => !members.table.has(name));
    return isPresent && spare !== undefined ? accept([spare]) : reject("certificate-in-use");
  }
  const former = others.filter((name) => timeOf(core, name) !== undefined);
  if (former.some((name) => !isNewerThan(core, time, name))) return reject("certificate-in-use");
  const renamedMs = renamed.get(certificate) ?? Number.NEGATIVE_INFINITY;
  const isPaused = now.elapsedMs - renamedMs < renamePauseMs(core);
  if (former.length > 0) return isPaused ? reject("certificate-in-use") : accept(former);
  const isOneTooMany = others.length >= NAMES_MAX;
  return accept(isOneTooMany ? others.slice(0, 1) : []);
}

function isNewerThan(core: Core, time: PeerTime, name: PkiId): boolean {
  const known = timeOf(core, name);
  return known === undefined || isNewer(time, known);
}

function timeOf({ members }: Core, name: PkiId): PeerTime | undefined {
  return (members.table.get(name) ?? members.tombstones.get(name))?.time;
}

function renamePauseMs({ options }: Core): number {
  return options.timing.aliveIntervalMs * RENAME_HEARTBEATS;
}

/** A certificate has given up names for another one. */
export function noteRenamed({ renamed }: Core, { certificate }: Identity, now: Now): void {
  renamed.set(certificate, now.elapsedMs);
}

/** Forgets who was renamed long ago. */
export function tidyRenamed(core: Core, now: Now): void {
  for (const [certificate, renamedMs] of core.renamed) {
    if (now.elapsedMs - renamedMs >= renamePauseMs(core)) core.renamed.delete(certificate);
  }
}
