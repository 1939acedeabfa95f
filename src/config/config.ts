import type { HostPort } from "../lib/host-port.ts";

/** Server or client side of one TLS listener: files, not yet read. All paths are absolute. */
export interface TlsFiles {
  /** Whether there is TLS at all; default false. */
  readonly enabled: boolean;
  /** Whether the certificate of whoever connects must have a chain we trust. */
  readonly clientAuthRequired: boolean;
  /** PEM; defined whenever `enabled`. */
  readonly certFile: string | undefined;
  /** PEM; defined whenever `enabled`. */
  readonly keyFile: string | undefined;
  /** PEM: CAs of the clients that are let in; may be empty. */
  readonly clientRootCaFiles: readonly string[];
}

/** TLS of the gossip connections (`peer.tls`; spec A 1.3). */
export interface GossipTls extends TlsFiles {
  /** CAs trusted when dialling. */
  readonly rootCertFile: string | undefined;
  /** What we show when dialling: the server's pair unless configured otherwise. */
  readonly clientCertFile: string | undefined;
  /** Defined together with `clientCertFile`. */
  readonly clientKeyFile: string | undefined;
}

/** gRPC keepalive (`peer.keepalive`; spec A 1.2). Milliseconds. */
export interface Keepalive {
  /** Silence after which we ping a peer we dialled; default 60_000. */
  readonly clientIntervalMs: number;
  /** For the answer to any of our pings, whoever dialled. */
  readonly clientTimeoutMs: number;
  /** Silence after which we ping a peer that dialled us; default 7_200_000. */
  readonly serverIntervalMs: number;
}

/** A channel to follow (`fabricGossip.channels`). */
export interface ChannelConfig {
  readonly name: string;
  /** File of the configuration block that is trusted; undefined: what peers of our organisation have. */
  readonly configBlock: string | undefined;
  /** `listed`: we publish our height and serve the blocks that we keep. Default `observer`. */
  readonly role: "observer" | "listed";
  /** `none`: heights only. `verify`: read, check, tell, forget. `keep`: store them. Default `verify`. */
  readonly blocks: "none" | "verify" | "keep";
  /** The newest so many blocks are kept; undefined: all. */
  readonly keepBlocks: number | undefined;
  /**
   * From where on a member counts as lagging; default 10 blocks, 60_000 ms. `stillMs`: without a new block
   * for so long the channel counts as stuck; default: it may be quiet.
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
  /** Between two of our heartbeats; default 5_000 (`aliveTimeInterval`). */
  readonly aliveIntervalMs: number;
  /** At least twice `aliveIntervalMs`. */
  readonly aliveExpiryMs: number;
  /** A tenth of `aliveExpiryMs`. */
  readonly aliveExpiryCheckMs: number;
  /** Between two attempts to reach a dead member; default `aliveExpiryMs`. */
  readonly reconnectIntervalMs: number;
  /** A dead member is forgotten after this many times `aliveExpiryMs`; see `forgetAfterMs`. */
  readonly messageExpiryFactor: number;
  /** `aliveExpiryMs` times `messageExpiryFactor`; fits a timer of Node (at most 2^31-1). */
  readonly forgetAfterMs: number;
  /** How long after the start heartbeats carry our certificate; default 10_000. */
  readonly publishCertPeriodMs: number;
  /** A hundred times `peer.gossip.publishStateInfoInterval`, as in Fabric. */
  readonly stateInfoExpiryMs: number;
  /** Between two requests for the StateInfo of a channel; default 4_000. */
  readonly stateInfoIntervalMs: number;
  /** Between two membership syncs, and between two pulls; default 4_000. */
  readonly pullIntervalMs: number;
  /** Members asked in each; default 3. */
  readonly pullPeerNum: number;
  /** How long the digests of a pull are awaited; default 1_000. */
  readonly digestWaitMs: number;
  /** How long a hello entitles its sender to a request; default 1_500. */
  readonly requestWaitMs: number;
  /** How long the updates of a pull are awaited; default 2_000. */
  readonly responseWaitMs: number;
  /** How often a message is passed on, with the strategy `random`; default 1. */
  readonly propagateIterations: number;
  /** To how many members each time, with the strategy `random`; default 3. */
  readonly propagatePeerNum: number;
  /** Waiting messages that are passed on at once; default 10 (`maxPropagationBurstSize`). */
  readonly propagationBurstSize: number;
  /** How long a message waits for company; default 10 (`maxPropagationBurstLatency`). */
  readonly propagationBurstLatencyMs: number;
  /** For TCP, TLS and HTTP/2 together when we dial; default 3_000. */
  readonly dialTimeoutMs: number;
  /** For a ping, and for the first message of a handshake; default 2_000. */
  readonly connTimeoutMs: number;
  /** Messages to one peer that may wait; default 200 (`sendBuffSize`). */
  readonly sendBufferSize: number;
  /** How long an identity nobody needs is kept: `fabricGossip.limits.identityUsage`. */
  readonly identityUsageMs: number;
}

