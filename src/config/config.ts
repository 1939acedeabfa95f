import { networkInterfaces } from "node:os";
import { GossipError } from "../errors.ts";
import { buildConfig } from "./build.ts";
import { checkFiles, checkNames, checkTogether } from "./check.ts";
import type { HostPort } from "./host-port.ts";
import { openSource } from "./source.ts";

/** Server or client side of one TLS listener: files, not yet read. All paths are absolute. */
export interface TlsFiles {
  readonly enabled: boolean;
  /** Whether the certificate of whoever connects must have a chain we trust. */
  readonly clientAuthRequired: boolean;
  /** PEM; defined whenever `enabled`. */
  readonly certFile: string | undefined;
  /** PEM; defined whenever `enabled`. */
  readonly keyFile: string | undefined;
  readonly clientRootCaFiles: readonly string[];
}

/** TLS of the gossip connections (`peer.tls`; spec A 1.3). */
export interface GossipTls extends TlsFiles {
  /** CAs trusted when dialling. */
  readonly rootCertFile: string | undefined;
  /** What we show when dialling: the server's pair unless configured otherwise. */
  readonly clientCertFile: string | undefined;
  readonly clientKeyFile: string | undefined;
}

/** gRPC keepalive (`peer.keepalive`; spec A 1.2). Milliseconds. */
export interface Keepalive {
  readonly clientIntervalMs: number;
  /** For the answer to any of our pings, whoever dialled. */
  readonly clientTimeoutMs: number;
  readonly serverIntervalMs: number;
}

/** `peer.gossip` (spec A 9, B 7). Milliseconds where the name says so. */
export interface GossipConfig {
  /** `host:port` of members of our own organisation. */
  readonly bootstrap: readonly string[];
  readonly aliveIntervalMs: number;
  /** At least twice `aliveIntervalMs`. */
  readonly aliveExpiryMs: number;
  /** A tenth of `aliveExpiryMs`. */
  readonly aliveExpiryCheckMs: number;
  readonly reconnectIntervalMs: number;
  /** A dead member is forgotten after this many times `aliveExpiryMs`; see `forgetAfterMs`. */
  readonly messageExpiryFactor: number;
  /** `aliveExpiryMs` times `messageExpiryFactor`; fits a timer of Node (at most 2^31-1). */
  readonly forgetAfterMs: number;
  readonly publishCertPeriodMs: number;
  /** A hundred times `peer.gossip.publishStateInfoInterval`, as in Fabric. */
  readonly stateInfoExpiryMs: number;
  readonly pullIntervalMs: number;
  readonly pullPeerNum: number;
  readonly digestWaitMs: number;
  readonly requestWaitMs: number;
  readonly responseWaitMs: number;
  readonly propagateIterations: number;
  readonly propagatePeerNum: number;
  readonly propagationBurstSize: number;
  readonly propagationBurstLatencyMs: number;
  readonly dialTimeoutMs: number;
  readonly connTimeoutMs: number;
  /** Messages. */
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
  readonly mspId: string;
  /** Absolute; whether it is usable is found out by whoever reads it. */
  readonly mspFolder: string;
  /** Absolute; undefined = `keystore` in `mspFolder`. */
  readonly keystoreFolder: string | undefined;
  readonly listenAddress: HostPort;
  /** Our `host:port` for our own organisation (Fabric's internal endpoint; spec B 2.1). */
  readonly endpoint: string;
  /** Our `host:port` for other organisations; empty = not for them. */
  readonly externalEndpoint: string;
  readonly tls: GossipTls;
  readonly keepalive: Keepalive;
  /** `peer.maxRecvMsgSize`; what we really accept is `limits.messageBytesMax`. */
  readonly maxRecvMessageBytes: number;
  readonly maxSendMessageBytes: number;
  /** For TCP, TLS and HTTP/2 of an incoming connection together. */
  readonly connectionTimeoutMs: number;
  readonly gossip: GossipConfig;
  readonly operations: {
    /** Undefined = no operations endpoint. */
    readonly listenAddress: HostPort | undefined;
    readonly tls: TlsFiles;
  };
  readonly logging: {
    /** Already checked; what `createLog` takes. */
    readonly spec: string;
    readonly format: "text" | "json";
  };
  readonly fabricGossip: {
    readonly trustedMsps: readonly { readonly mspId: string; readonly path: string }[];
    readonly anchorPeers: readonly string[];
    readonly channels: readonly { readonly name: string; readonly configBlock: string }[];
    /** Absolute; undefined = nothing is kept. */
    readonly stateDir: string | undefined;
    readonly strategy: "neighbours" | "random";
    readonly neighbourRefreshMs: number;
    /** Milliseconds before a certificate expires at which notice is given, longest first. */
    readonly expiryNoticesMs: readonly number[];
    readonly limits: Limits;
  };
  /** What is allowed but probably not meant, one sentence each. */
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  /** A file in the shape of core.yaml; default `$FABRIC_CFG_PATH/core.yaml` of `env`, else none. */
  readonly file?: string | undefined;
  /** Default: the environment of the process. An empty variable counts as absent, as in Fabric. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `key=value` each, stronger than the environment; an empty value is a value. */
  readonly overrides?: readonly string[];
}

/**
 * Reads a peer's configuration from its file, the environment and overrides, in rising strength.
 * Throws one `GossipError` "config-invalid" that lists every problem found. Product: section 3.
 */
export async function loadConfig(from: string | LoadOptions = {}): Promise<Config> {
  const options = typeof from === "string" ? { file: from } : from;
  const problems: string[] = [];
  const source = await openSource({ env: process.env, ...options }, problems);
  const config = buildConfig(source, firstAddress(), problems);
  checkNames(source, problems, config.warnings);
  checkTogether(config, problems, config.warnings);
  await checkFiles(config, problems);
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  return config;
}

/** The first IPv4 address of a network card, as Fabric detects its own (srvcfg:getLocalIP). */
function firstAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
