/**
 * Members that are to be asked whether they are there: nobody but lists has spoken of them for
 * long, or somebody says that they are dead. What is said proves nothing, a ping does; and it is
 * spared if they are heard of in time. Source: spec B 10.4 and 10.6.
 */

import type { PeerTime } from "../../wire/messages.ts";
import { isNewer } from "../../wire/received.ts";
import type { Effect } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Context, Timing } from "../types/options.ts";
import { suspect } from "./deaths.ts";
import { type Lateness, patienceMs } from "./lateness.ts";
import { type Members, preferredEndpoint } from "./members.ts";

/** Reason for a suspicion, and the evidence that settles it. */
export type Doubt =
  /** Nothing but lists has told of it since then: another list settles nothing. */
  | { readonly type: "silent"; readonly heardMs: number }
  /** Somebody who knows this message of it says that it is dead: only a newer one heard first-hand settles that. */
  | { readonly type: "told"; readonly time: PeerTime };

interface Suspicion {
  /** The first one. */
  readonly doubt: Doubt;
  /** It is not asked before. */
  readonly atMs: number;
  /** Silent, and said to be dead. */
  readonly isUrgent: boolean;
}

export interface Suspicions {
  /** In the order in which they arose. */
  readonly open: Map<PkiId, Suspicion>;
  /** Times of pings, which limit how often a member is pinged. */
  readonly pinged: Map<PkiId, number>;
  /** Times of requests to members that answer pings, but are not heard of. */
  readonly asked: Map<PkiId, number>;
  /** Those among the pinged that nothing but silence spoke against. */
  readonly silent: Set<PkiId>;
  /** When the next silence scan is due. */
  scanAtMs: number;
  /** No question is put before, so soon after the latest one. */
  turnAtMs: number;
  /** When an open question may be due; Infinity: none is open. */
  dueMs: number;
}

/** Whether a question about this member is open; mostly none is. */
export function isSuspected({ open }: Suspicions, pkiId: PkiId): boolean {
  return open.size > 0 && open.has(pkiId);
}

/** Time for the accused to be heard of: it hears of the accusation as soon as we do. */
const PATIENCE_MS = 200;
/** Random additional delay, so that not everybody pings at once. */
const JITTER_MS = 300;
/**
 * Between two questions: who doubts many members does not dial them all together, but up to 50 a second. Doubts
 * that settle themselves in the meantime take no turn.
 */
const SPACING_MS = 20;
const OPEN_MAX = 1_000;
/** Validity of a ping's answer, in heartbeats. */
const ANSWER_HOLDS = 2;
/**
 * Heartbeats missed, with a little patience, before a member may be dead. More than two, as one of them may
 * be lost: those of Fabric's peers reach 94 % of the members, and not everybody can be dialled.
 */
const SILENCE = 2.1;
/**
 * Before it is asked, where heartbeats come late, but are not lost (isGathering() in routine.ts): a ping takes
 * up to 0.4 heartbeats.
 */
const SILENCE_EARLY = 1.7;
/** Maximum silence scans per heartbeat interval. */
const LOOKS = 50;

export function createSuspicions(): Suspicions {
  return {
    open: new Map(),
    pinged: new Map(),
    asked: new Map(),
    silent: new Set(),
    scanAtMs: 0,
    turnAtMs: Number.NEGATIVE_INFINITY,
    dueMs: Number.POSITIVE_INFINITY,
  };
}

/** Suspects an alive member because of an accusation or silence. */
export function raise(
  { now, options, suspicions }: Context<"random"> & { readonly suspicions: Suspicions },
  member: Member,
  doubt: Doubt,
): void {
  const { open, pinged } = suspicions;
  if (!isAskable(member)) return;
  const earlier = open.get(member.pkiId);
  const isOpen = earlier !== undefined && !isSettled(earlier.doubt, member);
  if (isOpen && (earlier.isUrgent || earlier.doubt.type === doubt.type)) return;
  if (earlier === undefined && open.size >= OPEN_MAX) return;
  const isSilent = doubt.type === "silent";
  // Who answered a ping has been heard: two missed heartbeats later it may be asked again.
  if (!isOpen && !isSilent && pinged.has(member.pkiId)) return;
  const drawnMs = now.elapsedMs + (isSilent ? 0 : PATIENCE_MS) + options.random.below(JITTER_MS);
  // A second reason puts nothing off.
  const atMs = isOpen ? Math.min(earlier.atMs, drawnMs) : drawnMs;
  open.set(member.pkiId, { doubt: isOpen ? earlier.doubt : doubt, atMs, isUrgent: isOpen });
  suspicions.dueMs = Math.min(suspicions.dueMs, Math.max(atMs, suspicions.turnAtMs));
}

/** False if the member was pinged lately; otherwise it counts as pinged now. */
export function startPing({ pinged }: Suspicions, pkiId: PkiId, now: Now): boolean {
  if (pinged.has(pkiId)) return false;
  pinged.set(pkiId, now.elapsedMs);
  return true;
}

/** False if the member was asked within the pause; otherwise it counts as asked now. */
export function startAsking(
  { asked }: Suspicions,
  pkiId: PkiId,
  pauseMs: number,
  now: Now,
): boolean {
  const askedMs = asked.get(pkiId) ?? Number.NEGATIVE_INFINITY;
  if (now.elapsedMs - askedMs < pauseMs) return false;
  asked.set(pkiId, now.elapsedMs);
  return true;
}

/**
 * Somebody whose death a ping has confirmed is said to live: it is pinged at once, and revived by
 * its answer only (liveness.ts).
 */
