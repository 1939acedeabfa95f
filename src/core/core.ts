/**
 * The protocol. `step(core, input, now)` changes the state and returns what is to be done. Read this
 * file as the table of contents: each message and each timer leads to the file that knows it.
 */

import { isNotForUs, isTagLegal } from "../wire/envelope.ts";
import { readMessage } from "../wire/received.ts";
import { GATHERED, handleAlive } from "./handlers/alive.ts";
import { flushBroadcasts, isMeeting } from "./handlers/audience.ts";
import { recheckMembers } from "./handlers/channel-configuration.ts";
import { handleChannelMessage } from "./handlers/channel-message.ts";
import { attendIdentities, checkExpiry, checkUnused } from "./handlers/expiry.ts";
import {
  attendIdentityPull,
  handleDigest,
  handleHello,
  handleRequest,
  handleUpdate,
  startIdentityPull,
} from "./handlers/identity-pull.ts";
import { handleInput } from "./handlers/inputs.ts";
import { checkLag } from "./handlers/lag.ts";
import { askSuspects } from "./handlers/liveness.ts";
import { handleMembershipRequest } from "./handlers/membership-request.ts";
import { handleMembershipResponse } from "./handlers/membership-response.ts";
import { askSoon, publish, startSync } from "./handlers/publish.ts";
import { handleOfServed, publishStateInfo } from "./handlers/serve-channel.ts";
import type { Core } from "./handlers/state.ts";
import { handleStateInfo } from "./handlers/state-info.ts";
import {
  handleSnapshot,
  handleStateInfoPullRequest,
  pullStateInfo,
  workThroughSnapshots,
} from "./handlers/state-info-pull.ts";
import { checkRoutine, drainVerificationQueue } from "./handlers/verification.ts";
import type { Channels, FollowedChannel } from "./tables/channels.ts";
import { attendContacts, type Contact } from "./tables/contacts.ts";
import { forgiveStall } from "./tables/deaths.ts";
import { NOTED_MS, noteLateness, patienceMs, STALL_MS } from "./tables/lateness.ts";
import type { Pull } from "./tables/pull.ts";
import { noteArrival } from "./tables/self.ts";
import type { ServedChannels } from "./tables/served-channels.ts";
import type { VerificationQueue } from "./tables/verification-queue.ts";
import { drop, type Effect, isStale } from "./types/effect.ts";
import type { Now, PkiId } from "./types/host.ts";
import type { Input } from "./types/input.ts";
import type { CoreOptions } from "./types/options.ts";

export { type Core, createCore } from "./handlers/state.ts";

/** Applies one input. Performs no I/O; the host carries out the effects in order. */
export function step(core: Core, input: Input, now: Now): readonly Effect[] {
  const { aliveCount, arrivals, version } = core.members;
  assertHolds(now.elapsedMs >= core.now.elapsedMs, "the clock that never jumps went back");
  noticeStall(core, now);
  // Mostly the same object: writing it again would cost an engine that notes each pointer from old objects to new ones.
  if (core.now !== now) core.now = now;
  // A loop turn may bring many messages, so only ticks drain the verification queue.
  const isBehind = input.type === "message" && hasBacklog(core);
  // Whoever has no time for a list does not know yet who has arrived.
  if (isBehind && core.verificationQueue.lists.size > 0)
    noteArrival(core.self, core.options.timing, now);
  // A certificate may have expired since, by a clock that jumped: its member is not taken in any more.
  const isExpiring = input.type === "message" && nextIdentityMs(core) <= now.elapsedMs;
  const expired = isExpiring ? attendIdentities(core) : [];
  const applied = applyInput(core, input);
  const laterMs = Math.min(core.expectedAtMs, core.routine.dueMs, nextIdentityMs(core));
  const isQuiet = expired.length === 0 && (applied === GATHERED || isStale(applied));
  if (isQuiet && laterMs > now.elapsedMs) {
    core.expectedAtMs = laterMs;
    return applied;
  }
  const effects = [...expired, ...applied];
  const nextMs = runDue(core, isBehind, effects);
  const { members } = core;
  const isArrival = members.arrivals > arrivals;
  const isChanged = members.version !== version;
  if (isChanged) effects.push(...askSoon(core, aliveCount === 0, isArrival));
  if (isArrival) noteArrival(core.self, core.options.timing, now);
  // If nothing ran, the deadline computed above is still valid.
  const isKnown = nextMs !== undefined && !isChanged;
  core.expectedAtMs = Math.max(now.elapsedMs, isKnown ? nextMs : nextDeadlineMs(core));
  assertSound(core);
  return effects;
}

