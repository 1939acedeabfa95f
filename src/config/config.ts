import type { HostPort } from "../lib/host-port.ts";

/** Server or client side of one TLS listener: files, not yet read. All paths are absolute. */
export interface TlsFiles {
  /** Whether TLS is enabled; default false. */
  readonly enabled: boolean;
  /** Whether a client certificate must have a trusted chain. */
  readonly clientAuthRequired: boolean;
  /** PEM; defined whenever `enabled`. */
  readonly certFile: string | undefined;
  /** PEM; defined whenever `enabled`. */
  readonly keyFile: string | undefined;
  /** PEM: CAs of accepted clients; may be empty. */
  readonly clientRootCaFiles: readonly string[];
}

/** TLS of the gossip connections (`peer.tls`; spec A 1.3). */
export interface GossipTls extends TlsFiles {
  /** CAs trusted when dialling. */
  readonly rootCertFile: string | undefined;
  /** Certificate presented when dialling; default: the server's pair. */
  readonly clientCertFile: string | undefined;
  /** Defined together with `clientCertFile`. */
  readonly clientKeyFile: string | undefined;
}

/** gRPC keepalive (`peer.keepalive`; spec A 1.2). Milliseconds. */
export interface Keepalive {
  /** Silence after which we ping a peer we dialled; default 60_000. */
  readonly clientIntervalMs: number;
  /** Timeout for the answer to any of our pings. */
  readonly clientTimeoutMs: number;
  /** Silence after which we ping a peer that dialled us; default 7_200_000. */
  readonly serverIntervalMs: number;
}

/** A channel to follow (`fabricGossip.channels`). */
export interface ChannelConfig {
  readonly name: string;
  /**
   * File of the trusted configuration block; undefined: the newest that peers of our organisation
   * have.
   */
  readonly configBlock: string | undefined;
  /** `listed`: publishes our height and serves the blocks that we keep. Default `observer`. */
  readonly role: "observer" | "listed";
  /**
   * `none`: heights only. `verify`: verifies, reports and forgets blocks. `keep`: stores them.
   * Default `verify`.
   */
  readonly blocks: "none" | "verify" | "keep";
  /** Number of newest blocks to keep; undefined: all. */
  readonly keepBlocks: number | undefined;
  /**
   * Limits beyond which a member lags; default 10 blocks, 60_000 ms. `stillMs`: time without a new
   * block after which the channel counts as stuck; default: no limit.
   */
  readonly lag: {
    readonly blocks: number;
    readonly timeMs: number;
    readonly stillMs?: number | undefined;
  };
}

/** `peer.gossip` (spec A 9, B 7). Milliseconds where the name says so. */
export interface GossipConfig {
  /** `host:port` of members of our own organisation to contact first; may be empty. */
  readonly bootstrap: readonly string[];
  /** Interval between heartbeats; default 5_000 (`aliveTimeInterval`). */
  readonly aliveIntervalMs: number;
  /** At least twice `aliveIntervalMs`. */
  readonly aliveExpiryMs: number;
  /** A tenth of `aliveExpiryMs`. */
  readonly aliveExpiryCheckMs: number;
  /** Interval between attempts to reach a dead member; default `aliveExpiryMs`. */
  readonly reconnectIntervalMs: number;
  /** A dead member is forgotten after this multiple of `aliveExpiryMs`; see `forgetAfterMs`. */
  readonly messageExpiryFactor: number;
  /** `aliveExpiryMs` times `messageExpiryFactor`; fits a timer of Node (at most 2^31-1). */
  readonly forgetAfterMs: number;
  /** Time after the start in which heartbeats carry our certificate; default 10_000. */
  readonly publishCertPeriodMs: number;
  /** A hundred times `peer.gossip.publishStateInfoInterval`, as in Fabric. */
  readonly stateInfoExpiryMs: number;
  /** Interval between requests for the StateInfo of a channel; default 4_000. */
  readonly stateInfoIntervalMs: number;
  /** Interval between membership syncs and between pulls; default 4_000. */
  readonly pullIntervalMs: number;
  /** Members asked in each sync or pull; default 3. */
  readonly pullPeerNum: number;
  /** How long a pull waits for digests; default 1_000. */
  readonly digestWaitMs: number;
  /** How long a hello permits a request; default 1_500. */
  readonly requestWaitMs: number;
  /** How long a pull waits for updates; default 2_000. */
  readonly responseWaitMs: number;
  /** How often a message is relayed with the strategy `random`; default 1. */
  readonly propagateIterations: number;
  /** Recipients of each relay with the strategy `random`; default 3. */
  readonly propagatePeerNum: number;
  /** Queued messages that trigger a send at once; default 10 (`maxPropagationBurstSize`). */
  readonly propagationBurstSize: number;
  /** How long a message waits for others; default 10 (`maxPropagationBurstLatency`). */
  readonly propagationBurstLatencyMs: number;
  /** Timeout for TCP, TLS and HTTP/2 together when dialling; default 3_000. */
  readonly dialTimeoutMs: number;
  /** Timeout for a ping, and for the first message of a handshake; default 2_000. */
  readonly connTimeoutMs: number;
  /** Messages that may queue for one peer; default 200 (`sendBuffSize`). */
  readonly sendBufferSize: number;
  /** How long an unused identity is kept: `fabricGossip.limits.identityUsage`. */
  readonly identityUsageMs: number;
}

/**
 * All limits of the node (`fabricGossip.limits`). Whatever exceeds one is refused, dropped or
 * forgotten, and counted. All accept values from 1; 0 means the default.
 */
