/**
 * One alive message, whether gossiped, in a request or in a list: read {@link hear} from top to bottom.
 * The tables of rights.ts say where the three differ. Source: spec B 1.5 to 1.7.
 */

import { withoutSecret } from "../../wire/envelope.ts";
import { ownedEnvelope } from "../../wire/kept-envelope.ts";
import { type Alive, type AliveFault, isNewer } from "../../wire/received.ts";
import type { Verdict } from "../../wire/verdict.ts";
import { RIGHTS, WEIGHT } from "../rules/rights.ts";
import { aliveKey, noteHolder } from "../tables/broadcast-queue.ts";
import { keepForgotten } from "../tables/deaths.ts";
import { isInUse } from "../tables/identities.ts";
import {
  bringsSecret,
  hearAlive,
  hearDead,
  isNews,
  isSignOfLife,
  isToRelay,
  isUnrelayed,
  type Members,
  markRelayed,
  memberAt,
  preferredEndpoint,
  type Sight,
} from "../tables/members.ts";
import { quicken } from "../tables/poll-backoff.ts";
import { want } from "../tables/pull.ts";
import { isSame, type Routine } from "../tables/routine-queue.ts";
import { pingAgain, raise } from "../tables/suspicion.ts";
import { setAside } from "../tables/verification-queue.ts";
import type { AliveClaim, AliveSource, Verified } from "../types/claim.ts";
import type { CheckFault } from "../types/drop.ts";
import { drop, type Effect, notify } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import type { Hearing, Member } from "../types/member.ts";
import { passOn, routineIntervalMs } from "./audience.ts";
import { checkAlive, isOurCertificate, isSelf } from "./check.ts";
import { forget, learn } from "./learn-identity.ts";
import { makeRoom } from "./make-room.ts";
import { hearOwn, tellTwin } from "./own-messages.ts";
import { recipientOf, requestMembership, speakSoon } from "./publish.ts";
import { gather } from "./routine.ts";
import type { Core } from "./state.ts";

/** Result of an alive message. */
export interface Heard {
  /** Reason for dropping it. */
  readonly fault?: CheckFault | "stale" | "own-message" | undefined;
  /** Whether its signature was checked, which counts against the limit of a step. */
  readonly isChecked: boolean;
  readonly effects: readonly Effect[];
}

const NOTHING: readonly Effect[] = [];
const STALE: Heard = { isChecked: false, fault: "stale", effects: NOTHING };
/** The message waits for a joint check, which is all that it made due. */
export const GATHERED: readonly Effect[] = [];

/** Processes a gossiped message at once, or queues it for a joint check if routine. Most are copies. */
export function handleAlive(
  core: Core,
  alive: Verdict<Alive, AliveFault>,
  from: PkiId,
): readonly Effect[] {
  if (!alive.ok) return [drop(from, alive.code)];
  const { pkiId } = alive.value;
  const member = core.members.table.get(pkiId);
  const waiting = core.routine.waiting.get(pkiId);
  if (isCopy(core, alive.value, member, waiting)) return noteCopy(core, alive.value, from, waiting);
  const claim = { type: "alive", from, source: "gossip", alive: alive.value } as const;
  // If another one of its author waits, it is heard at once: no forgery can hold up a true message.
  const intervalMs = member && !waiting ? routineIntervalMs(core) : undefined;
  const waits = member && intervalMs !== undefined && gather(core, claim, member, intervalMs);
  return waits ? GATHERED : hearOne(core, claim);
}

/** Whether the message was passed on, or waits to be. `member`: its author; `waiting`: what waits of that author. */
export function isCopy(
  core: Core,
  alive: Alive,
  member = core.members.table.get(alive.pkiId),
  waiting = core.routine.waiting.get(alive.pkiId),
): boolean {
  if (member === undefined) return false;
  if (waiting !== undefined && isSame(waiting, alive)) return true;
  const { members, options } = core;
  return !isUnrelayed(member, alive.time) && !bringsSecret(members, alive, options.self.mspId);
}

/** Who sent a copy has the message: it need not get it from us. */
export function noteCopy(
  core: Core,
  alive: Alive,
  from: PkiId,
  waiting: Routine | undefined,
): readonly Effect[] {
  if (waiting === undefined || !isSame(waiting, alive)) noteDuplicate(core, alive, from);
  else if (from !== waiting.claim.from && !waiting.holders.includes(from)) {
    waiting.holders.push(from);
  }
  return [drop(from, "stale")];
}

/** Reports the reason for a drop at once. */
export function hearOne(core: Core, claim: AliveClaim): readonly Effect[] {
  const { effects, fault } = hear(core, claim);
  return fault === undefined ? effects : [...effects, drop(claim.from, fault)];
}

