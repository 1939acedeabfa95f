/** All state of one member. Each table is changed by the functions of its own file only. */

import type { Copies } from "../tables/broadcast-queue.ts";
import { createEmitter, type Emitter } from "../tables/broadcast-queue.ts";
import { type ChannelNewsTable, createChannelNews } from "../tables/channel-news.ts";
import { type Channels, createChannels } from "../tables/channels.ts";
import { type Contact, createContacts } from "../tables/contacts.ts";
import {
  type CertificateNames,
  createCertificateNames,
  createIdentities,
  type Identities,
} from "../tables/identities.ts";
import { createMembers, type Members } from "../tables/members.ts";
import { createNeighbourhood, type Neighbourhood } from "../tables/neighbourhood.ts";
import { createPace, type Pace } from "../tables/poll-backoff.ts";
import { createPull, type Pull } from "../tables/pull.ts";
import { type Budgets, createBudgets } from "../tables/rate-limit.ts";
import { createSelf, type Self } from "../tables/self.ts";
import type { ServedChannels } from "../tables/served-channels.ts";
import { createQuestions, type Questions } from "../tables/suspicion.ts";
import type { VainSearch } from "../tables/vain-searches.ts";
import { type Claims, createClaims } from "../tables/verification-queue.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { CoreOptions } from "../types/options.ts";

/** When each periodic task is due next, in elapsed milliseconds. */
export interface Schedule {
  heartbeatAtMs: number;
  expiryCheckAtMs: number;
  unusedCheckAtMs: number;
}

export interface Core {
  /** Replaced as a whole when our own identity is renewed (renewal.ts), otherwise constant. */
  options: CoreOptions;
  self: Self;
  readonly members: Members;
  readonly identities: Identities;
  readonly names: CertificateNames;
  /** Searches for somebody to leave a full table that found nobody, by table and newcomer. */
  readonly crowd: Map<string, VainSearch>;
  readonly claims: Claims;
  /** What each peer may still cost us. */
  readonly budgets: Budgets;
  readonly contacts: Contact[];
  /** Whether a list of members has come, and has been worked through. */
  hasList: boolean;
  readonly emitter: Emitter;
  /** What was passed on lately. */
  readonly copies: Copies;
  readonly neighbourhood: Neighbourhood;
  /** Members that draw peers anew for each message, as Fabric does. */
  readonly drawing: Set<PkiId>;
  readonly pull: Pull;
  readonly questions: Questions;
  /** The channels that we follow. */
  readonly channels: Channels;
  /** News of channels that we do not follow. */
  readonly channelNews: ChannelNewsTable;
  /** Channels whose blocks we serve, by name. */
  readonly served: ServedChannels;
  /** When we ask for members, and for identities. */
  readonly syncPace: Pace;
  readonly pullPace: Pace;
  readonly schedule: Schedule;
  /** The moment of the last step: what is due by the wall clock is due so long after it. */
  now: Now;
  /** The moment the host was last told to come back at; a later visit means that we stood still. */
  expectedAtMs: number;
}

export function createCore(options: CoreOptions, now: Now): Core {
  const { timing } = options;
  return {
    options,
    self: createSelf(options, now),
    members: createMembers(),
    identities: createIdentities(timing.expiryNoticesMs),
    names: createCertificateNames(),
    crowd: new Map(),
    claims: createClaims(),
    budgets: createBudgets(options.limits),
    contacts: createContacts(options, now),
    hasList: false,
    emitter: createEmitter(),
    copies: new Map(),
    neighbourhood: createNeighbourhood(),
    drawing: new Set(),
    pull: createPull(),
    questions: createQuestions(),
    channels: createChannels(options.channels),
    channelNews: createChannelNews(timing.stateInfoExpiryMs, options.limits.stateInfosMax),
    served: new Map(),
    syncPace: createPace(options, now),
    pullPace: createPace(options, now),
    schedule: {
      heartbeatAtMs: now.elapsedMs + timing.aliveIntervalMs,
      expiryCheckAtMs: now.elapsedMs + timing.aliveExpiryCheckMs,
      unusedCheckAtMs: now.elapsedMs + timing.identityUnusedMs / 10,
    },
    now,
    expectedAtMs: now.elapsedMs,
  };
}
