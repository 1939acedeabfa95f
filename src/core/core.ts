/**
 * The protocol. `step(core, input, now)` changes the state and returns what is to be done. Read this
 * file as the table of contents: each kind of input and of message leads to the file that knows it.
 */

import { isTagLegal } from "../wire/envelope.ts";
import { findCopy, handleAlive, handleCopy } from "./handlers/alive.ts";
import { chooseAudience } from "./handlers/audience.ts";
import { handleChannelInput } from "./handlers/channel-configuration.ts";
import { handleChannelMessage } from "./handlers/channel-message.ts";
import { attendChannels, nextChannelMs } from "./handlers/channel-tasks.ts";
import { isAnswerRefused } from "./handlers/check.ts";
import { checkExpiry, checkUnused, purgeExpired } from "./handlers/expiry.ts";
import {
  attendIdentityPull,
  handleDigest,
  handleHello,
  handleRequest,
  handleUpdate,
  startIdentityPull,
} from "./handlers/identity-pull.ts";
import { learn } from "./handlers/learn-identity.ts";
import {
  handleConnected,
  handleIdentified,
  handlePinged,
  handleReplaced,
  handleUnreached,
} from "./handlers/liveness.ts";
import { handleMembershipRequest } from "./handlers/membership-request.ts";
import { handleMembershipResponse } from "./handlers/membership-response.ts";
import {
  publish,
  publishAnew,
  publishIdentity,
  publishSigned,
  startSync,
} from "./handlers/publish.ts";
import { renew } from "./handlers/renewal.ts";
import { handleOfServed, publishStateInfo } from "./handlers/serve-channel.ts";
import type { Core } from "./handlers/state.ts";
import { handleStateInfo } from "./handlers/state-info.ts";
import {
  handleSnapshot,
  handleStateInfoPullRequest,
  hurryStateInfo,
} from "./handlers/state-info-pull.ts";
import { checkClaims, rejudgeAll } from "./handlers/verification.ts";
import type { Reach } from "./rules/disclosure.ts";
import { assertHolds } from "./rules/invariant.ts";
import { isNotForUs } from "./rules/not-for-us.ts";
import { readMessage } from "./rules/read-alive.ts";
import type { Audience } from "./tables/broadcast-queue.ts";
import { flush } from "./tables/broadcast-queue.ts";
import {
  attendContacts,
  nextContactMs,
  refuseContacts,
  resolveContacts,
} from "./tables/contacts.ts";
import { noteArrival, noteClosed, noteConnected } from "./tables/formation.ts";
import { noticeExpiring } from "./tables/identities.ts";
import { forgiveStall } from "./tables/members.ts";
import { beginInterval, hurry, quicken } from "./tables/poll-backoff.ts";
import { nextPullMs } from "./tables/pull.ts";
import { nextPublishMs } from "./tables/served-channels.ts";
import { attendQuestions, nextQuestionMs } from "./tables/suspicion.ts";
import { hasBacklog } from "./tables/verification-queue.ts";
import { drop, type Effect } from "./types/effect.ts";
import type { Now, PkiId } from "./types/host.ts";
import type { Input } from "./types/input.ts";

export { type Core, createCore } from "./handlers/state.ts";

/** A visit this much later than asked for means that our process stood still. */
const STALL_MS = 1_000;

interface Task {
  /** When, in elapsed milliseconds; Infinity: nothing is to be done. */
  readonly nextMs: (core: Core) => number;
  readonly run: (core: Core, now: Now) => readonly Effect[];
}

/** A few of the claims that wait for their check. */
const VERIFICATION: Task = {
  nextMs: ({ claims }) =>
    hasBacklog(claims) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
  run: checkClaims,
};

/** In this order. What is due, and when the host is to come back, both follow from this list. */
const TASKS: readonly Task[] = [
  VERIFICATION,
  // Certificates end by the wall clock, which may jump: it is looked at in each step.
  { nextMs: nextIdentityMs, run: attendIdentities },
  { nextMs: ({ schedule }) => schedule.expiryCheckAtMs, run: checkExpiry },
  { nextMs: ({ schedule }) => schedule.unusedCheckAtMs, run: checkUnused },
  { nextMs: ({ schedule }) => schedule.heartbeatAtMs, run: publish },
  { nextMs: ({ syncPace }) => syncPace.dueMs, run: sync },
  { nextMs: ({ pullPace }) => pullPace.dueMs, run: pullIdentities },
  { nextMs: ({ pull }) => nextPullMs(pull), run: attendIdentityPull },
  { nextMs: ({ options, questions }) => nextQuestionMs(questions, options), run: askSuspects },
  { nextMs: ({ contacts }) => nextContactMs(contacts), run: approachContacts },
  { nextMs: ({ served }) => nextPublishMs(served), run: publishStateInfo },
  { nextMs: nextChannelMs, run: attendChannels },
  { nextMs: ({ emitter }) => emitter.flushAtMs, run: passOnWaiting },
];