/**
 * Every bound of the node (`fabricGossip.limits`). What is above one is refused, dropped or
 * forgotten, and counted. All can be set from 1 upwards; 0 means the default.
 */
export interface Limits {
  /** Members remembered, alive and dead; 1 to 1_000_000, default 20_000. */
  readonly membersMax: number;
  /** Identities remembered; 1 to 1_000_000, default 20_000. */
  readonly identitiesMax: number;
  /** Messages waiting for their signature check; 64 to 1_000_000, default 50_000. */
  readonly backlogMax: number;
  /** News of channels that we do not follow, remembered; 1 to 1_000_000, default 20_000. */
  readonly stateInfosMax: number;
  /** Items asked for or sent in one pull message; 1 to 100_000, default 2_000. */
  readonly pullItemsMax: number;
  /** Open pull rounds remembered for one peer; 1 to 1_000, default 16. */
  readonly hellosPerPeerMax: number;
  /** Signatures checked for one peer, a second; 10 to 1_000_000, default 2_000. */
  readonly checksPerSecond: number;
  /** News of one author that are taken, a second; 1 to 1_000_000, default 50. */
  readonly newsPerSecond: number;
  /** Bytes of answers to one peer, a second; 1_024 to 1_073_741_824, default 2_097_152. */
  readonly answerBytesPerSecond: number;
  /** Connections with a finished handshake; 1 to 100_000, default 1_000. */
  readonly connectionsMax: number;
  /** Incoming connections without a finished handshake; 1 to 10_000, default 100. */
  readonly handshakesMax: number;
  /** Incoming connections of one address without proof of who they are; 1 to 10_000, default 100. */
  readonly unprovenPerAddressMax: number;
  /** Bytes of one received message; 64 KiB to `maxRecvMessageBytes`, default 16 MiB. */
  readonly messageBytesMax: number;
  /** How fast one connection is read; 64 KiB to 1 GiB a second, default 4 MiB. */
  readonly receivedBytesPerSecond: number;
  /** Bytes waiting for one peer; 64 KiB to 1 GiB, default 8 MiB. A larger message waits alone. */
  readonly sendQueueBytesMax: number;
  /** Events kept for a listener that lags behind; 1 to 1_000_000, default 10_000. */
  readonly eventsMax: number;
}

/** A whole, checked configuration. Ranges, defaults and Fabric's names: `docs/configuration.md`. */
export interface Config {
  /** The file it was read from, absolute; undefined if environment and overrides were enough. */
  readonly file: string | undefined;
  /** Name for the log: `peer.id`, else the endpoint. */
  readonly id: string;
  /** MSP id of our organisation (`peer.localMspId`). */
  readonly mspId: string;
  /** Absolute; whether it is usable is found out by whoever reads it. */
  readonly mspFolder: string;
  /** Absolute; undefined = `keystore` in `mspFolder`. */
  readonly keystoreFolder: string | undefined;
  /** Where our private key is (`peer.BCCSP.Default`): `SW` in a file, else somewhere we cannot reach. */
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
  /** For TCP, TLS and HTTP/2 of an incoming connection together. */
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
  /** What Fabric has no key for (`fabricGossip`). */
  readonly fabricGossip: {
    /** Other organisations whose members we accept: MSP id, and folder, absolute. */
    readonly trustedMsps: readonly { readonly mspId: string; readonly path: string }[];
    /** `host:port` of members of any trusted organisation to contact, never given up. */
    readonly anchorPeers: readonly string[];
    /** Names of DNS that lead to members of our organisation, resolved again and again. */
    readonly bootstrapNames: readonly string[];
    /** Name servers for these; empty = those of the system. */
    readonly nameServers: readonly string[];
    /** Addresses and networks that are not dialled on a member's word. */
    readonly dialDeny: readonly string[];
    /** The channels to follow. */
    readonly channels: readonly ChannelConfig[];
    readonly tags: Readonly<Record<string, string>>;
    /** Absolute; undefined = nothing is kept. */
    readonly stateDir: string | undefined;
    /** To whom messages are passed on: a few fixed members, or drawn anew as in Fabric. */
    readonly strategy: "neighbours" | "random";
    /** How long a member keeps its neighbours at most; default 3_600_000. */
    readonly neighbourRefreshMs: number;
    /** Milliseconds before a certificate expires at which notice is given, longest first. */
    readonly expiryNoticesMs: readonly number[];
    /** Every bound of the node. */
    readonly limits: Limits;
  };
  /** What is allowed but probably not meant, one sentence each. */
  readonly warnings: readonly string[];
}
