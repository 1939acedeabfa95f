/** From a configuration to a running node: reads files, makes the parts, puts them together. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { createSystemClock } from "./clock.ts";
import type { Config } from "./config/config.ts";
import { parseHostPort } from "./config/host-port.ts";
import type { Signer } from "./core/abilities.ts";
import { type CoreOptions, DEFAULT_CORE_LIMITS } from "./core/options.ts";
import { GossipError } from "./errors.ts";
import { createCrypto } from "./msp/crypto.ts";
import { type LocalMsp, loadLocalMsp, loadMsp } from "./msp/load-msp.ts";
import type { Msp } from "./msp/msp.ts";
import { GossipNode } from "./node.ts";
import type { NodeParts, StartOptions } from "./node-parts.ts";
import { findOpenKeys } from "./open-keys.ts";
import { createSystemRandom } from "./random.ts";
import { readIncarnation, writeIncarnation } from "./state-dir.ts";
import { readTls } from "./tls-files.ts";
import { CONNECTION_TIMEOUTS } from "./transport/connection-options.ts";
import { createGrpcNetwork, type GrpcNetwork } from "./transport/grpc.ts";
import type { TlsFiles } from "./transport/grpc-options.ts";

/** What the configuration leads to, before anything listens. */
export interface Prepared {
  readonly local: LocalMsp;
  readonly trusted: readonly Msp[];
  readonly tls: TlsFiles | undefined;
  /** Allowed, but probably not meant; one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads every file the configuration names. Throws one `GossipError` with every problem found;
 * what is merely doubtful comes back as warnings.
 */
export async function prepare(config: Config, wallMs: number, signer?: Signer): Promise<Prepared> {
  const problems: string[] = [];
  const warnings: string[] = [...config.warnings];
  const local = await collect(
    problems,
    loadLocalMsp(config.mspFolder, config.mspId, {
      wallMs,
      ...(signer ? { signer } : {}),
      ...(config.keystoreFolder ? { keystore: config.keystoreFolder } : {}),
    }),
  );
  const trusted: Msp[] = [];
  for (const { mspId, path } of config.fabricGossip.trustedMsps) {
    const msp = await collect(problems, loadMsp(path, mspId));
    if (msp) trusted.push(msp);
  }
  const tls = config.tls.enabled ? await readTls(config.tls, wallMs, problems) : undefined;
  if (problems.length > 0 || local === undefined) throw new GossipError("config-invalid", problems);
  if (tls) warnings.push(...namesMissing(config, tls.cert));
  for (const msp of [local.msp, ...trusted]) warnings.push(...msp.warnings);
  warnings.push(...(await findOpenKeys(keyPaths(config, signer))));
  return { local, trusted, tls: tls && withTlsRootsOf(trusted, tls), warnings };
}

/** Where our private keys are: files, and the folder of the enrolment key unless it is elsewhere. */
function keyPaths(config: Config, signer: Signer | undefined): readonly string[] {
  const { mspFolder, keystoreFolder, tls, operations } = config;
  const enrolment = signer ? [] : [keystoreFolder ?? join(mspFolder, "keystore")];
  const gossip = tls.enabled ? [tls.keyFile, tls.clientKeyFile] : [];
  const own = operations.tls.enabled ? [operations.tls.keyFile] : [];
  return [...enrolment, ...gossip, ...own].filter((path) => path !== undefined);
}

/** Members of other organisations have TLS certificates of their own TLS CAs. */
function withTlsRootsOf(trusted: readonly Msp[], tls: TlsFiles): TlsFiles {
  const authorities = trusted.flatMap(({ tlsAuthorities: { roots, intermediates } }) => [
    ...roots,
    ...intermediates,
  ]);
  const pems = authorities.map(({ der }) => Buffer.from(new X509Certificate(der).toString()));
  return {
    ...tls,
    rootCas: [...tls.rootCas, ...pems],
    clientRootCas: [...tls.clientRootCas, ...pems],
  };
}

/** Waits for one part; its problems join the others, so that all are reported together. */
async function collect<T>(problems: string[], part: Promise<T>): Promise<T | undefined> {
  try {
    return await part;
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** Advertised hosts that the TLS certificate does not name: whoever dials them is refused by TLS. */
function namesMissing(config: Config, cert: Buffer): readonly string[] {
  const certificate = new X509Certificate(cert);
  const warnings: string[] = [];
  const endpoints = new Map([
    [config.endpoint, "peer.gossip.endpoint"],
    [config.externalEndpoint, "peer.gossip.externalEndpoint"],
  ]);
  for (const [endpoint, key] of endpoints) {
    const host = parseHostPort(endpoint)?.host;
    if (host === undefined || host === "") continue;
    const isNamed = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host);
    if (isNamed !== undefined) continue;
    warnings.push(
      `${key} advertises ${host}, which the TLS certificate does not name ` +
        `(it names ${certificate.subjectAltName ?? "nothing"}): peers that dial it will refuse; ` +
        "advertise a name of the certificate or have it issued for this one.",
    );
  }
  return warnings;
}

/** Starts a node as configured. Resolves when its port is bound and it has begun to gossip. */
export async function startNode(
  config: Config,
  { signer, warn }: StartOptions,
): Promise<GossipNode> {
  const clock = createSystemClock();
  const prepared = await prepare(config, clock.now().wallMs, signer);
  for (const warning of prepared.warnings) warn?.(warning);
  const crypto = createCrypto([prepared.local.msp, ...prepared.trusted]);
  const { limits } = config.fabricGossip;
  const network = createNetwork(config, prepared.tls);
  const { stateDir } = config.fabricGossip;
  const lastIncarnation = stateDir ? await readIncarnation(stateDir) : 0n;
  const node = await GossipNode.create({
    core: { ...coreOptions(config, prepared.local), lastIncarnation },
    crypto,
    signer: prepared.local.signer,
    network,
    traffic: () => network.stats(),
    clock,
    connections: {
      timeouts: {
        connTimeoutMs: config.gossip.connTimeoutMs,
        // Between neighbours there is a heartbeat now and then: they are not idle.
        idleMs: Math.max(CONNECTION_TIMEOUTS.idleMs, 3 * config.gossip.aliveIntervalMs),
      },
      limits: {
        queuedMessagesMax: config.gossip.sendBufferSize,
        queuedBytesMax: limits.sendQueueBytesMax,
        connectionsMax: limits.connectionsMax,
        handshakesMax: limits.handshakesMax,
      },
    },
    eventsMax: limits.eventsMax,
    setTrust: (msps) => crypto.setTrust(msps),
    reload: async () => {
      const { local, trusted, tls } = await prepare(config, clock.now().wallMs, signer);
      if (tls) network.setTls(tls);
      crypto.setTrust([local.msp, ...trusted]);
      return { self: local.identity, signer: local.signer };
    },
  } satisfies NodeParts);
  if (stateDir === undefined) return node;
  try {
    await writeIncarnation(stateDir, BigInt(node.self().incarnation));
  } catch (error) {
    await node.close();
    throw error;
  }
  return node;
}

export function createNetwork(config: Config, tls: TlsFiles | undefined): GrpcNetwork {
  const { gossip, keepalive, fabricGossip, listenAddress } = config;
  return createGrpcNetwork({
    listen: listenAddress,
    ...(tls ? { tls } : {}),
    timeouts: {
      dialTimeoutMs: gossip.dialTimeoutMs,
      connTimeoutMs: gossip.connTimeoutMs,
      acceptTimeoutMs: config.connectionTimeoutMs,
      clientKeepaliveMs: keepalive.clientIntervalMs,
      serverKeepaliveMs: keepalive.serverIntervalMs,
      keepaliveTimeoutMs: keepalive.clientTimeoutMs,
    },
    limits: {
      receivedBytesMax: fabricGossip.limits.messageBytesMax,
      sentBytesMax: config.maxSendMessageBytes,
      connectionsMax: fabricGossip.limits.connectionsMax,
      handshakesMax: fabricGossip.limits.handshakesMax,
    },
  });
}

function coreOptions(
  config: Config,
  local: LocalMsp,
): Omit<CoreOptions, "crypto" | "lastIncarnation"> {
  const { gossip, fabricGossip } = config;
  return {
    self: local.identity,
    internalEndpoint: config.endpoint,
    externalEndpoint: config.externalEndpoint,
    metadata: new Uint8Array(0),
    bootstrap: gossip.bootstrap,
    anchorPeers: fabricGossip.anchorPeers,
    timing: {
      aliveIntervalMs: gossip.aliveIntervalMs,
      aliveExpiryMs: gossip.aliveExpiryMs,
      aliveExpiryCheckMs: gossip.aliveExpiryCheckMs,
      reconnectIntervalMs: gossip.reconnectIntervalMs,
      forgetAfterMs: gossip.forgetAfterMs,
      publishCertPeriodMs: gossip.publishCertPeriodMs,
      pullIntervalMs: gossip.pullIntervalMs,
      digestWaitMs: gossip.digestWaitMs,
      requestWaitMs: gossip.requestWaitMs,
      responseWaitMs: gossip.responseWaitMs,
      burstLatencyMs: gossip.propagationBurstLatencyMs,
      membershipResponseWaitMs: gossip.reconnectIntervalMs / 5, // 5 s in Fabric, where it is fixed.
      firstRetryMs: Math.min(500, gossip.reconnectIntervalMs),
      identityUnusedMs: gossip.identityUsageMs,
      stateInfoExpiryMs: gossip.stateInfoExpiryMs,
      neighbourRefreshMs: fabricGossip.neighbourRefreshMs,
      expiryNoticesMs: fabricGossip.expiryNoticesMs,
    },
    fanout: {
      strategy: fabricGossip.strategy,
      pullPeers: gossip.pullPeerNum,
      propagatePeers: gossip.propagatePeerNum,
      iterations: gossip.propagateIterations,
      burstSize: gossip.propagationBurstSize,
    },
    limits: {
      membersMax: fabricGossip.limits.membersMax,
      identitiesMax: fabricGossip.limits.identitiesMax,
      backlogMax: fabricGossip.limits.backlogMax,
      stateInfosMax: fabricGossip.limits.stateInfosMax,
      checksPerStep: DEFAULT_CORE_LIMITS.checksPerStep,
      pullItemsMax: fabricGossip.limits.pullItemsMax,
      hellosPerPeerMax: fabricGossip.limits.hellosPerPeerMax,
      checksPerSecond: fabricGossip.limits.checksPerSecond,
      newsPerSecond: fabricGossip.limits.newsPerSecond,
      answerBytesPerSecond: fabricGossip.limits.answerBytesPerSecond,
    },
    random: createSystemRandom(),
  };
}
