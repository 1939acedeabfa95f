import type { ReadMessage } from "../../wire/received.ts";
import type { ChannelsOptions } from "./channel.ts";
import type { Crypto, Identity, Random } from "./host.ts";

/** Periods and waits of the protocol. All in milliseconds; defaults are Fabric's. */
export interface Timing {
  /** Between two of our heartbeats; default 5_000 (`aliveTimeInterval`). */
  readonly aliveIntervalMs: number;
  /** Silence after which a member counts as dead; default 25_000 (`aliveExpirationTimeout`). */
  readonly aliveExpiryMs: number;
  /** Between two searches for silent members; default 2_500 (a tenth of the expiry). */
  readonly aliveExpiryCheckMs: number;
  /** Between two attempts to reach a dead member; default 25_000 (`reconnectInterval`). */
  readonly reconnectIntervalMs: number;
  /** How long a dead member is remembered; default 500_000 (expiry x `msgExpirationFactor`). */
  readonly forgetAfterMs: number;
  /** How long after start our heartbeats carry our certificate; default 10_000 (`publishCertPeriod`). */
  readonly publishCertPeriodMs: number;
  /** Between two membership syncs and between two identity pulls; default 4_000 (`pullInterval`). */
  readonly pullIntervalMs: number;
  /** How long the digests of a pull round are awaited; default 1_000 (`digestWaitTime`). */
  readonly digestWaitMs: number;
  /** How long a hello entitles its sender to a request; default 1_500 (`requestWaitTime`). */
  readonly requestWaitMs: number;
  /** How long the updates of a pull round are awaited; default 2_000 (`responseWaitTime`). */
  readonly responseWaitMs: number;
  /** Maximum wait of a queued message for others; default 10 (`maxPropagationBurstLatency`). */
  readonly burstLatencyMs: number;
  /** How long a bootstrap peer may take to answer a membership request; default 5_000. */
  readonly membershipResponseWaitMs: number;
  /** First pause after a failed bootstrap; doubled up to `reconnectIntervalMs`. Default 500 (Fabric: 25 s). */
  readonly firstRetryMs: number;
  /**
   * How long news of a channel that we do not follow are remembered, so that they are passed on once;
   * default 400_000 (`publishStateInfoInterval` x 100).
   */
  readonly stateInfoExpiryMs: number;
  /** Between two requests for the StateInfo of a channel; default 4_000 (`requestStateInfoInterval`). */
  readonly stateInfoIntervalMs: number;
  /** How long a member keeps its neighbours at most; default 3_600_000. */
  readonly neighbourRefreshMs: number;
  /** How long an identity that nobody needs is kept; default 3_600_000 (hard-coded in Fabric). */
  readonly identityUnusedMs: number;
  /**
   * How long before a certificate expires notice is given, longest first; default 30 days, 7 days,
   * 1 day, 1 hour.
   */
  readonly expiryNoticesMs: readonly number[];
}

/** How peers are chosen, and how many. Numbers are Fabric's. */
export interface Fanout {
  /**
   * `neighbours` (default): to a few fixed members, so that every message reaches everybody over few
   * connections (neighbours.ts). `random`: to some drawn anew for each message, as Fabric does.
   */
  readonly strategy: "neighbours" | "random";
  /** Peers asked in a membership sync or an identity pull; default 3 (`pullPeerNum`). */
  readonly pullPeers: number;
  /** Peers a gossiped message is passed to if they are drawn; default 3 (`propagatePeerNum`). */
  readonly propagatePeers: number;
  /** How often a gossiped message is passed on; default 1 (`propagateIterations`). */
  readonly iterations: number;
  /** Waiting messages that start a burst at once; default 10 (`maxPropagationBurstSize`). */
  readonly burstSize: number;
}

/**
 * Extensions of Fabric's rules; both default to true. False is for comparisons with a Fabric peer.
 */
export interface BeyondFabric {
  /**
   * What is missing is asked for at once: the identity of an unknown author, members while the network
   * forms. Fabric drops the message, and asks when the next interval is over.
   */
  readonly asksAtOnce: boolean;
  /** A ping confirms a death before it is believed. Fabric believes a broken connection. */
  readonly confirmsDeath: boolean;
}