/** Asserts counts and bounds; cheap enough for every step. */
function assertSound({ verificationQueue, identities, members, options }: Core): void {
  const { backlogMax, identitiesMax, membersMax } = options.limits;
  const { aliveCount, byEndpoint, table } = members;
  assertHolds(aliveCount >= 0 && aliveCount <= table.size, "more members alive than there are");
  assertHolds(byEndpoint.size <= table.size, "an endpoint without a member");
  assertHolds(table.size <= membersMax, "more members than the table may hold");
  assertHolds(identities.table.size <= identitiesMax, "more identities than the table may hold");
  assertHolds(
    verificationQueue.backlog.length - verificationQueue.done <= backlogMax,
    "more claims wait than may",
  );
}

function applyInput(core: Core, input: Input): readonly Effect[] {
  if (input.type === "tick") return [];
  if (input.type === "message") return handleMessage(core, input.from, input.bytes);
  return handleInput(core, input);
}

function noticeStall(core: Core, now: Now): void {
  const lateMs = now.elapsedMs - core.expectedAtMs;
  if (lateMs < NOTED_MS) return;
  noteLateness(core.lateness, lateMs, now);
  if (lateMs > STALL_MS) forgiveStall(core.members, lateMs);
}

/** One message of an authenticated peer: tag, then content (spec B 3.3). */
function handleMessage(core: Core, from: PkiId, bytes: Uint8Array): readonly Effect[] {
  const { read = readMessage } = core.options;
  const received = read(bytes);
  if (!received.ok) return [drop(from, received.code)];
  const { alive, envelope, message } = received.value;
  const { content, nonce } = message;
  const served = core.served.size > 0 && handleOfServed(core, message, from);
  if (served) return served;
  if (isNotForUs(message)) return [drop(from, "not-followed")];
  if (!isTagLegal(message)) return [drop(from, "tag-illegal")];

  switch (content?.type) {
    case "alive":
      return handleAlive(core, alive, from);
    case "membership-request":
      return handleMembershipRequest(core, content.value, nonce, from);
    case "membership-response":
      return handleMembershipResponse(core, content.value, nonce, from);
    case "hello":
      return handleHello(core, content.value, from);
    case "digest":
      return handleDigest(core, content.value, from);
    case "request":
      return handleRequest(core, content.value, from);
    case "update":
      return handleUpdate(core, content.value, from);
    case "state-info":
      return handleStateInfo(core, envelope, content.value, from);
    case "state-info-pull-request":
      return handleStateInfoPullRequest(core, content.value.channelMac, from);
    case "state-snapshot":
      return handleSnapshot(core, message.channel, content.value.elements, from);
    case "data":
    case "state-response":
      return handleChannelMessage(core, message, from);
    // Not relevant to us, or not valid as a top-level message.
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

const NEVER = Number.POSITIVE_INFINITY;
/** Pending work continues in the next step, a bounded part at a time. */
const AT_ONCE = Number.NEGATIVE_INFINITY;

interface Task {
  /** In elapsed milliseconds. */
  readonly nextMs: (core: Core) => number;
  readonly run: (core: Core) => readonly Effect[];
}

const VERIFICATION: Task = {
  nextMs: ({ verificationQueue }) => (isEmpty(verificationQueue) ? NEVER : AT_ONCE),
  run: drainVerificationQueue,
};

const ROUTINE: Task = { nextMs: ({ routine }) => routine.dueMs, run: checkRoutine };

/** In this order. */
const TASKS: readonly Task[] = [
  VERIFICATION,
  ROUTINE,
  // Certificates expire by the wall clock, which may jump, so each step checks it.
  { nextMs: nextIdentityMs, run: attendIdentities },
  { nextMs: ({ schedule }) => schedule.expiryCheckAtMs, run: checkExpiry },
  { nextMs: ({ schedule }) => schedule.unusedCheckAtMs, run: checkUnused },
  { nextMs: ({ schedule }) => schedule.heartbeatAtMs, run: publish },
  { nextMs: nextSyncMs, run: startSync },
  { nextMs: (core) => nextPollMs(core, core.pullBackoff.dueMs), run: startIdentityPull },
  { nextMs: ({ pull }) => nextPullMs(pull), run: attendIdentityPull },
  { nextMs: ({ options, suspicions }) => nextSuspicionMs(suspicions, options), run: askSuspects },
  { nextMs: ({ contacts }) => nextContactMs(contacts), run: attendContacts },
  { nextMs: ({ served }) => nextPublishMs(served), run: publishStateInfo },
  { nextMs: onChannels(({ table }) => nextRecheckMs(table.values())), run: recheckMembers },
  {
    nextMs: onChannels(({ snapshots }) => (snapshots.length > 0 ? AT_ONCE : NEVER)),
    run: workThroughSnapshots,
  },
  { nextMs: onChannels(({ lagCheckAtMs }) => lagCheckAtMs), run: checkLag },
  { nextMs: onChannels(({ pullAtMs }) => pullAtMs), run: pullStateInfo },
  { nextMs: nextFlushMs, run: flushBroadcasts },
];

/** The elapsed time at which `step` wants to be called at the latest. */
export function nextDeadlineMs(core: Core): number {
  let next = NEVER;
  for (const { nextMs } of TASKS) next = Math.min(next, nextMs(core));
  return next;
}

/**
 * Runs what is due. `isBehind`: not what waits for its check, which is left for ticks. Returns when to
 * come back; undefined if something has run, which may have changed that.
 */
function runDue(core: Core, isBehind: boolean, effects: Effect[]): number | undefined {
  let next = NEVER;
  let hasRun = false;
  for (const task of TASKS) {
    const atMs = task.nextMs(core);
    const isLeft = isBehind && (task === VERIFICATION || task === ROUTINE);
    if (atMs > core.now.elapsedMs || isLeft) {
      next = Math.min(next, atMs);
      continue;
    }
    hasRun = true;
    for (const effect of task.run(core)) effects.push(effect);
  }
  return hasRun ? undefined : next;
}

/** Whether any claim is ready to be checked. */
function hasBacklog({ now, routine, verificationQueue }: Core): boolean {
  return !isEmpty(verificationQueue) || routine.dueMs <= now.elapsedMs;
}

function isEmpty({ backlog, done, lists, rejudge }: VerificationQueue): boolean {
  return backlog.length === done && lists.size === 0 && rejudge.size === 0;
}

/**
 * What is being checked together leaves together; and not before we know whom it goes to first, or the
 * first neighbours that we happen to know would be dialled.
 */
function nextFlushMs(core: Core): number {
  const { broadcastQueue, now, routine, verificationQueue } = core;
  const isEarly = !isEmpty(verificationQueue) && isMeeting(core);
  return isEarly || routine.dueMs <= now.elapsedMs ? NEVER : broadcastQueue.flushAtMs;
}

/**
 * When others are asked: by whoever works through a list of members at most an interval later, as the
 * list may hold what it would ask for.
 */
function nextPollMs({ now, options, verificationQueue }: Core, dueMs: number): number {
  if (dueMs > now.elapsedMs) return dueMs; // Soon enough to look again.
  return dueMs + (verificationQueue.lists.size > 0 ? options.timing.pullIntervalMs : 0);
}

/** Who is late with everything asks for whole lists of members less often. */
function nextSyncMs(core: Core): number {
  const { lateness, now, syncBackoff } = core;
  const atMs = nextPollMs(core, syncBackoff.dueMs);
  return syncBackoff.dueMs > now.elapsedMs ? atMs : atMs + patienceMs(lateness, now);
}

function nextIdentityMs({ identities, now }: Core): number {
  return now.elapsedMs + Math.min(identities.nextExpiryMs, identities.nextNoticeMs) - now.wallMs;
}

/** Deadline of an open round, or of the next round for an unknown author. */
export function nextPullMs({ round, wanted, urgentAtMs }: Pull): number {
  if (round !== undefined) return round.untilMs;
  return wanted.size > 0 ? urgentAtMs : Number.POSITIVE_INFINITY;
}

export function nextSuspicionMs(
  { dueMs, scanAtMs }: Core["suspicions"],
  { beyondFabric }: Pick<CoreOptions, "beyondFabric">,
): number {
  if (beyondFabric?.confirmsDeath === false) return NEVER;
  return Math.min(scanAtMs, dueMs);
}

export function nextContactMs(contacts: readonly Contact[]): number {
  let next = NEVER;
  for (const { state } of contacts) {
    if (state.type === "waiting") next = Math.min(next, state.atMs);
    if (state.type === "asking") next = Math.min(next, state.untilMs);
  }
  return next;
}

function nextPublishMs(served: ServedChannels): number {
  let next = NEVER;
  for (const { publishAtMs } of served.values()) next = Math.min(next, publishAtMs);
  return next;
}

/** Never where no channel is followed. */
function onChannels(nextMs: (channels: Channels) => number): Task["nextMs"] {
  return ({ channels }) => (channels.table.size === 0 ? NEVER : nextMs(channels));
}

function nextRecheckMs(channels: Iterable<FollowedChannel>): number {
  for (const { recheck } of channels) if (recheck.size > 0) return AT_ONCE;
  return NEVER;
}
