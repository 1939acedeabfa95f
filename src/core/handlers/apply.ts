/** What follows from an alive message that is believed: the only way from a claim to a member. */
import { type Envelope, ownedEnvelope, withoutSecret } from "../../wire/envelope.ts";
import type { Alive } from "../rules/read-alive.ts";
import type { Verified } from "../rules/verify.ts";
import type { Core } from "../state.ts";
import { type Emission, noteHolder } from "../tables/broadcast-queue.ts";
import {
  type Hearing,
  isNews,
  isSignOfLife,
  isToRelay,
  type Member,
  type Members,
  markRelayed,
  memberAt,
  partyOf,
  preferredEndpoint,
} from "../tables/members.ts";
import { quicken } from "../tables/poll-backoff.ts";
import { addOriginal, findOriginal } from "../tables/seen-cache.ts";
import { askAgain, raise } from "../tables/suspicion.ts";
import type { AliveSource } from "../tables/verification-queue.ts";
import { drop, type Effect, notify } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Reach } from "./audience.ts";
import { type Heard, type HearingRules, hearAlive, hearDead } from "./hear-alive.ts";
import { forget } from "./learn-identity.ts";
import { makeRoom } from "./make-room.ts";
import { recipientOf, requestMembership } from "./membership-request.ts";
import { passOn } from "./pass-on.ts";

/** Changes the member, questions who was at its endpoint before, relays what was gossiped. */
export function applyVerified(
  core: Core,
  verified: Verified<Alive>,
  source: AliveSource,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { identities, options } = core;
  if (isNotOurs(core, verified)) {
    return source === "request" ? [] : [drop(from, "not-disclosed")]; // The answer tells of it.
  }
  if (verified.author.mspId !== options.self.mspId && verified.claim.envelope.secret) {
    return applyVerified(core, withSecretDropped(verified), source, from, now);
  }
  const alive = verified.claim;
  // Without its identity it would outlive its certificate, and trust in it.
  if (!identities.table.has(alive.pkiId)) return []; // Told when it was not learnt.
  return [
    ...seat(core, verified, source, from, now),
    ...(source === "listed-dead"
      ? applyDead(core, verified, from, now)
      : applyAlive(core, verified, source, from, now)),
  ];
}

/** Finds room for a new member, if the message makes it one. */
function seat(
  core: Core,
  { author, claim }: Verified<Alive>,
  source: AliveSource,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { identities, members } = core;
  const { pkiId, mspId } = author;
  const hearing = source === "listed-dead" ? "list" : hearingOf(source, pkiId, from);
  if (members.table.has(pkiId) || !isSignOfLife(members, pkiId, claim.time, hearing)) return [];
  const hasConnected = identities.table.get(pkiId)?.hasConnected ?? false;
  const living = hasConnected ? "present" : "absent";
  const newcomer = source === "listed-dead" ? "dead" : living;
  const leaving = makeRoom(core, "members", mspId, newcomer, now);
  return leaving.flatMap((other) => forget(core, other, "unused", now));
}

function applyDead(
  core: Core,
  verified: Verified<Alive>,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const events = hearDead(core.members, verified, hearingRules(core), now);
  return events === "members-full" ? [drop(from, events)] : events.map(notify);
}

function applyAlive(
  core: Core,
  verified: Verified<Alive>,
  source: Exclude<AliveSource, "listed-dead">,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { members, options } = core;
  const { claim: alive } = verified;
  const rival = memberAt(members, alive.internalEndpoint || alive.endpoint);
  if (source === "listed-alive" && hasMissed(members, alive)) {
    quicken(core.syncPace, options, now);
  }
  const hearing = hearingOf(source, alive.pkiId, from);
  const heard = hearAlive(members, verified, hearing, hearingRules(core), now);
  if (heard.type === "members-full") return [drop(from, heard.type)];
  const member = members.table.get(alive.pkiId);
  if (member === undefined) return [];
  const effects = followUp(core, heard, member, rival, now);
  const isNoNews = heard.type === "alive" && heard.isNews && effects.length === 0;
  if (source === "gossip") relay(core, member, alive, from, isNoNews, now);
  return effects;
}

