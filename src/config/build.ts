import { GossipError } from "../lib/errors.ts";
import { formatHostPort, isUnspecified, parseHostPort } from "../lib/host-port.ts";
import { parseLogSpec } from "../lib/log-spec.ts";
import type { Config, GossipConfig, GossipTls, Keepalive, Limits } from "./config.ts";
import type { Key } from "./key.ts";
import { GOSSIP_KEYS } from "./keys-gossip.ts";
import { LIMIT_KEYS, OWN_KEYS } from "./keys-own.ts";
import { KEEPALIVE_KEYS, LOGGING_KEYS, OPERATIONS_KEYS, PEER_KEYS, TLS_KEYS } from "./keys-peer.ts";
import type { Setting, Source, Trimmed } from "./source.ts";

/** Reads one key; a fault is recorded, and the default stands in for the value. */
/** Of options of a program, also the one that a setting of this name comes from. */
export type AnySource = Source & { readonly optionOf?: (name: string) => string };

interface Read {
  <T>(key: Key<T>): T;
  /** How a setting that is missing can be given. */
  readonly remedy: (name: string) => string;
}

/** Keys of Fabric without effect here. An invalid value is an error all the same. */
const WITHOUT_EFFECT: readonly Key<number>[] = [
  GOSSIP_KEYS.recvBufferSize,
  GOSSIP_KEYS.requestStateInfoIntervalMs,
  KEEPALIVE_KEYS.serverTimeoutMs,
  KEEPALIVE_KEYS.serverMinIntervalMs,
];

/** Node fires longer timers immediately. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** A configuration under construction: problems make it unusable, warnings do not. */
interface Draft extends Config {
  readonly warnings: string[];
}

/**
 * Reads every key. The result is usable only if `problems` stayed empty. `localAddress` finds the
 * IPv4 address that replaces an unspecified host, if there is one.
 */
export function buildConfig(
  source: AnySource,
  localAddress: () => string | undefined,
  problems: string[],
): Draft {
  const warnings: string[] = [...source.warnings];
  const trimmed: Setting[] = [];
  const read: Read = Object.assign(
    <T>(key: Key<T>) => readKey(source, key, { problems, warnings, trimmed }),
    { remedy: (name: string) => remedyOf(source, name) },
  );
  const endpoint = ownEndpoint(read, localAddress, problems, warnings);
  const maxRecvMessageBytes = read(PEER_KEYS.maxRecvMessageBytes);
  for (const key of WITHOUT_EFFECT) read(key);
  if (read(OPERATIONS_KEYS.metricsProvider) === "statsd") {
    const { name } = OPERATIONS_KEYS.metricsProvider;
    warnings.push(`${name} is statsd, which is not pushed to; read /metrics instead.`);
  }
  const draft: Draft = {
    file: source.file,
    id: read(PEER_KEYS.id) || endpoint,
    mspId: required(read, PEER_KEYS.mspId, "for example Org1MSP", problems),
    mspFolder: required(read, PEER_KEYS.mspFolder, "the folder of this node's MSP", problems),
    keystoreFolder: read(PEER_KEYS.keystoreFolder),
    keyProvider: read(PEER_KEYS.keyProvider),
    listenAddress: read(PEER_KEYS.listenAddress),
    endpoint,
    externalEndpoint: read(GOSSIP_KEYS.externalEndpoint),
    tls: readTls(read, problems),
    keepalive: readKeepalive(read),
    maxRecvMessageBytes,
    maxSendMessageBytes: read(PEER_KEYS.maxSendMessageBytes),
    connectionTimeoutMs: read(PEER_KEYS.connectionTimeoutMs),
    gossip: readGossip(read),
    operations: readOperations(read),
    logging: readLogging(read, problems),
    fabricGossip: {
      trustedMsps: read(OWN_KEYS.trustedMsps).map(({ name, path }) => ({ mspId: name, path })),
      anchorPeers: read(OWN_KEYS.anchorPeers),
      bootstrapNames: read(OWN_KEYS.bootstrapNames),
      nameServers: read(OWN_KEYS.nameServers),
      dialDeny: read(OWN_KEYS.dialDeny),
      channels: read(OWN_KEYS.channels),
      tags: read(OWN_KEYS.tags),
      stateDir: read(OWN_KEYS.stateDir),
      strategy: read(OWN_KEYS.strategy),
      neighbourRefreshMs: read(OWN_KEYS.neighbourRefreshMs),
      expiryNoticesMs: read(OWN_KEYS.expiryNoticesMs),
      limits: readLimits(read, maxRecvMessageBytes),
    },
    warnings,
  };
  warnings.push(...trimmedSentences(trimmed));
  return draft;
}

