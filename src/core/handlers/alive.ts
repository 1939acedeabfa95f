/**
 * One alive message, from the bytes of a peer to what we believe, tell, ask and pass on. {@link hear}
 * is the way of all of them, read from top to bottom: gossiped, in a request, in a list. Where they
 * differ is in the tables of rights.ts. Source: spec B 1.5 to 1.7.
 */

import { type Envelope, ownedEnvelope, withoutSecret } from "../../wire/envelope.ts";
import type { Verdict } from "../../wire/verdict.ts";
import { hearingOf, isNewer, RIGHTS, WEIGHT } from "../rules/messages.ts";
import { addOriginal, findOriginal, noteHolder, type Original } from "../tables/broadcast-queue.ts";
import { keepForgotten } from "../tables/deaths.ts";
import { isInUse } from "../tables/identities.ts";
import {
  bringsSecret,
  hearAlive,
  hearDead,
  isNews,
  isSignOfLife,
  isToRelay,
  type Members,
  markRelayed,
  memberAt,
  partyOf,
  preferredEndpoint,
  type Sight,
} from "../tables/members.ts";
import { quicken } from "../tables/poll-backoff.ts";
import { want } from "../tables/pull.ts";
import { askAgain, raise } from "../tables/suspicion.ts";
import { setAside } from "../tables/verification-queue.ts";
import type { AliveClaim, Verified } from "../types/claim.ts";
import type { AliveFault, CheckFault } from "../types/drop.ts";
import { drop, type Effect, notify } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Alive, Hearing, Member } from "../types/member.ts";
import { aliveKey, emitAlive } from "./audience.ts";
import { checkAlive, isOurCertificate, isSelf } from "./check.ts";
import { forget, learn } from "./learn-identity.ts";
import { makeRoom } from "./make-room.ts";
import { hearOwn, tellTwin } from "./own-messages.ts";
import { recipientOf, requestMembership, speakSoon } from "./publish.ts";
import type { Core } from "./state.ts";

/** What came of an alive message. */
export interface Heard {
  /** Why it was not used. */
  readonly fault?: CheckFault | "stale" | "own-message";
  /** Whether that took a check of its signature: such a message has had its share of a step. */
  readonly isChecked: boolean;
  readonly effects: readonly Effect[];
}

/** A gossiped one. */
export function handleAlive(
  core: Core,
  alive: Verdict<Alive, AliveFault>,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  if (!alive.ok) return [drop(from, alive.code)];
  const claim = { type: "alive", from, source: "gossip", alive: alive.value } as const;
  const { effects, fault } = hear(core, claim, now);
  if (fault === "stale") noteCopy(core, alive.value, from);
  return fault === undefined ? effects : [...effects, drop(from, fault)];
}

/** Tells at once why it was not used. */
export function hearOne(core: Core, claim: AliveClaim, now: Now): readonly Effect[] {
  const { effects, fault } = hear(core, claim, now);
  return fault === undefined ? effects : [...effects, drop(claim.from, fault)];
}

export function hear(core: Core, claim: AliveClaim, now: Now): Heard {
  const { alive, from, source } = claim;
  const rights = RIGHTS[source];
  if (!rights.isLife) doubt(core, alive, now);
  if (isSelf(core, alive.pkiId)) {
    return { isChecked: false, effects: hearOwn(core, alive, rights, from, now) };
  }
  if (!isUseful(core, claim)) return { isChecked: false, fault: "stale", effects: [] };
  const checked = checkAlive(core, alive, from, hearingOf(source, alive.pkiId, from), now);
  if (!checked.ok) {
    if (checked.code === "identity-unknown") keepAside(core, claim, now);
    return { isChecked: true, fault: checked.code, effects: [] };
  }
  const { author } = checked.value;
  if (isOurCertificate(core, author)) {
    return { isChecked: true, fault: "own-message", effects: tellTwin(core, alive) };
  }
  const learnt = isInUse(core.identities, author, now)
    ? []
    : learn(core, author, "alive", now, alive.time);
  return { isChecked: true, effects: [...learnt, ...apply(core, checked.value, claim, now)] };
}

