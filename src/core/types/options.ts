import type { GossipMessage } from "../../wire/messages.ts";
import type { PkiIdCodec, ReadMessage } from "../../wire/received.ts";
import type { ChannelsOptions } from "./channel.ts";
import type { Crypto, Identity, Now, Random } from "./host.ts";

/** Periods and waits of the protocol. All in milliseconds; these are the defaults, and Fabric's. */
export const DEFAULT_TIMING = {
  /** Between two of our heartbeats (`aliveTimeInterval`). */
  aliveIntervalMs: 5_000,
  /** Silence after which a member counts as dead (`aliveExpirationTimeout`). */
  aliveExpiryMs: 25_000,
  /** Between two searches for silent members (a tenth of the expiry). */
  aliveExpiryCheckMs: 2_500,
  /** Between two attempts to reach a dead member (`reconnectInterval`). */
  reconnectIntervalMs: 25_000,
  /** How long a dead member is remembered (expiry x `msgExpirationFactor`). */
  forgetAfterMs: 500_000,
  /** How long after start our heartbeats carry our certificate (`publishCertPeriod`). */
  publishCertPeriodMs: 10_000,
  /** Between two membership syncs and between two identity pulls (`pullInterval`). */
  pullIntervalMs: 4_000,
  /** How long the digests of a pull round are awaited (`digestWaitTime`). */
  digestWaitMs: 1_000,
  /** How long a hello entitles its sender to a request (`requestWaitTime`). */
  requestWaitMs: 1_500,
  /** How long the updates of a pull round are awaited (`responseWaitTime`). */
  responseWaitMs: 2_000,
  /** Maximum wait of a queued message for others (`maxPropagationBurstLatency`). */
  burstLatencyMs: 10,
  /** How long a bootstrap peer may take to answer a membership request. */
  membershipResponseWaitMs: 5_000,
  /** First pause after a failed bootstrap; doubled up to `reconnectIntervalMs`. Fabric: 25 s. */
  firstRetryMs: 500,
  /**
   * How long news of a channel that we do not follow are remembered, so that they are passed on once
   * (`publishStateInfoInterval` x 100).
   */
  stateInfoExpiryMs: 400_000,
  /** Between two requests for the StateInfo of a channel (`requestStateInfoInterval`). */
  stateInfoIntervalMs: 4_000,
  /** How long a member keeps its neighbours at most. */
  neighbourRefreshMs: 3_600_000,
  /** How long an identity that nobody needs is kept (hard-coded in Fabric). */
  identityUnusedMs: 3_600_000,
  /**
   * How long before a certificate expires notice is given, longest first: 30 days, 7 days, 1 day,
   * 1 hour.
   */
  expiryNoticesMs: [30 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000] as readonly number[],
};

export type Timing = Readonly<typeof DEFAULT_TIMING>;

/** How peers are chosen, and how many. Numbers are Fabric's. */
export const DEFAULT_FANOUT = {
  /**
   * `neighbours` (default): to a few fixed members, so that every message reaches everybody over few
   * connections (neighbours.ts). `random`: to some drawn anew for each message, as Fabric does.
   */
  strategy: "neighbours" as "neighbours" | "random",
  /** Peers asked in a membership sync or an identity pull (`pullPeerNum`). */
  pullPeers: 3,
  /** Peers a gossiped message is passed to if they are drawn (`propagatePeerNum`). */
  propagatePeers: 3,
  /** How often a gossiped message is passed on (`propagateIterations`). */
  iterations: 1,
  /** Waiting messages that start a burst at once (`maxPropagationBurstSize`). */
  burstSize: 10,
};

export type Fanout = Readonly<typeof DEFAULT_FANOUT>;

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
export const DEFAULT_CORE_LIMITS = {
  /**
   * Signatures of alive messages and the like that are checked for one peer, a second. In
   * a network of 1_000 members there are 200 heartbeats a second, from whomever they come.
   */
  checksPerSecond: 2_000,
  /**
   * News of one author that are believed, a second. A member has one heartbeat every
   * five seconds, and one message every four seconds for each of its channels.
   */
  newsPerSecond: 50,
  /** Bytes of answers to one peer, a second, as estimated. */
  answerBytesPerSecond: 2_097_152,
  /** Members remembered, alive and dead. */
  membersMax: 20_000,
  /** Identities remembered. */
  identitiesMax: 20_000,
  /** Pulled identities, and news kept aside, that wait for their check. */
  backlogMax: 50_000,
  /** News of channels that we do not follow, remembered. */
  stateInfosMax: 20_000,
  /** Maximum signature checks per step, 0.1 to 0.5 ms each. */
  checksPerStep: 8,
  /** Items asked for, or sent, in one pull message. */
  pullItemsMax: 2_000,
  /** Hellos remembered for one peer. */
  hellosPerPeerMax: 16,
};

export type CoreLimits = Readonly<typeof DEFAULT_CORE_LIMITS>;

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
  /** Where members of our last life were, asked only while nobody is alive; default: none are known. */
  readonly formerPeers?: readonly string[];
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
  /** Encodes messages that are not signed; default: `encodeUnsigned`. */
  readonly write?: (message: GossipMessage) => Uint8Array;
  /** PKI-IDs in digests and requests; default: `PKI_ID_CODEC`. */
  readonly ids?: PkiIdCodec;
}

/** What most tables need beside themselves: some options, and when it is. */
export interface Context<Key extends keyof CoreOptions = keyof CoreOptions> {
  readonly options: Pick<CoreOptions, Key>;
  /** The moment of this step. */
  readonly now: Now;
}
