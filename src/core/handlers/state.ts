/** All state of one member. Each table is changed by the functions of its own file only. */

import { createRateLimit, type RateLimit } from "../../lib/rate-limit.ts";
import type { Party } from "../rules/disclosure.ts";
import {
  type BroadcastQueue,
  createBroadcastQueue,
  createSeenCache,
  type SeenCache,
} from "../tables/broadcast-queue.ts";
import { type ChannelNewsTable, createChannelNews } from "../tables/channel-news.ts";
import { type Channels, createChannels } from "../tables/channels.ts";
import { type Contact, createContacts } from "../tables/contacts.ts";
import {
  type CertificateNames,
  createCertificateNames,
  createIdentities,
  type Identities,
} from "../tables/identities.ts";
import { createLateness, type Lateness } from "../tables/lateness.ts";
import { createMembers, type Members } from "../tables/members.ts";
import { createNeighbourhood, type Neighbourhood } from "../tables/neighbourhood.ts";
import { createPollBackoff, type PollBackoff } from "../tables/poll-backoff.ts";
import { createPull, type Pull } from "../tables/pull.ts";
import { createRoutineQueue, type RoutineQueue } from "../tables/routine-queue.ts";
import { createSelf, type Self } from "../tables/self.ts";
import type { ServedChannels } from "../tables/served-channels.ts";
import { createSuspicions, type Suspicions } from "../tables/suspicion.ts";
import type { VainSearches } from "../tables/vain-searches.ts";
import { createVerificationQueue, type VerificationQueue } from "../tables/verification-queue.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { CoreLimits, CoreOptions } from "../types/options.ts";

/** When each periodic task is due next, in elapsed milliseconds. */
export interface Schedule {
  heartbeatAtMs: number;
  expiryCheckAtMs: number;
  unusedCheckAtMs: number;
}

export interface Core {
  /** Constant, except that a renewal of our identity replaces it (renewal.ts). */
  options: CoreOptions;
  self: Self;
  readonly members: Members;
  readonly identities: Identities;
  readonly names: CertificateNames;
  /** Searches for somebody to leave a full table that found nobody, by table and newcomer. */
  readonly vainSearches: VainSearches;
  readonly verificationQueue: VerificationQueue;
  /** Heartbeats that wait to be checked together. */
  readonly routine: RoutineQueue;
  /** Remaining budgets of peers and authors. */
  readonly rateLimits: RateLimits;
  readonly contacts: Contact[];
  /** Whether a list of members has been received and processed. */
  hasList: boolean;
  readonly broadcastQueue: BroadcastQueue;
  /** Recently relayed messages. */
  readonly seenCache: SeenCache;
  readonly neighbourhood: Neighbourhood;
  /** Members that draw peers anew for each message, as Fabric does. */
  readonly randomRelays: Set<PkiId>;
  readonly pull: Pull;
  readonly suspicions: Suspicions;
  /** The channels that we follow. */
  readonly channels: Channels;
  /** News of channels that we do not follow. */
  readonly channelNews: ChannelNewsTable;
  /** Channels whose blocks we serve, by name. */
  readonly served: ServedChannels;
  /** When we ask for members, and for identities. */
  readonly syncBackoff: PollBackoff;
  readonly pullBackoff: PollBackoff;
  readonly schedule: Schedule;
  /** The moment of the last step: what is due by the wall clock is due so long after it. */
  now: Now;
  /** The moment the host was last told to come back at; a later visit means that we stood still. */
  expectedAtMs: number;
  readonly lateness: Lateness;
}

/** Budgets of a peer or author; excess is dropped before it costs anything. */
interface RateLimits {
  /** Of whoever passes something on: signature checks (one each, more if wrong: see check.ts). */
  readonly checks: RateLimit;
  /** Of each certificate that has signed something: its news that were accepted, listed ones apart. */
  readonly news: RateLimit;
  /** Estimated bytes of our answers, by asker. */
  readonly answers: RateLimit;
}

/** Seconds of gain that an account can hold: a joiner learns of a whole network at once. */
const SAVED_SECONDS = 10;
/** The same for answers: each may take milliseconds to build, and many at once would be felt. */
const ANSWERS_SAVED_SECONDS = 2;

export function createRateLimits(limits: CoreLimits): RateLimits {
  return {
    checks: createRateLimit(limits.checksPerSecond, SAVED_SECONDS),
    news: createRateLimit(limits.newsPerSecond, SAVED_SECONDS),
    answers: createRateLimit(limits.answerBytesPerSecond, ANSWERS_SAVED_SECONDS),
  };
}

/** Ourselves as far as disclosure is concerned. */
export function ownParty({ options, self }: Core): Party {
  return { mspId: options.self.mspId, isExternal: self.externalEndpoint !== "" };
}

export function createCore(options: CoreOptions, now: Now): Core {
  const { timing } = options;
  return {
    options,
    self: createSelf(options, now),
    members: createMembers(),
    identities: createIdentities(timing.expiryNoticesMs),
    names: createCertificateNames(),
    vainSearches: new Map(),
    verificationQueue: createVerificationQueue(),
    routine: createRoutineQueue(),
    rateLimits: createRateLimits(options.limits),
    contacts: createContacts(options, now),
    hasList: false,
    broadcastQueue: createBroadcastQueue(),
    seenCache: createSeenCache(),
    neighbourhood: createNeighbourhood(),
    randomRelays: new Set(),
    pull: createPull(),
    suspicions: createSuspicions(),
    channels: createChannels(options.channels),
    channelNews: createChannelNews(timing.stateInfoExpiryMs, options.limits.stateInfosMax),
    served: new Map(),
    syncBackoff: createPollBackoff(options, now),
    pullBackoff: createPollBackoff(options, now),
    schedule: {
      heartbeatAtMs: now.elapsedMs + timing.aliveIntervalMs,
      expiryCheckAtMs: now.elapsedMs + timing.aliveExpiryCheckMs,
      unusedCheckAtMs: now.elapsedMs + timing.identityUnusedMs / 10,
    },
    now,
    expectedAtMs: now.elapsedMs,
    lateness: createLateness(),
  };
}
