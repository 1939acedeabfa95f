/** All state of one member. Each table is changed by the functions of its own file only. */

import { createRateLimit } from "../../lib/rate-limit.ts";
import type { Party } from "../rules/disclosure.ts";
import { createBroadcastQueue } from "../tables/broadcast-queue.ts";
import { createChannelNews } from "../tables/channel-news.ts";
import { createChannels } from "../tables/channels.ts";
import { createContacts } from "../tables/contacts.ts";
import { createCertificateNames, createIdentities } from "../tables/identities.ts";
import { createLateness } from "../tables/lateness.ts";
import { createMembers } from "../tables/members.ts";
import { createNeighbourhood } from "../tables/neighbourhood.ts";
import { createPollBackoff } from "../tables/poll-backoff.ts";
import { createPull } from "../tables/pull.ts";
import { createRoutineQueue } from "../tables/routine-queue.ts";
import { createSelf, type Self } from "../tables/self.ts";
import type { ServedChannels } from "../tables/served-channels.ts";
import { createSuspicions } from "../tables/suspicion.ts";
import type { VainSearches } from "../tables/vain-searches.ts";
import { createVerificationQueue } from "../tables/verification-queue.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { CoreLimits, CoreOptions } from "../types/options.ts";

/** Seconds of gain that an account can hold: a joiner learns of a whole network at once. */
const SAVED_SECONDS = 10;
/** The same for answers: each may take milliseconds to build, and many at once would be felt. */
const ANSWERS_SAVED_SECONDS = 2;

/** Budgets of a peer or author; excess is dropped before it costs anything. */
export function createRateLimits(limits: CoreLimits) {
  return {
    /** Of whoever passes something on: signature checks (one each, more if wrong: see check.ts). */
    checks: createRateLimit(limits.checksPerSecond, SAVED_SECONDS),
    /** Of each certificate that has signed something: its news that were accepted, listed ones apart. */
    news: createRateLimit(limits.newsPerSecond, SAVED_SECONDS),
    /** Estimated bytes of our answers, by asker. */
    answers: createRateLimit(limits.answerBytesPerSecond, ANSWERS_SAVED_SECONDS),
  } as const;
}

function createTables(options: CoreOptions, now: Now) {
  const { limits, timing } = options;
  const served: ServedChannels = new Map();
  const vainSearches: VainSearches = new Map();
  return {
    members: createMembers(),
    identities: createIdentities(timing.expiryNoticesMs),
    names: createCertificateNames(),
    /** Searches for somebody to leave a full table that found nobody, by table and newcomer. */
    vainSearches,
    verificationQueue: createVerificationQueue(),
    /** Heartbeats that wait to be checked together. */
    routine: createRoutineQueue(),
    /** Remaining budgets of peers and authors. */
    rateLimits: createRateLimits(limits),
    contacts: createContacts(options, now),
    broadcastQueue: createBroadcastQueue(),
    neighbourhood: createNeighbourhood(),
    /** Members that draw peers anew for each message, as Fabric does. */
    randomRelays: new Set<PkiId>(),
    pull: createPull(),
    suspicions: createSuspicions(),
    /** The channels that we follow. */
    channels: createChannels(options.channels),
    /** News of channels that we do not follow. */
    channelNews: createChannelNews(timing.stateInfoExpiryMs, limits.stateInfosMax),
    /** Channels whose blocks we serve, by name. */
    served,
    /** When we ask for members, and for identities. */
    syncBackoff: createPollBackoff(options, now),
    pullBackoff: createPollBackoff(options, now),
    /** When each periodic task is due next, in elapsed milliseconds. */
    schedule: {
      heartbeatAtMs: now.elapsedMs + timing.aliveIntervalMs,
      expiryCheckAtMs: now.elapsedMs + timing.aliveExpiryCheckMs,
      unusedCheckAtMs: now.elapsedMs + timing.identityUnusedMs / 10,
      /** When the first member was due by the last scan, and {@link Members.outcasts} then. */
      members: { nextDueMs: Number.NEGATIVE_INFINITY, outcasts: 0 },
    },
    lateness: createLateness(),
  };
}

export interface Core extends Readonly<ReturnType<typeof createTables>> {
  /** Constant, except that a renewal of our identity replaces it (renewal.ts). */
  options: CoreOptions;
  self: Self;
  /** Whether a list of members has been received and processed. */
  hasList: boolean;
  /** The moment of the present step, or of the last one: what is due by the wall clock counts from it. */
  now: Now;
  /** The moment the host was last told to come back at; a later visit means that we stood still. */
  expectedAtMs: number;
}

export function createCore(options: CoreOptions, now: Now): Core {
  const tables = createTables(options, now);
  const self = createSelf(options, now);
  return { ...tables, options, self, hasList: false, now, expectedAtMs: now.elapsedMs };
}

/** Ourselves as far as disclosure is concerned. */
export function ownParty({ options, self }: Core): Party {
  return { mspId: options.self.mspId, isExternal: self.externalEndpoint !== "" };
}