/** Every collection of the core has a maximum; what is above it is refused and counted. */
export interface CoreLimits {
  /**
   * Signatures of alive messages and the like that are checked for one peer, a second; default
   * 2_000. In a network of 1_000 members there are 200 heartbeats a second, from whomever they come.
   */
  readonly checksPerSecond: number;
  /**
   * News of one author that are believed, a second; default 50. A member has one heartbeat every
   * five seconds, and one message every four seconds for each of its channels.
   */
  readonly newsPerSecond: number;
  /** Bytes of answers to one peer, a second, as estimated; default 2_097_152. */
  readonly answerBytesPerSecond: number;
  /** Members remembered, alive and dead; default 20_000. */
  readonly membersMax: number;
  /** Identities remembered; default 20_000. */
  readonly identitiesMax: number;
  /** Pulled identities, and news kept aside, that wait for their check; default 50_000. */
  readonly backlogMax: number;
  /** News of channels that we do not follow, remembered; default 20_000. */
  readonly stateInfosMax: number;
  /** Maximum signature checks per step, 0.1 to 0.5 ms each; default 8. */
  readonly checksPerStep: number;
  /** Items asked for, or sent, in one pull message; default 2_000. */
  readonly pullItemsMax: number;
  /** Hellos remembered for one peer; default 16. */
  readonly hellosPerPeerMax: number;
}

export interface CoreOptions {
  readonly self: Identity;
  /** `host:port` for members of our own organisation; never shown to others. */
  readonly internalEndpoint: string;
  /** `host:port` for other organisations; empty = unknown outside our own. */
  readonly externalEndpoint: string;
  /** Opaque bytes published with our heartbeats; at most 4 KiB. */
  readonly metadata: Uint8Array;
  /** Members of our own organisation to contact, `host:port`. Never given up. */
  readonly bootstrap: readonly string[];
  /** Members of any trusted organisation to contact, `host:port`. Never given up. */
  readonly anchorPeers: readonly string[];
  /** The incarnation of our last life, if known: the new one is higher even if the clock went back. */
  readonly lastIncarnation: bigint;
  /** The channels to follow; default: none. */
  readonly channels?: ChannelsOptions | undefined;
  readonly timing: Timing;
  readonly fanout: Fanout;
  /** Default: all of it. */
  readonly beyondFabric?: BeyondFabric;
  readonly limits: CoreLimits;
  readonly crypto: Crypto;
  readonly random: Random;
  /** Reads messages, perhaps from a cache; default: each core reads for itself. */
  readonly read?: ReadMessage;
}

export const DEFAULT_TIMING: Timing = {
  aliveIntervalMs: 5_000,
  aliveExpiryMs: 25_000,
  aliveExpiryCheckMs: 2_500,
  reconnectIntervalMs: 25_000,
  forgetAfterMs: 500_000,
  publishCertPeriodMs: 10_000,
  pullIntervalMs: 4_000,
  digestWaitMs: 1_000,
  requestWaitMs: 1_500,
  responseWaitMs: 2_000,
  burstLatencyMs: 10,
  membershipResponseWaitMs: 5_000,
  firstRetryMs: 500,
  stateInfoExpiryMs: 400_000,
  stateInfoIntervalMs: 4_000,
  neighbourRefreshMs: 3_600_000,
  identityUnusedMs: 3_600_000,
  expiryNoticesMs: [30 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000],
};

export const DEFAULT_FANOUT: Fanout = {
  strategy: "neighbours",
  pullPeers: 3,
  propagatePeers: 3,
  iterations: 1,
  burstSize: 10,
};

export const DEFAULT_CORE_LIMITS: CoreLimits = {
  checksPerSecond: 2_000,
  newsPerSecond: 50,
  answerBytesPerSecond: 2_097_152,
  membersMax: 20_000,
  identitiesMax: 20_000,
  backlogMax: 50_000,
  stateInfosMax: 20_000,
  checksPerStep: 8,
  pullItemsMax: 2_000,
  hellosPerPeerMax: 16,
};