export function hear(core: Core, claim: AliveClaim): Heard {
  const { alive, from, source } = claim;
  const rights = RIGHTS[source];
  if (!rights.isLife) doubt(core, alive);
  if (isSelf(core, alive.pkiId)) {
    return { isChecked: false, effects: hearOwn(core, alive, rights, from) };
  }
  if (!isUseful(core, claim)) {
    if (rights.isRelayed) noteDuplicate(core, alive, from);
    return STALE;
  }
  const checked = checkAlive(core, alive, from, hearingOf(source, alive.pkiId, from));
  if (!checked.ok) {
    if (checked.code === "identity-unknown") keepAside(core, claim);
    return { isChecked: true, fault: checked.code, effects: [] };
  }
  const { author } = checked.value;
  if (isOurCertificate(core, author)) {
    return { isChecked: true, fault: "own-message", effects: tellTwin(core, alive) };
  }
  const isKnown = isInUse(core.identities, author, core.now);
  const learnt = isKnown ? NOTHING : learn(core, author, "alive", alive.time);
  const applied = apply(core, checked.value, claim);
  return {
    isChecked: true,
    fault: undefined,
    effects: isKnown ? applied : [...learnt, ...applied],
  };
}

/** Whether it may change anything; decided before any expensive check. */
function isUseful({ members, options }: Core, { alive, source, from }: AliveClaim): boolean {
  const { pkiId, time } = alive;
  const { isAnswered, isLife, isRelayed } = RIGHTS[source];
  if (isAnswered || (isLife && bringsSecret(members, alive, options.self.mspId))) return true;
  if (isRelayed) return isToRelay(members, pkiId, time);
  if (!isLife) return isNews(members, pkiId, time);
  return isSignOfLife(members, pkiId, time, hearingOf(source, pkiId, from));
}

/**
 * Somebody believes a member to be dead. If it is us, we say that we are not; if it is one that is
 * alive to us, and nothing newer was heard of it first-hand, we shall ask it (suspicion.ts).
 */
function doubt(core: Core, { pkiId, time }: Alive): void {
  const { members, options, self } = core;
  if (isSelf(core, pkiId)) {
    if (time.incNum >= self.incarnation) speakSoon(core);
    return;
  }
  const member = members.table.get(pkiId);
  const isOutdated = member?.firstHand !== undefined && isNewer(member.firstHand, time);
  if (member !== undefined && !isOutdated) {
    raise(core, member, { type: "told", time });
  }
  if (!isNews(members, pkiId, time)) {
    keepForgotten(members, pkiId, core.now.elapsedMs + options.timing.forgetAfterMs);
  }
}

/** The author's identity is asked for; the message waits for it, unless its kind does not. */
function keepAside(core: Core, claim: AliveClaim): void {
  if (RIGHTS[claim.source].waitPriority === undefined) return;
  if (core.options.beyondFabric?.asksAtOnce === false) return;
  const { verificationQueue, pull } = core;
  if (setAside(verificationQueue, claim, core.now))
    want(pull, claim.alive.pkiId, claim.from, core.now);
}

/** Updates the member, probes the previous owner of its endpoint, relays gossip. */
function apply(core: Core, verified: Verified<Alive>, claim: AliveClaim): readonly Effect[] {
  const { from, source } = claim;
  if (isNotOurs(core, verified)) {
    return RIGHTS[source].isAnswered ? [] : [drop(from, "not-disclosed")]; // Covered by the answer.
  }
  // Without its identity, the member would survive expiry and loss of trust.
  if (!core.identities.table.has(verified.author.pkiId)) return []; // Reported before.
  const shown = withForeignSecretDropped(core, verified);
  const left = seat(core, shown, claim);
  const { isLife } = RIGHTS[source];
  const heard = isLife ? applyLife(core, shown, claim) : applyDeath(core, shown, from);
  return left === NOTHING ? heard : [...left, ...heard];
}

/** Refuses foreign members unless both sides have an external endpoint. */
function isNotOurs({ options, self }: Core, { claim, author }: Verified<Alive>): boolean {
  if (author.mspId === options.self.mspId) return false;
  return claim.endpoint === "" || self.externalEndpoint === "";
}

/** Removes another organisation's secret, which reached us by mistake or malice. */
function withForeignSecretDropped(core: Core, verified: Verified<Alive>): Verified<Alive> {
  const { claim, author } = verified;
  if (author.mspId === core.options.self.mspId || !claim.envelope.secret) return verified;
  const envelope = withoutSecret(claim.envelope);
  return { ...verified, claim: { ...claim, envelope, internalEndpoint: undefined } };
}