export interface Limits {
  /** Members remembered, alive and dead; 1 to 1_000_000, default 20_000. */
  readonly membersMax: number;
  /** Identities remembered; 1 to 1_000_000, default 20_000. */
  readonly identitiesMax: number;
  /** Messages waiting for their signature check; 64 to 1_000_000, default 50_000. */
  readonly backlogMax: number;
  /** Kept StateInfo of channels that we do not follow; 1 to 1_000_000, default 20_000. */
  readonly stateInfosMax: number;
  /** Items requested or sent in one pull message; 1 to 100_000, default 2_000. */
  readonly pullItemsMax: number;
  /** Open hellos kept per peer; 1 to 1_000, default 16. */
  readonly hellosPerPeerMax: number;
  /** Signature checks per peer and second; 10 to 1_000_000, default 2_000. */
  readonly checksPerSecond: number;
  /** Messages accepted per author and second; 1 to 1_000_000, default 50. */
  readonly newsPerSecond: number;
  /** Bytes of answers per peer and second; 1_024 to 1_073_741_824, default 2_097_152. */
  readonly answerBytesPerSecond: number;
  /** Connections with a finished handshake; 1 to 100_000, default 1_000. */
  readonly connectionsMax: number;
  /** Incoming connections without a finished handshake; 1 to 10_000, default 100. */
  readonly handshakesMax: number;
  /** Incoming connections per address, or IPv6 network of 64 bits, without proven identity; 1 to 10_000, default 100. */
  readonly unprovenPerAddressMax: number;
  /** Bytes of one received message; 64 KiB to `maxRecvMessageBytes`, default 16 MiB. */
  readonly messageBytesMax: number;
  /** Read rate of one connection; 64 KiB to 1 GiB a second, default 4 MiB. */
  readonly receivedBytesPerSecond: number;
  /** Bytes waiting for one peer; 64 KiB to 1 GiB, default 8 MiB. A larger message waits alone. */
  readonly sendQueueBytesMax: number;
  /** Events kept for a slow listener; 1 to 1_000_000, default 10_000. */
  readonly eventsMax: number;
}

/**
 * A complete, checked configuration. Ranges, defaults and Fabric's names: `docs/configuration.md`.
 */
export interface Config {
  /** The file it was read from, absolute; undefined if environment and overrides were enough. */
  readonly file: string | undefined;
  /** Name for the log: `peer.id`, else the endpoint. */
  readonly id: string;
  /** MSP id of our organisation (`peer.localMspId`). */
  readonly mspId: string;
  /** Absolute; its reader checks the content. */
  readonly mspFolder: string;
  /** Absolute; undefined = `keystore` in `mspFolder`. */
  readonly keystoreFolder: string | undefined;
  /**
   * Location of our private key (`peer.BCCSP.Default`): `SW` is a file; other values need a signer.
   */
  readonly keyProvider: string;
  /** Where gossip listens (`peer.listenAddress`); port 0: the system chooses. */
  readonly listenAddress: HostPort;
  /** Our `host:port` for our own organisation (Fabric's internal endpoint; spec B 2.1). */
  readonly endpoint: string;
  /** Our `host:port` for other organisations; empty = not for them. */
  readonly externalEndpoint: string;
  /** TLS of the gossip connections (`peer.tls`). */
  readonly tls: GossipTls;
  /** Pings on idle connections (`peer.keepalive`). */
  readonly keepalive: Keepalive;
  /** `peer.maxRecvMsgSize`; what we really accept is `limits.messageBytesMax`. */
  readonly maxRecvMessageBytes: number;
  /** The largest message we send (`peer.maxSendMsgSize`); default 104_857_600. */
  readonly maxSendMessageBytes: number;
  /** Timeout for TCP, TLS and HTTP/2 of an incoming connection together. */
  readonly connectionTimeoutMs: number;
  /** Intervals, timeouts and sizes of the protocol (`peer.gossip`). */
  readonly gossip: GossipConfig;
  /** The operations endpoint (`operations`): for the daemon, not for the library. */
  readonly operations: {
    /** Undefined = no operations endpoint. */
    readonly listenAddress: HostPort | undefined;
    readonly tls: TlsFiles;
  };
  /** The log (`logging`): for the daemon, not for the library. */
  readonly logging: {
    /** Already checked; what `createLog` takes. */
    readonly spec: string;
    readonly format: "text" | "json";
  };
  /** Settings without a key in Fabric (`fabricGossip`). */
  readonly fabricGossip: {
    /** Other organisations whose members we accept: MSP id and absolute folder. */
    readonly trustedMsps: readonly { readonly mspId: string; readonly path: string }[];
    /** `host:port` of members of any trusted organisation to contact, never given up. */
    readonly anchorPeers: readonly string[];
    /** DNS names of members of our organisation, resolved regularly. */
    readonly bootstrapNames: readonly string[];
    /** Name servers for these names; empty: the system's. */
    readonly nameServers: readonly string[];
    /** Addresses and networks that we do not dial when a member announces them. */
    readonly dialDeny: readonly string[];
    /** The channels to follow. */
    readonly channels: readonly ChannelConfig[];
    readonly tags: Readonly<Record<string, string>>;
    /** Absolute; undefined = nothing is kept. */
    readonly stateDir: string | undefined;
    /** Recipients of relayed messages: a few fixed members, or random ones as in Fabric. */
    readonly strategy: "neighbours" | "random";
    /** Maximum time that a member keeps its neighbours; default 3_600_000. */
    readonly neighbourRefreshMs: number;
    /** Milliseconds before a certificate's expiry at which we report it, longest first. */
    readonly expiryNoticesMs: readonly number[];
    /** Every bound of the node. */
    readonly limits: Limits;
  };
  /** Probable mistakes, one sentence each. */
  readonly warnings: readonly string[];
}