export function pingAgain(suspicions: Suspicions, member: Member, now: Now): readonly Effect[] {
  const { pkiId } = member;
  const endpoint = preferredEndpoint(member);
  if (endpoint === "" || !startPing(suspicions, pkiId, now)) return [];
  return [{ type: "ping", pkiId, endpoint }];
}

interface SuspicionTables extends Context<"random" | "timing"> {
  readonly lateness: Lateness;
  readonly members: Members;
  readonly suspicions: Suspicions;
}

/** So many heartbeats; longer if we are late ourselves. */
function silenceMs({ lateness, now, options }: SuspicionTables, heartbeats: number): number {
  return options.timing.aliveIntervalMs * heartbeats + patienceMs(lateness, now);
}

/** Suspects all members known only from lists for too long. */
function doubtSilent(tables: SuspicionTables, isEarly: boolean): void {
  const { members, now, options, suspicions } = tables;
  const { pinged } = suspicions;
  if (now.elapsedMs < suspicions.scanAtMs) return;
  const { aliveIntervalMs } = options.timing;
  const lateMs = silenceMs(tables, SILENCE);
  const soonMs = isEarly ? silenceMs(tables, SILENCE_EARLY) : lateMs;
  let scanAtMs = now.elapsedMs + aliveIntervalMs;
  for (const member of members.table.values()) {
    if (member.status !== "alive") continue;
    const { heardMs, pkiId } = member;
    const wasAsked = pinged.size > 0 && (pinged.get(pkiId) ?? 0) > heardMs;
    const askAtMs = heardMs + (wasAsked ? lateMs : soonMs);
    const isDue = askAtMs <= now.elapsedMs;
    if (isDue) raise(tables, member, { type: "silent", heardMs });
    const nextMs = isDue ? heardMs + lateMs : askAtMs;
    if (nextMs > now.elapsedMs) scanAtMs = Math.min(scanAtMs, nextMs);
  }
  suspicions.scanAtMs = Math.max(scanAtMs, now.elapsedMs + aliveIntervalMs / LOOKS);
}

/** Scans for silence, and pings the suspect whose turn it is. `isEarly`: heartbeats are late, but not lost. */
export function pingSuspects(tables: SuspicionTables, isEarly: boolean): readonly Effect[] {
  doubtSilent(tables, isEarly);
  const { members, now, suspicions } = tables;
  const { pinged, silent } = suspicions;
  const question = suspicions.dueMs <= now.elapsedMs ? takeQuestion(tables) : undefined;
  if (question === undefined) return [];
  const { doubt, member } = question;
  const { pkiId } = member;
  suspect(members, pkiId);
  pinged.set(pkiId, now.elapsedMs);
  if (doubt.type === "silent") silent.add(pkiId);
  return [{ type: "ping", pkiId, endpoint: preferredEndpoint(member) }];
}

interface Question extends Suspicion {
  readonly member: Member;
}

/** Drops the questions that are settled, and removes the one whose turn it is: the oldest of the most urgent. */
function takeQuestion({ members, now, suspicions }: SuspicionTables): Question | undefined {
  const { open } = suspicions;
  let next: Question | undefined;
  for (const [pkiId, suspicion] of open) {
    const member = members.table.get(pkiId);
    if (member === undefined || isSettled(suspicion.doubt, member)) open.delete(pkiId);
    else if (suspicion.atMs <= now.elapsedMs && isBefore(suspicion, next))
      next = { ...suspicion, member };
  }
  if (next !== undefined) {
    open.delete(next.member.pkiId);
    suspicions.turnAtMs = now.elapsedMs + SPACING_MS;
  }
  let dueMs = Number.POSITIVE_INFINITY;
  for (const { atMs } of open.values()) dueMs = Math.min(dueMs, atMs);
  suspicions.dueMs = Math.max(dueMs, suspicions.turnAtMs);
  return next;
}

function isBefore({ isUrgent }: Suspicion, later: Suspicion | undefined): boolean {
  return later === undefined || (isUrgent && !later.isUrgent);
}

/** Whether it need not be put any more; or cannot: a ping is under way, or there is no endpoint. */
function isSettled(doubt: Doubt, present: Member): boolean {
  if (!isAskable(present) || preferredEndpoint(present) === "") return true;
  return doubt.type === "silent"
    ? present.heardMs > doubt.heardMs
    : present.firstHand !== undefined && isNewer(present.firstHand, doubt.time);
}

function isAskable({ status, isCutOff, isSuspect }: Member): boolean {
  return status === "alive" && !isSuspect && !isCutOff;
}

/** Whether a ping without answer proves nothing yet: the member is asked again if it stays silent. */
export function isTooEarly(tables: SuspicionTables, { heardMs, pkiId }: Member): boolean {
  const { now, suspicions } = tables;
  return suspicions.silent.has(pkiId) && now.elapsedMs < heardMs + silenceMs(tables, SILENCE);
}

/** Forgets old pings, so that those members may be pinged again. */
export function tidySuspicions(
  suspicions: Suspicions,
  { aliveIntervalMs }: Timing,
  now: Now,
): void {
  const holdsMs = aliveIntervalMs * ANSWER_HOLDS;
  for (const times of [suspicions.pinged, suspicions.asked]) {
    for (const [pkiId, atMs] of times) if (now.elapsedMs - atMs > holdsMs) times.delete(pkiId);
  }
  for (const pkiId of suspicions.silent) {
    if (!suspicions.pinged.has(pkiId)) suspicions.silent.delete(pkiId);
  }
}