/** Makes room if the message adds a member. */
function seat(
  core: Core,
  { author, claim }: Verified<Alive>,
  { source, from }: AliveClaim,
): readonly Effect[] {
  const { identities, members } = core;
  const { pkiId, mspId } = author;
  const { hearing, isLife } = RIGHTS[source];
  const heardBy = isLife ? hearingOf(source, pkiId, from) : hearing;
  if (members.table.has(pkiId) || !isSignOfLife(members, pkiId, claim.time, heardBy))
    return NOTHING;
  const hasConnected = identities.table.get(pkiId)?.hasConnected ?? false;
  const living = hasConnected ? "present" : "absent";
  const leaving = makeRoom(core, "members", mspId, isLife ? living : "dead");
  return leaving.flatMap((other) => forget(core, other, "unused"));
}

function applyDeath(core: Core, verified: Verified<Alive>, from: PkiId): readonly Effect[] {
  const events = hearDead(core, verified);
  return events === "members-full" ? [drop(from, events)] : events.map(notify);
}

function applyLife(
  core: Core,
  verified: Verified<Alive>,
  { source, from }: AliveClaim,
): readonly Effect[] {
  const { members, options } = core;
  const { isRelayed, showsGaps } = RIGHTS[source];
  const alive = verified.claim;
  const rival = memberAt(members, alive.internalEndpoint || alive.endpoint);
  if (showsGaps && hasMissed(members, alive)) quicken(core.syncBackoff, options, core.now);
  const hearing = hearingOf(source, alive.pkiId, from);
  const isToSpread = isRelayed && isToRelay(members, alive.pkiId, alive.time);
  const how = { hearing, relayed: isToSpread ? alive.time : undefined };
  const sight = hearAlive(core, verified, how);
  if (sight.type === "members-full") return [drop(from, sight.type)];
  const member = members.table.get(alive.pkiId);
  if (member === undefined) return [];
  const effects = followUp(core, sight, hearing, member, rival);
  const isRoutine = sight.type === "alive" && sight.isNews && sight.events.length === 0;
  if (isToSpread) relay(core, member, alive, from, isRoutine);
  return effects;
}

/** Events and probes that follow from news of a member. */
function followUp(
  core: Core,
  sight: Sight,
  hearing: Hearing,
  member: Member,
  rival: Member | undefined,
): readonly Effect[] {
  if (sight.type === "doubtful") return pingAgain(core.suspicions, member, core.now);
  if (sight.type !== "alive" && sight.type !== "completed") return [];
  const effects = sight.events.length === 0 ? NOTHING : sight.events.map(notify);
  if (sight.type === "completed" || sight.wasAlive) return effects;
  // A relay may have withheld the message until its author had died.
  if (!sight.isNews && !WEIGHT[hearing].isPresent) {
    raise(core, member, { type: "told", time: member.time });
  }
  return rival ? [...effects, ...suspectRival(core, member, rival)] : effects;
}

/** A list may overtake heartbeats in flight. */
const OVERTAKEN_MAX = 1n;

/** Whether gossip should have delivered it or a predecessor; then more may be missing. */
function hasMissed(members: Members, { pkiId, time }: Alive): boolean {
  const known = members.table.get(pkiId);
  if (known === undefined) return isNews(members, pkiId, time);
  if (time.incNum !== known.time.incNum) return time.incNum > known.time.incNum;
  return time.seqNum > known.time.seqNum + OVERTAKEN_MAX;
}

/**
 * A new member at the endpoint of another one is probably the same peer with a renewed certificate.
 * Whoever answers there settles it: the other one is purged as replaced (see liveness.ts).
 */
function suspectRival(core: Core, member: Member, rival: Member): readonly Effect[] {
  if (rival.pkiId === member.pkiId || rival.mspId !== member.mspId) return [];
  if (preferredEndpoint(rival) !== preferredEndpoint(member)) return [];
  return requestMembership(core, recipientOf(rival));
}

/**
 * What was gossiped to us is passed on, once, as the bytes that came. `isRoutine`:
 * nothing about the member has changed but that it lives still.
 */
function relay(core: Core, member: Member, alive: Alive, from: PkiId, isRoutine: boolean): void {
  const { pkiId, time } = alive;
  if (member.relayed !== time) markRelayed(core.members, pkiId, time);
  const envelope = time === member.time ? member.alive.envelope : ownedEnvelope(alive.envelope);
  passOn(core, member, envelope, from, isRoutine ? time.seqNum : undefined);
}

/** One in other bytes than the copy that was passed on, with or without its secret: who sent it has it. */
function noteDuplicate(core: Core, { pkiId, time }: Alive, from: PkiId): void {
  const relayed = core.members.table.get(pkiId)?.relayed;
  if (relayed?.incNum !== time.incNum || relayed.seqNum !== time.seqNum) return;
  noteHolder(core.broadcastQueue, aliveKey(pkiId), from);
}

/** The source of an alive message. */
export function hearingOf(source: AliveSource, author: PkiId, from: PkiId): Hearing {
  return author === from ? "itself" : RIGHTS[source].hearing;
}