/** Whose word it is that somebody is alive. */
export function hearingOf(source: AliveSource, author: PkiId, from: PkiId): Hearing {
  if (source === "request" || author === from) return "itself";
  return source === "gossip" ? "gossip" : "list";
}

function hearingRules({ options }: Core): HearingRules {
  const { limits, self, timing } = options;
  const { membersMax } = limits;
  return { ownMspId: self.mspId, membersMax, onTheWayMs: timing.aliveIntervalMs };
}

/** What is to be told and asked about a member that we have just heard of. */
function followUp(
  core: Core,
  heard: Heard,
  member: Member,
  rival: Member | undefined,
  now: Now,
): readonly Effect[] {
  if (heard.type === "doubtful") return askAgain(core, member, now);
  if (heard.type !== "alive") return [];
  const effects = heard.events.map(notify);
  if (heard.wasAlive) return effects;
  // Somebody may have kept the message back until its author had died.
  if (!heard.isNews) raise(core, member, { type: "told", time: member.time }, now);
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

/** Who is not known outside its organisation is not for us, nor are foreigners if we are not. */
function isNotOurs({ options, self }: Core, { claim, author }: Verified<Alive>): boolean {
  if (author.mspId === options.self.mspId) return false;
  return claim.endpoint === "" || self.externalEndpoint === "";
}

/** Another organisation's secret was told us by mistake or malice: it goes no further. */
function withSecretDropped(verified: Verified<Alive>): Verified<Alive> {
  const { claim } = verified;
  const envelope = withoutSecret(claim.envelope);
  return { ...verified, claim: { ...claim, envelope, internalEndpoint: undefined } };
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
 * What was gossiped to us is passed on, once, as the bytes that came. `isNoNews`: nothing about the
 * member has changed but that it lives still. To those who doubt that, it is news.
 */
export function relay(
  core: Core,
  member: Member,
  alive: Alive,
  from: PkiId,
  isNoNews: boolean,
  now: Now,
): void {
  const { pkiId, time } = alive;
  if (!isToRelay(core.members, pkiId, time)) return;
  markRelayed(core.members, pkiId, time);
  const envelope = time === member.time ? member.alive.envelope : ownedEnvelope(alive.envelope);
  const isEveryday = isNoNews && !core.questions.open.has(pkiId);
  const everyday = isEveryday ? { author: pkiId, sequence: time.seqNum } : undefined;
  const reach = { type: "about", party: partyOf(member), everyday } as const;
  emitAlive(core, pkiId, envelope, reach, [from], now);
  const { bytes } = envelope;
  addOriginal(core.copies, { author: pkiId, time, key: aliveKey(pkiId), bytes });
}

/** Passes an alive message on to everybody who may see its author and does not have it yet. */
export function emitAlive(
  core: Core,
  author: PkiId,
  envelope: Envelope,
  reach: Reach,
  holders: readonly PkiId[],
  now: Now,
): void {
  const emission: Emission = {
    key: aliveKey(author),
    reach,
    bytes: envelope.bytes,
    withoutSecret: () => withoutSecret(envelope).bytes,
    replacesOlder: true,
    holders: new Set([author, ...holders]),
  };
  passOn(core, emission, now);
}

/** Whether these are the very bytes of a message that was passed on: known without reading them. */
export function isCopy(
  { copies, emitter, members }: Core,
  from: PkiId,
  bytes: Uint8Array,
): boolean {
  const original = findOriginal(copies, bytes);
  // Whoever was forgotten since may come back by the same message.
  if (original === undefined || isToRelay(members, original.author, original.time)) return false;
  const waiting = emitter.waiting.get(original.key)?.emission;
  if (waiting?.bytes === original.bytes) waiting.holders.add(from);
  return true;
}

/** A gossiped message that we have already: who sent it need not get it from us. */
export function noteCopy(core: Core, { pkiId, time }: Alive, from: PkiId): void {
  const relayed = core.members.table.get(pkiId)?.relayed;
  if (relayed?.incNum !== time.incNum || relayed.seqNum !== time.seqNum) return;
  noteHolder(core.emitter, aliveKey(pkiId), from);
}

function aliveKey(author: PkiId): string {
  return `alive ${author}`;
}