/** Whether it may change anything; asked before anything is spent on it. */
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
function doubt(core: Core, { pkiId, time }: Alive, now: Now): void {
  const { members, options, questions, self } = core;
  if (isSelf(core, pkiId)) {
    if (time.incNum >= self.incarnation) speakSoon(core, now);
    return;
  }
  const member = members.table.get(pkiId);
  const isOutdated = member?.firstHand !== undefined && isNewer(member.firstHand, time);
  if (member !== undefined && !isOutdated) {
    raise(questions, member, { type: "told", time }, options.random, now);
  }
  if (!isNews(members, pkiId, time)) {
    keepForgotten(members, pkiId, now.elapsedMs + options.timing.forgetAfterMs);
  }
}

/** The author's identity is asked for; the message waits for it, unless its kind does not. */
function keepAside(core: Core, claim: AliveClaim, now: Now): void {
  if (RIGHTS[claim.source].waitPriority === undefined) return;
  if (core.options.beyondFabric?.asksAtOnce === false) return;
  if (setAside(core.claims, claim, now)) want(core.pull, claim.alive.pkiId, claim.from, now);
}

/** Changes the member, questions who was at its endpoint before, relays what was gossiped. */
function apply(
  core: Core,
  verified: Verified<Alive>,
  claim: AliveClaim,
  now: Now,
): readonly Effect[] {
  const { from, source } = claim;
  if (isNotOurs(core, verified)) {
    return RIGHTS[source].isAnswered ? [] : [drop(from, "not-disclosed")]; // The answer tells of it.
  }
  // Without its identity it would outlive its certificate, and trust in it.
  if (!core.identities.table.has(verified.author.pkiId)) return []; // Told when it was not learnt.
  const shown = withForeignSecretDropped(core, verified);
  return [
    ...seat(core, shown, claim, now),
    ...(RIGHTS[source].isLife
      ? applyLife(core, shown, claim, now)
      : applyDeath(core, shown, from, now)),
  ];
}

/** Who is not known outside its organisation is not for us, nor are foreigners if we are not. */
function isNotOurs({ options, self }: Core, { claim, author }: Verified<Alive>): boolean {
  if (author.mspId === options.self.mspId) return false;
  return claim.endpoint === "" || self.externalEndpoint === "";
}

/** Another organisation's secret was told us by mistake or malice: it goes no further. */
function withForeignSecretDropped(core: Core, verified: Verified<Alive>): Verified<Alive> {
  const { claim, author } = verified;
  if (author.mspId === core.options.self.mspId || !claim.envelope.secret) return verified;
  const envelope = withoutSecret(claim.envelope);
  return { ...verified, claim: { ...claim, envelope, internalEndpoint: undefined } };
}

/** Finds room for a new member, if the message makes it one. */
function seat(
  core: Core,
  { author, claim }: Verified<Alive>,
  { source, from }: AliveClaim,
  now: Now,
): readonly Effect[] {
  const { identities, members } = core;
  const { pkiId, mspId } = author;
  const { hearing, isLife } = RIGHTS[source];
  const heardBy = isLife ? hearingOf(source, pkiId, from) : hearing;
  if (members.table.has(pkiId) || !isSignOfLife(members, pkiId, claim.time, heardBy)) return [];
  const hasConnected = identities.table.get(pkiId)?.hasConnected ?? false;
  const living = hasConnected ? "present" : "absent";
  const leaving = makeRoom(core, "members", mspId, isLife ? living : "dead", now);
  return leaving.flatMap((other) => forget(core, other, "unused", now));
}

function applyDeath(
  core: Core,
  verified: Verified<Alive>,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const events = hearDead(core.members, verified, core.options, now);
  return events === "members-full" ? [drop(from, events)] : events.map(notify);
}

