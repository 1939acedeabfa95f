/**
 * Members that are to be asked whether they are there: nobody but lists has spoken of them for
 * long, or somebody says that they are dead. What is said proves nothing, a ping does; and it is
 * spared if they are heard of in time. Source: spec B 10.4 and 10.6.
 */

import type { PeerTime } from "../../wire/messages.ts";
import { isNewer } from "../rules/messages.ts";
import type { Effect } from "../types/effect.ts";
import type { Now, PkiId, Random } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Timing } from "../types/options.ts";
import { suspect } from "./deaths.ts";
import { type Members, preferredEndpoint } from "./members.ts";

/** Why somebody may be gone, and what would settle it. */
export type Doubt =
  /** Nothing but lists has told of it since then: another list settles nothing. */
  | { readonly type: "silent"; readonly heardMs: number }
  /** Somebody who knows this message of it says that it is dead: only a newer one heard first-hand settles that. */
  | { readonly type: "told"; readonly time: PeerTime };

interface Question {
  readonly doubt: Doubt;
  readonly atMs: number;
}

export interface Questions {
  readonly open: Map<PkiId, Question>;
  /** When members were asked: not again so soon, whoever doubts. */
  readonly asked: Map<PkiId, number>;
  /** When it is looked next who is silent. */
  lookAtMs: number;
  /** The moment of the latest open question: the next one comes a little later. */
  lastAtMs: number;
}

/** Time for the one in doubt to be heard of: it hears of the doubt as soon as we do. */
const PATIENCE_MS = 200;
/** Up to so much more by lot, so that not everybody asks at once. */
const JITTER_MS = 300;
/** Between two questions: who doubts many members does not dial them all together. */
const SPACING_MS = 20;
const OPEN_MAX = 1_000;
/** How long an answer holds, in heartbeats. */
const ANSWER_HOLDS = 2;
/** Heartbeats missed, with a little patience, before a member is asked. */
const SILENCE = 2.1;
/** Maximum silence scans per heartbeat interval. */
const LOOKS = 50;

export function createQuestions(): Questions {
  return { open: new Map(), asked: new Map(), lookAtMs: 0, lastAtMs: Number.NEGATIVE_INFINITY };
}

/** Somebody says, or silence suggests, that an alive member is gone. */
export function raise(
  questions: Questions,
  member: Member,
  doubt: Doubt,
  random: Random,
  now: Now,
): void {
  const { open, asked } = questions;
  if (member.status !== "alive" || member.isSuspect || member.isCutOff) return;
  if (open.has(member.pkiId) || asked.has(member.pkiId) || open.size >= OPEN_MAX) return;
  const soonMs = now.elapsedMs + PATIENCE_MS + random.below(JITTER_MS);
  questions.lastAtMs = Math.max(soonMs, questions.lastAtMs + SPACING_MS);
  open.set(member.pkiId, { doubt, atMs: questions.lastAtMs });
}

/**
 * Somebody whose death a ping has confirmed is said to live: it is pinged at once, and revived by
 * its answer only (liveness.ts).
 */
export function askAgain(questions: Questions, member: Member, now: Now): readonly Effect[] {
  const { pkiId } = member;
  const endpoint = preferredEndpoint(member);
  if (endpoint === "" || questions.asked.has(pkiId)) return [];
  questions.asked.set(pkiId, now.elapsedMs);
  return [{ type: "ping", pkiId, endpoint }];
}

/** Doubts everybody of whom nothing but lists has told for too long. */
function doubtSilent(
  questions: Questions,
  members: Members,
  { aliveIntervalMs }: Timing,
  random: Random,
  now: Now,
): void {
  if (now.elapsedMs < questions.lookAtMs) return;
  let lookAtMs = now.elapsedMs + aliveIntervalMs;
  for (const member of members.table.values()) {
    if (member.status !== "alive") continue;
    const { heardMs } = member;
    const silentAtMs = heardMs + aliveIntervalMs * SILENCE;
    if (silentAtMs > now.elapsedMs) lookAtMs = Math.min(lookAtMs, silentAtMs);
    else raise(questions, member, { type: "silent", heardMs }, random, now);
  }
  questions.lookAtMs = Math.max(lookAtMs, now.elapsedMs + aliveIntervalMs / LOOKS);
}

/** Looks who is silent, and asks whoever is still in doubt when its time has come. */
export function attendQuestions(
  questions: Questions,
  members: Members,
  timing: Timing,
  random: Random,
  now: Now,
): readonly Effect[] {
  doubtSilent(questions, members, timing, random, now);
  const { open, asked } = questions;
  const effects: Effect[] = [];
  for (const [pkiId, question] of open) {
    if (question.atMs > now.elapsedMs) break;
    open.delete(pkiId);
    const present = members.table.get(pkiId);
    if (present === undefined || isSettled(question.doubt, present)) continue;
    const endpoint = preferredEndpoint(present);
    if (endpoint === "" || !suspect(members, pkiId)) continue;
    asked.set(pkiId, now.elapsedMs);
    effects.push({ type: "ping", pkiId, endpoint });
  }
  return effects;
}

function isSettled(doubt: Doubt, present: Member): boolean {
  return doubt.type === "silent"
    ? present.heardMs > doubt.heardMs
    : present.firstHand !== undefined && isNewer(present.firstHand, doubt.time);
}

/** Whoever was asked long ago may be asked again. */
export function tidyQuestions(questions: Questions, { aliveIntervalMs }: Timing, now: Now): void {
  const holdsMs = aliveIntervalMs * ANSWER_HOLDS;
  for (const [pkiId, atMs] of questions.asked) {
    if (now.elapsedMs - atMs > holdsMs) questions.asked.delete(pkiId);
  }
}