/** The elapsed time at which `step` wants to be called at the latest. */
export function nextDeadlineMs(core: Core): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { nextMs } of TASKS) next = Math.min(next, nextMs(core));
  return next;
}

/** Applies one input. Performs no I/O; the effects are to be carried out in order. */
export function step(core: Core, input: Input, now: Now): readonly Effect[] {
  const { aliveCount, arrivals, version } = core.members;
  assertHolds(now.elapsedMs >= core.now.elapsedMs, "the clock that never jumps went back");
  noticeStall(core, now);
  core.now = now;
  // A loop may bring many messages in one turn: only its ticks work off what was there before.
  const isBehind = input.type === "message" && hasBacklog(core.claims);
  const effects = [...handleInput(core, input, now)];
  let nextMs = Number.POSITIVE_INFINITY;
  let hasRun = false;
  for (const task of TASKS) {
    const atMs = task.nextMs(core);
    if (atMs > now.elapsedMs || (isBehind && task === VERIFICATION)) {
      nextMs = Math.min(nextMs, atMs);
      continue;
    }
    hasRun = true;
    for (const effect of task.run(core, now)) effects.push(effect);
  }
  const { members } = core;
  if (members.arrivals > arrivals) noteArrival(core.formation, now);
  if (members.version !== version) {
    effects.push(...askSoon(core, aliveCount === 0, members.arrivals > arrivals, now));
  }
  // If nothing has run, what was asked above still holds.
  if (hasRun || members.version !== version) nextMs = nextDeadlineMs(core);
  core.expectedAtMs = Math.max(now.elapsedMs, nextMs);
  assertSound(core);
  return effects;
}

/** Counts agree and bounds hold; cheap enough to be asked after each step. */
function assertSound({ claims, identities, members, options }: Core): void {
  const { backlogMax, identitiesMax, membersMax } = options.limits;
  const { aliveCount, byEndpoint, table } = members;
  assertHolds(aliveCount >= 0 && aliveCount <= table.size, "more members alive than there are");
  assertHolds(byEndpoint.size <= table.size, "an endpoint without a member");
  assertHolds(table.size <= membersMax, "more members than the table may hold");
  assertHolds(identities.table.size <= identitiesMax, "more identities than the table may hold");
  assertHolds(claims.backlog.length - claims.done <= backlogMax, "more claims wait than may");
}

/**
 * Members came or went: there may be more that we missed. While we are new, an arrival even means
 * that the network is still forming and our first picture of it incomplete.
 */
function askSoon(core: Core, wasAlone: boolean, isArrival: boolean, now: Now): readonly Effect[] {
  const { members, options, pullPace, self, syncPace } = core;
  if (options.beyondFabric?.asksAtOnce === false) return [];
  // The first member we learn of hears from us at once, while our heartbeat carries our identity.
  if (isArrival) hurryStateInfo(core, now);
  const effects = wasAlone && members.aliveCount > 0 ? publish(core, now) : [];
  quicken(syncPace, options, now);
  quicken(pullPace, options, now);
  if (isArrival && now.elapsedMs < self.publishCertUntilMs) hurry(syncPace, options, now);
  return effects;
}

function noticeStall(core: Core, now: Now): void {
  const lateMs = now.elapsedMs - core.expectedAtMs;
  if (lateMs > STALL_MS) forgiveStall(core.members, lateMs);
}

