/**
 * The protocol. `step(core, input, now)` changes the state and returns what is to be done. Read this
 * file as the table of contents: each kind of input and of message leads to the file that knows it.
 */

import { isTagLegal } from "../wire/envelope.ts";
import { findCopy, handleAlive, handleCopy } from "./handlers/alive.ts";
import { handleChannelInput } from "./handlers/channel-configuration.ts";
import { handleChannelMessage } from "./handlers/channel-message.ts";
import { isAnswerRefused } from "./handlers/check.ts";
import {
  handleDigest,
  handleHello,
  handleRequest,
  handleUpdate,
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
import { publish, publishAnew, publishIdentity, publishSigned } from "./handlers/publish.ts";
import { renew } from "./handlers/renewal.ts";
import { handleOfServed } from "./handlers/serve-channel.ts";
import type { Core } from "./handlers/state.ts";
import { handleStateInfo } from "./handlers/state-info.ts";
import {
  handleSnapshot,
  handleStateInfoPullRequest,
  hurryStateInfo,
} from "./handlers/state-info-pull.ts";
import { hasBacklog, nextDeadlineMs, runDue } from "./handlers/tasks.ts";
import { rejudgeAll } from "./handlers/verification.ts";
import { isNotForUs, readMessage } from "./rules/messages.ts";
import { refuseContacts, resolveContacts } from "./tables/contacts.ts";
import { forgiveStall } from "./tables/deaths.ts";
import { noteArrival, noteClosed, noteConnected } from "./tables/neighbourhood.ts";
import { hurry, quicken } from "./tables/poll-backoff.ts";
import { drop, type Effect } from "./types/effect.ts";
import type { Now, PkiId } from "./types/host.ts";
import type { Input } from "./types/input.ts";

export { type Core, createCore } from "./handlers/state.ts";
export { nextDeadlineMs };

/** A visit this much later than asked for means that our process stood still. */
const STALL_MS = 1_000;

/** Applies one input. Performs no I/O; the effects are to be carried out in order. */
export function step(core: Core, input: Input, now: Now): readonly Effect[] {
  const { aliveCount, arrivals, version } = core.members;
  assertHolds(now.elapsedMs >= core.now.elapsedMs, "the clock that never jumps went back");
  noticeStall(core, now);
  core.now = now;
  // A loop may bring many messages in one turn: only its ticks work off what was there before.
  const isBehind = input.type === "message" && hasBacklog(core.claims);
  const effects = [...handleInput(core, input, now)];
  const nextMs = runDue(core, isBehind, effects, now);
  const { members } = core;
  const isArrival = members.arrivals > arrivals;
  if (isArrival) noteArrival(core.neighbourhood, now);
  const isChanged = members.version !== version;
  if (isChanged) effects.push(...askSoon(core, aliveCount === 0, isArrival, now));
  // If nothing was done, what was asked above still holds.
  const isKnown = nextMs !== undefined && !isChanged;
  core.expectedAtMs = Math.max(now.elapsedMs, isKnown ? nextMs : nextDeadlineMs(core));
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
      noteConnected(core.neighbourhood, input.identity.pkiId);
      return [
        ...handleConnected(core, input.identity.pkiId, now),
        ...learn(core, input.identity, "handshake", now),
      ];
    case "connection-closed":
      noteClosed(core.neighbourhood, input.pkiId);
      return [];
    case "connection-lost":
      noteClosed(core.neighbourhood, input.pkiId);
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
  const served = core.served.size > 0 && handleOfServed(core, message, from, now);
  if (served) return served;
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

/** What must hold whatever peers, files and clocks do. If it does not, the fault is ours: it stays on. */
export function assertHolds(holds: boolean, what: string): void {
  if (!holds) throw new Error(`fabric-gossip is at fault: ${what}`);
}