/** Collects problems and warnings while reading. */
export interface ConfigFindings {
  readonly problems: string[];
  readonly warnings: string[];
  readonly trimmed: Setting[];
}

export function readKey<T>(
  source: Source,
  key: Key<T>,
  { problems, warnings, trimmed }: ConfigFindings,
): T {
  const setting = source.find(key.name, key.env);
  if (setting === undefined) return key.absent;
  if (setting.trimmed !== undefined) trimmed.push(setting);
  const parsed = key.parse(setting.raw, source.folder);
  const about = (rest: string): string => `${key.name} (${setting.origin}) ${rest}`;
  if ("value" in parsed) {
    warnings.push(...(parsed.doubts ?? []).map(about));
    return parsed.value;
  }
  problems.push(...parsed.faults.map(about));
  return parsed.rest ?? key.absent;
}

/** Describes the removed characters, with the remedy. */
const TRIM_SENTENCES: Readonly<Record<Trimmed, readonly [string, string]>> = {
  "carriage return": [
    "a carriage return (\\r) at the end of the value",
    "save the file that sets it with Unix line ends",
  ],
  blank: ["a blank around the value", "remove it"],
  "quotation marks": [
    "quotation marks around the value",
    "remove them: env files and the list form of Compose files pass them on",
  ],
};
const NAMED_MAX = 3;

/** One sentence per kind of removed character. */
function trimmedSentences(settings: readonly Setting[]): string[] {
  return Object.entries(TRIM_SENTENCES).flatMap(([what, [found, remedy]]) => {
    const origins = settings.filter(({ trimmed }) => trimmed === what).map(({ origin }) => origin);
    const unique = [...new Set(origins)];
    if (unique.length === 0) return [];
    const more = unique.length > NAMED_MAX ? ` and ${unique.length - NAMED_MAX} more` : "";
    return `${unique.slice(0, NAMED_MAX).join(", ")}${more} had ${found}, left out here; ${remedy}.`;
  });
}

function remedyOf({ optionOf }: AnySource, name: string): string {
  return optionOf ? `option ${optionOf(name)}` : "it in the file or the environment";
}

function required(
  read: Read,
  key: Key<string | undefined>,
  example: string,
  problems: string[],
): string {
  const before = problems.length;
  const value = read(key);
  if (!value && problems.length === before) {
    problems.push(`${key.name} is not set; give ${read.remedy(key.name)}, ${example}.`);
  }
  return value ?? "";
}

/** Fabric's rule for the address a peer gives out (srvcfg:getLocalAddress, initGossipService). */
function ownEndpoint(
  read: Read,
  localAddress: () => string | undefined,
  problems: string[],
  warnings: string[],
): string {
  const autoDetect = read(PEER_KEYS.addressAutoDetect);
  const endpoint = read(GOSSIP_KEYS.endpoint);
  if (endpoint !== "") return endpoint;
  const example = "the host:port under which others reach this node";
  const address = required(read, PEER_KEYS.address, example, problems);
  const parts = parseHostPort(address);
  if (parts === undefined || !(autoDetect || isUnspecified(parts.host))) return address;
  const local = localAddress();
  if (local === undefined) {
    warnings.push(
      `${PEER_KEYS.address.name} asks for the address of a network card, but there is none; ` +
        "127.0.0.1 is used, which only this machine can reach.",
    );
  }
  return formatHostPort({ host: local ?? "127.0.0.1", port: parts.port });
}

function readTls(read: Read, problems: string[]): GossipTls {
  const certFile = read(TLS_KEYS.certFile);
  const keyFile = read(TLS_KEYS.keyFile);
  const clientCertFile = read(TLS_KEYS.clientCertFile);
  const clientKeyFile = read(TLS_KEYS.clientKeyFile);
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) {
    const { name: certName } = TLS_KEYS.clientCertFile;
    const { name: keyName } = TLS_KEYS.clientKeyFile;
    problems.push(`${certName} and ${keyName} belong together; set both or neither.`);
  }
  return {
    enabled: read(TLS_KEYS.enabled),
    clientAuthRequired: read(TLS_KEYS.clientAuthRequired),
    certFile,
    keyFile,
    rootCertFile: read(TLS_KEYS.rootCertFile),
    clientRootCaFiles: read(TLS_KEYS.clientRootCaFiles),
    clientCertFile: clientCertFile ?? certFile,
    clientKeyFile: clientKeyFile ?? keyFile,
  };
}

function readKeepalive(read: Read): Keepalive {
  return {
    clientIntervalMs: read(KEEPALIVE_KEYS.clientIntervalMs),
    clientTimeoutMs: read(KEEPALIVE_KEYS.clientTimeoutMs),
    serverIntervalMs: read(KEEPALIVE_KEYS.serverIntervalMs),
  };
}