function applyLife(
  core: Core,
  verified: Verified<Alive>,
  { source, from }: AliveClaim,
  now: Now,
): readonly Effect[] {
  const { members, options } = core;
  const { isRelayed, showsGaps } = RIGHTS[source];
  const alive = verified.claim;
  const rival = memberAt(members, alive.internalEndpoint || alive.endpoint);
  if (showsGaps && hasMissed(members, alive)) quicken(core.syncPace, options, now);
  const hearing = hearingOf(source, alive.pkiId, from);
  const sight = hearAlive(members, verified, hearing, core.options, now);
  if (sight.type === "members-full") return [drop(from, sight.type)];
  const member = members.table.get(alive.pkiId);
  if (member === undefined) return [];
  const effects = followUp(core, sight, hearing, member, rival, now);
  const isEveryday = sight.type === "alive" && sight.isNews && sight.events.length === 0;
  if (isRelayed) relay(core, member, alive, from, isEveryday, now);
  return effects;
}

/** What is to be told and asked about a member that we have just heard of. */
function followUp(
  core: Core,
  sight: Sight,
  hearing: Hearing,
  member: Member,
  rival: Member | undefined,
  now: Now,
): readonly Effect[] {
  const { options, questions } = core;
  if (sight.type === "doubtful") return askAgain(questions, member, now);
  if (sight.type !== "alive" && sight.type !== "completed") return [];
  const effects = sight.events.map(notify);
  if (sight.type === "completed" || sight.wasAlive) return effects;
  // Somebody may have kept the message back until its author had died.
  if (!sight.isNews && !WEIGHT[hearing].isPresent) {
    raise(questions, member, { type: "told", time: member.time }, options.random, now);
  }
  return rival ? [...effects, ...questionRival(core, member, rival, now)] : effects;
}

/** Heartbeats on their way may be overtaken by a list. */
const OVERTAKEN_MAX = 1n;

/** Whether gossip should have brought it, or something before it: then more may be missing. */
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
function questionRival(core: Core, member: Member, rival: Member, now: Now): readonly Effect[] {
  if (rival.pkiId === member.pkiId || rival.mspId !== member.mspId) return [];
  if (preferredEndpoint(rival) !== preferredEndpoint(member)) return [];
  return requestMembership(core, recipientOf(rival, 0n), now);
}

/**
 * What was gossiped to us is passed on, once, as the bytes that came. `isEveryday`: nothing about the
 * member has changed but that it lives still. To those who doubt that, it is news.
 */
function relay(
  core: Core,
  member: Member,
  alive: Alive,
  from: PkiId,
  isEveryday: boolean,
  now: Now,
): void {
  const { pkiId, time } = alive;
  if (!isToRelay(core.members, pkiId, time)) return;
  markRelayed(core.members, pkiId, time);
  const envelope: Envelope =
    time === member.time ? member.alive.envelope : ownedEnvelope(alive.envelope);
  const everyday =
    isEveryday && !core.questions.open.has(pkiId)
      ? { author: pkiId, sequence: time.seqNum }
      : undefined;
  const reach = { type: "about", party: partyOf(member), everyday } as const;
  emitAlive(core, pkiId, envelope, reach, [from], now);
  addOriginal(core.copies, { author: pkiId, time, key: aliveKey(pkiId), bytes: envelope.bytes });
}

/** Whether these are the very bytes of a message that was passed on: known without reading them. */
export function findCopy({ copies, members }: Core, bytes: Uint8Array): Original | undefined {
  const original = findOriginal(copies, bytes);
  // Whoever was forgotten since may come back by the same message.
  const isOver = original && !isToRelay(members, original.author, original.time);
  return isOver ? original : undefined;
}

/** Such a copy: who sent it need not get it from us. */
export function handleCopy({ emitter }: Core, original: Original, from: PkiId): readonly Effect[] {
  const waiting = emitter.waiting.get(original.key)?.emission;
  if (waiting?.bytes === original.bytes) waiting.holders.add(from);
  return [drop(from, "stale")];
}

/** The same for one in other bytes: with or without its secret. */
function noteCopy(core: Core, { pkiId, time }: Alive, from: PkiId): void {
  const relayed = core.members.table.get(pkiId)?.relayed;
  if (relayed?.incNum !== time.incNum || relayed.seqNum !== time.seqNum) return;
  noteHolder(core.emitter, aliveKey(pkiId), from);
}
