/**
 * What the core does when its time has come. One list: what is due, and when the host is to come back,
 * both follow from it.
 */

import type { Reach } from "../rules/disclosure.ts";
import { type Audience, flush } from "../tables/broadcast-queue.ts";
import { attendContacts, type Contact } from "../tables/contacts.ts";
import { noticeExpiring } from "../tables/identities.ts";
import { beginInterval } from "../tables/poll-backoff.ts";
import type { ServedChannels } from "../tables/served-channels.ts";
import { attendQuestions, type Questions } from "../tables/suspicion.ts";
import type { Claims } from "../tables/verification-queue.ts";
import type { Effect } from "../types/effect.ts";
import type { Now } from "../types/host.ts";
import type { CoreOptions } from "../types/options.ts";
import { chooseAudience } from "./audience.ts";
import { recheckMembers } from "./channel-configuration.ts";
import { checkExpiry, checkUnused, purgeExpired } from "./expiry.ts";
import { attendIdentityPull, startIdentityPull } from "./identity-pull.ts";
import { checkLag } from "./lag.ts";
import { publish, publishIdentity, startSync } from "./publish.ts";
import { publishStateInfo } from "./serve-channel.ts";
import type { Core } from "./state.ts";
import { pullStateInfo, workThroughSnapshots } from "./state-info-pull.ts";
import { checkClaims } from "./verification.ts";

const NEVER = Number.POSITIVE_INFINITY;
/** Work that waits is done in the next step, a little in each. */
const AT_ONCE = Number.NEGATIVE_INFINITY;

interface Task {
  /** In elapsed milliseconds. */
  readonly nextMs: (core: Core) => number;
  readonly run: (core: Core, now: Now) => readonly Effect[];
}

const VERIFICATION: Task = {
  nextMs: ({ claims }) => (hasBacklog(claims) ? AT_ONCE : NEVER),
  run: checkClaims,
};

/** In this order. */
const TASKS: readonly Task[] = [
  VERIFICATION,
  // Certificates end by the wall clock, which may jump: each step looks at it.
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
  let next = NEVER;
  for (const { nextMs } of TASKS) next = Math.min(next, nextMs(core));
  return next;
}

/**
 * Runs what is due. `isBehind`: not what waits for its check, which is left for ticks. Returns when to
 * come back; undefined if something has run, which may have changed that.
 */
export function runDue(
  core: Core,
  isBehind: boolean,
  effects: Effect[],
  now: Now,
): number | undefined {
  let next = NEVER;
  let hasRun = false;
  for (const task of TASKS) {
    const atMs = task.nextMs(core);
    if (atMs > now.elapsedMs || (isBehind && task === VERIFICATION)) {
      next = Math.min(next, atMs);
      continue;
    }
    hasRun = true;
    for (const effect of task.run(core, now)) effects.push(effect);
  }
  return hasRun ? undefined : next;
}

/** Whether anything waits for its check. */
export function hasBacklog({ backlog, done, lists, rejudge }: Claims): boolean {
  return backlog.length > done || lists.size > 0 || rejudge.size > 0;
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

/** A round that waits for answers, or somebody unknown who was heard of. */
export function nextPullMs({ round, wanted, urgentAtMs }: Core["pull"]): number {
  if (round !== undefined) return round.untilMs;
  return wanted.size > 0 ? urgentAtMs : NEVER;
}

export function nextQuestionMs(
  { open, lookAtMs }: Questions,
  { beyondFabric }: Pick<CoreOptions, "beyondFabric">,
): number {
  if (beyondFabric?.confirmsDeath === false) return NEVER;
  const [next] = open.values(); // They are asked in the order in which they came up.
  return Math.min(lookAtMs, next?.atMs ?? NEVER);
}

function askSuspects({ questions, members, options }: Core, now: Now): readonly Effect[] {
  return attendQuestions(questions, members, options.timing, options.random, now);
}

export function nextContactMs(contacts: readonly Contact[]): number {
  let next = NEVER;
  for (const { state } of contacts) {
    if (state.type === "waiting") next = Math.min(next, state.atMs);
    if (state.type === "asking") next = Math.min(next, state.untilMs);
  }
  return next;
}

function approachContacts({ contacts, members, options }: Core, now: Now): readonly Effect[] {
  const { self, timing, random } = options;
  return attendContacts(contacts, members, self.mspId, timing, random, now);
}

function nextPublishMs(served: ServedChannels): number {
  let next = NEVER;
  for (const { publishAtMs } of served.values()) next = Math.min(next, publishAtMs);
  return next;
}

function nextChannelMs({ channels }: Core): number {
  const { lagCheckAtMs, pullAtMs, snapshots, table } = channels;
  if (table.size === 0) return NEVER;
  for (const { recheck } of table.values()) if (recheck.size > 0) return AT_ONCE;
  return snapshots.length > 0 ? AT_ONCE : Math.min(lagCheckAtMs, pullAtMs);
}

function attendChannels(core: Core, now: Now): readonly Effect[] {
  const { lagCheckAtMs, pullAtMs } = core.channels;
  const effects: Effect[] = [...recheckMembers(core), ...workThroughSnapshots(core, now)];
  if (lagCheckAtMs <= now.elapsedMs) effects.push(...checkLag(core, now));
  if (pullAtMs <= now.elapsedMs) effects.push(...pullStateInfo(core, now));
  return effects;
}

function passOnWaiting(core: Core, now: Now): readonly Effect[] {
  const { self, timing, random } = core.options;
  const choose = (reach: Reach): Audience => chooseAudience(core, reach, now);
  return flush(core.emitter, choose, self.mspId, timing.burstLatencyMs, random, now);
}