function readOperations(read: Read): Config["operations"] {
  return {
    listenAddress: read(OPERATIONS_KEYS.listenAddress),
    tls: {
      enabled: read(OPERATIONS_KEYS.tlsEnabled),
      clientAuthRequired: read(OPERATIONS_KEYS.clientAuthRequired),
      certFile: read(OPERATIONS_KEYS.certFile),
      keyFile: read(OPERATIONS_KEYS.keyFile),
      clientRootCaFiles: read(OPERATIONS_KEYS.clientRootCaFiles),
    },
  };
}

function readGossip(read: Read): GossipConfig {
  const aliveIntervalMs = read(GOSSIP_KEYS.aliveIntervalMs);
  const aliveExpiryMs = read(GOSSIP_KEYS.aliveExpiryMs) ?? 5 * aliveIntervalMs;
  const messageExpiryFactor = read(GOSSIP_KEYS.messageExpiryFactor);
  return {
    bootstrap: read(GOSSIP_KEYS.bootstrap),
    aliveIntervalMs,
    aliveExpiryMs,
    aliveExpiryCheckMs: Math.max(1, Math.round(aliveExpiryMs / 10)),
    reconnectIntervalMs: read(GOSSIP_KEYS.reconnectIntervalMs) ?? aliveExpiryMs,
    messageExpiryFactor,
    forgetAfterMs: Math.min(aliveExpiryMs * messageExpiryFactor, TIMER_MS_MAX),
    publishCertPeriodMs: read(GOSSIP_KEYS.publishCertPeriodMs),
    stateInfoIntervalMs: read(GOSSIP_KEYS.requestStateInfoIntervalMs),
    stateInfoExpiryMs: read(GOSSIP_KEYS.publishStateInfoIntervalMs) * 100,
    pullIntervalMs: read(GOSSIP_KEYS.pullIntervalMs),
    pullPeerNum: read(GOSSIP_KEYS.pullPeerNum),
    digestWaitMs: read(GOSSIP_KEYS.digestWaitMs),
    requestWaitMs: read(GOSSIP_KEYS.requestWaitMs),
    responseWaitMs: read(GOSSIP_KEYS.responseWaitMs),
    propagateIterations: read(GOSSIP_KEYS.propagateIterations),
    propagatePeerNum: read(GOSSIP_KEYS.propagatePeerNum),
    propagationBurstSize: read(GOSSIP_KEYS.propagationBurstSize),
    propagationBurstLatencyMs: read(GOSSIP_KEYS.propagationBurstLatencyMs),
    dialTimeoutMs: read(GOSSIP_KEYS.dialTimeoutMs),
    connTimeoutMs: read(GOSSIP_KEYS.connTimeoutMs),
    sendBufferSize: read(GOSSIP_KEYS.sendBufferSize),
    identityUsageMs: read(LIMIT_KEYS.identityUsageMs),
  };
}

function readLogging(read: Read, problems: string[]): Config["logging"] {
  const level = read(LOGGING_KEYS.level);
  const spec = read(LOGGING_KEYS.spec) || level;
  try {
    parseLogSpec(spec);
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    problems.push(...error.problems);
  }
  return { spec, format: read(LOGGING_KEYS.format) === "json" ? "json" : "text" };
}

function readLimits(read: Read, maxRecvMessageBytes: number): Limits {
  return {
    membersMax: read(LIMIT_KEYS.membersMax),
    identitiesMax: read(LIMIT_KEYS.identitiesMax),
    backlogMax: read(LIMIT_KEYS.backlogMax),
    stateInfosMax: read(LIMIT_KEYS.stateInfosMax),
    pullItemsMax: read(LIMIT_KEYS.pullItemsMax),
    hellosPerPeerMax: read(LIMIT_KEYS.hellosPerPeerMax),
    checksPerSecond: read(LIMIT_KEYS.checksPerSecond),
    newsPerSecond: read(LIMIT_KEYS.newsPerSecond),
    answerBytesPerSecond: read(LIMIT_KEYS.answerBytesPerSecond),
    connectionsMax: read(LIMIT_KEYS.connectionsMax),
    handshakesMax: read(LIMIT_KEYS.handshakesMax),
    unprovenPerAddressMax: read(LIMIT_KEYS.unprovenPerAddressMax),
    messageBytesMax: Math.min(read(LIMIT_KEYS.messageBytesMax), maxRecvMessageBytes),
    receivedBytesPerSecond: read(LIMIT_KEYS.receivedBytesPerSecond),
    sendQueueBytesMax: read(LIMIT_KEYS.sendQueueBytesMax),
    eventsMax: read(LIMIT_KEYS.eventsMax),
  };
}