function handleInput(core: Core, input: Input, now: Now): readonly Effect[] {
  switch (input.type) {
    case "start":
      return [...learn(core, core.options.self, "self", now), ...publishIdentity(core)];
    case "tick":
      return [];
    case "message":
      return handleMessage(core, input.from, input.bytes, now);
    case "connected":
      noteConnected(core.formation, input.identity.pkiId);
      return [
        ...handleConnected(core, input.identity.pkiId, now),
        ...learn(core, input.identity, "handshake", now),
      ];
    case "connection-closed":
      noteClosed(core.formation, input.pkiId);
      return [];
    case "connection-lost":
      noteClosed(core.formation, input.pkiId);
      return handleUnreached(core, input.pkiId, now);
    case "send-failed":
      return handleUnreached(core, input.pkiId, now);
    case "refused": {
      const { timing, random } = core.options;
      return refuseContacts(core.contacts, input.pkiId, input.fault, timing, random, now);
    }
    case "replaced":
      return handleReplaced(core, input.old, input.identity, now);
    case "identified":
      return handleIdentified(core, input, now);
    case "names-resolved":
      resolveContacts(core.contacts, input.endpoints, core.options, now);
      return [];
    case "pinged":
      return handlePinged(core, input.pkiId, input.reachable, now);
    case "signed":
      return publishSigned(core, input, now);
    case "set-metadata":
      core.self.metadata = input.metadata;
      return publishAnew(core, now);
    case "set-endpoint":
      core.self.externalEndpoint = input.externalEndpoint;
      return publishAnew(core, now);
    case "trust-changed":
      return rejudgeAll(core);
    case "renewed":
      return renew(core, input.self, now);
    default:
      return handleChannelInput(core, input, now);
  }
}

/** One message of an authenticated peer: tag, then content (spec B 3.3). */
function handleMessage(core: Core, from: PkiId, bytes: Uint8Array, now: Now): readonly Effect[] {
  const original = findCopy(core, bytes);
  if (original !== undefined) return handleCopy(core, original, from);
  const { read = readMessage } = core.options;
  const received = read(bytes);
  if (!received.ok) return [drop(from, received.code)];
  const { alive, envelope, message } = received.value;
  const { content, nonce } = message;
  const served = handleOfServed(core, message, from, now);
  if (served !== undefined) return served;
  if (isNotForUs(message)) return [drop(from, "not-followed")];
  if (!isTagLegal(message)) return [drop(from, "tag-illegal")];
  if (isAnswerRefused(core, content, from, now)) return [drop(from, "answer-budget")];

  switch (content?.type) {
    case "alive":
      return handleAlive(core, alive, from, now);
    case "membership-request":
      return handleMembershipRequest(core, content.value, nonce, from, now);
    case "membership-response":
      return handleMembershipResponse(core, content.value, nonce, from);
    case "hello":
      return handleHello(core, content.value, from, now);
    case "digest":
      return handleDigest(core, content.value, from, now);
    case "request":
      return handleRequest(core, content.value, from, now);
    case "update":
      return handleUpdate(core, content.value, from);
    case "state-info":
      return handleStateInfo(core, envelope, content.value, from, now);
    case "state-info-pull-request":
      return handleStateInfoPullRequest(core, content.value.channelMac, from, now);
    case "state-snapshot":
      return handleSnapshot(core, message.channel, content.value.elements, from);
    case "data":
    case "state-response":
      return handleChannelMessage(core, message, from, now);
    // Of no use to us, or no content that travels alone.
    case "conn-establish":
    case "empty":
    case "ack":
    case "leadership":
    case "peer-identity":
    case "private-data":
    case "private-request":
    case "private-response":
    case "state-request":
    case undefined:
      return [drop(from, "not-followed")];
  }
}

function nextIdentityMs({ identities, now }: Core): number {
  return now.elapsedMs + Math.min(identities.nextExpiryMs, identities.nextNoticeMs) - now.wallMs;
}

function attendIdentities(core: Core, now: Now): readonly Effect[] {
  const { identities, options } = core;
  const purged = purgeExpired(core, now);
  return [...purged, ...noticeExpiring(identities, options.timing.expiryNoticesMs, now)];
}

function sync(core: Core, now: Now): readonly Effect[] {
  beginInterval(core.syncPace, core.options, now);
  return startSync(core, now);
}

function pullIdentities(core: Core, now: Now): readonly Effect[] {
  beginInterval(core.pullPace, core.options, now);
  return [...publishIdentity(core), ...startIdentityPull(core, now)];
}

function askSuspects({ questions, members, options }: Core, now: Now): readonly Effect[] {
  return attendQuestions(questions, members, options.timing, options.random, now);
}

function approachContacts({ contacts, members, options }: Core, now: Now): readonly Effect[] {
  const { self, timing, random } = options;
  return attendContacts(contacts, members, self.mspId, timing, random, now);
}

function passOnWaiting(core: Core, now: Now): readonly Effect[] {
  const { self, timing, random } = core.options;
  const choose = (reach: Reach): Audience => chooseAudience(core, reach, now);
  return flush(core.emitter, choose, self.mspId, timing.burstLatencyMs, random, now);
}
