/** From a configuration to the parts of a node: reads files, makes network, crypto, options. */

import type { Config } from "../config/config.ts";
import { shapeProblems } from "../config/config-shape.ts";
import { type NodeOptions, readOptions } from "../config/options.ts";
import { type CoreOptions, DEFAULT_CORE_LIMITS } from "../core/types/options.ts";
import {
  FUNCTION,
  hasMethods,
  notOptions,
  type OptionKinds,
  optionProblems,
} from "../lib/arguments.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { parseEndpoint } from "../lib/host-port.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { createCrypto } from "../msp/crypto.ts";
import type { LocalMsp } from "../msp/load-msp.ts";
import type { Msp } from "../msp/msp.ts";
import { tlsChainFault } from "../msp/tls-chain.ts";
import { createMeters, type Meters, meterChecks, noteTls } from "../observe/meters.ts";
import { CONNECTION_TIMEOUTS } from "../transport/connection-options.ts";
import { createGrpcNetwork, type GrpcNetwork } from "../transport/grpc.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { channelParts } from "./channel-parts.ts";
import { checkTags } from "./check-saying.ts";
import { soundConfig, withFileProblems } from "./file-problems.ts";
import { withFreePort } from "./free-port.ts";
import { keeping, lastLife } from "./last-life.ts";
import {
  type Credentials,
  loadCredentials,
  readAgain,
  withTlsRootsOf,
} from "./load-credentials.ts";
import { createNameService } from "./name-service.ts";
import type { NodeParts, StartOptions, WrapNetwork } from "./options.ts";
import { createSystemClock, createSystemRandom } from "./runtime.ts";
import { tlsNotAfterMs } from "./tls-files.ts";
import { createWarner } from "./warner.ts";

const START_OPTIONS: OptionKinds<StartOptions> = {
  signer: FUNCTION,
  nameService: {
    words: "an object with the methods addresses and services",
    fits: (value) => hasMethods(value, ["addresses", "services"]),
  },
  warn: FUNCTION,
};

/** A configuration is checked for what is missing in it; options are checked here, and then all files too. */
export async function configFrom(
  from: NodeOptions | Config,
  options: StartOptions,
): Promise<Config> {
  const what = "GossipNode.start takes options or what loadConfig returns";
  const second = "GossipNode.start takes an object with signer, nameService or warn after them";
  const problems = [
    ...notOptions(from, what),
    ...optionProblems("GossipNode.start", options, START_OPTIONS, second),
  ];
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  const isConfig = "fabricGossip" in from && "gossip" in from;
  if (!isConfig) return soundConfig(await readOptions(await withFreePort(from)), options.signer);
  const misshapen = shapeProblems(from);
  if (misshapen.length > 0) throw new GossipError("config-invalid", misshapen);
  return from;
}

/** Reads what a configuration names and makes the parts of a node of it; nothing listens yet. */
export async function assemble(
  config: Config,
  options: StartOptions,
  wrap?: WrapNetwork,
): Promise<NodeParts> {
  try {
    return await assembleParts(config, options, wrap);
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    throw new GossipError(
      error.code,
      await withFileProblems(error.problems, config, options.signer),
    );
  }
}

async function assembleParts(
  config: Config,
  { signer, warn, nameService }: StartOptions,
  wrap: WrapNetwork = (network) => network,
): Promise<NodeParts> {
  const clock = createSystemClock();
  const credentials = await loadCredentials(config, clock.now().wallMs, signer);
  const warnOfNew = createWarner(warn);
  warnOfNew(credentials.warnings, true);
  let msps: readonly Msp[] = [credentials.local.msp, ...credentials.trusted];
  let channelMsps: readonly Msp[] = [];
  let inForce: Pick<Credentials, "local" | "tls"> = credentials;
  const crypto = createCrypto(msps);
  const network = createNetwork(config, credentials.tls);
  const meters = createMeters();
  noteTls(meters, tlsNotAfterMs(credentials.tls));
  const acceptChannels = (ofChannels: readonly Msp[]): void => {
    channelMsps = ofChannels;
    crypto.setChannelTrust(ofChannels);
    void collect([], applyTls(network, meters, inForce.tls, ofChannels));
  };
  const { stateDir } = config.fabricGossip;
  const { wallMs } = clock.now();
  return {
    core: {
      ...coreOptions(config, credentials.local),
      ...(await lastLife(stateDir, credentials.local.identity, wallMs, warn)),
    },
    crypto: meterChecks(crypto, meters.checks),
    signer: credentials.local.signer,
    network: wrap(network),
    traffic: () => network.stats(),
    ...{ meters, clock, call: network.call },
    connections: connectionsOf(config),
    watchesItself: true,
    tags: checkTags(config.fabricGossip.tags),
    names: {
      names: config.fabricGossip.bootstrapNames,
      service: nameService ?? createNameService(config.fabricGossip.nameServers),
      resolved: (endpoints) => network.setNamed(endpoints),
    },
    eventsMax: config.fabricGossip.limits.eventsMax,
    channels: await channelParts(config, credentials.local.identity, acceptChannels, warn),
    setTrust: (msps) => crypto.setTrust(msps),
    reload: async () => {
      const reread = await readAgain(config, clock.now().wallMs, inForce, signer);
      // What cannot be read stays as it was; the rest holds at once, revocation above all.
      msps = msps.map((old, i) => reread.msps[i] ?? old);
      crypto.setTrust(msps);
      const { local, problems } = reread;
      warnOfNew(reread.warnings, problems.length === 0);
      // OpenSSL may find fault with files that looked well: then the old ones stay, and trust is new.
      const tls = reread.tls ? withTlsRootsOf(msps.slice(1), reread.tls) : inForce.tls;
      inForce = { local: local ?? inForce.local, tls };
      await collect(problems, applyTls(network, meters, tls, channelMsps));
      return { own: local && { self: local.identity, signer: local.signer }, problems };
    },
    ...keeping(stateDir, credentials.local.identity, warn),
    closed: () => crypto.close(),
  };
}

function connectionsOf({ gossip, fabricGossip: { limits } }: Config): NodeParts["connections"] {
  return {
    timeouts: {
      connTimeoutMs: gossip.connTimeoutMs,
      // Between neighbours there is a heartbeat now and then: they are not idle.
      idleMs: Math.max(CONNECTION_TIMEOUTS.idleMs, 3 * gossip.aliveIntervalMs),
    },
    limits: {
      queuedMessagesMax: gossip.sendBufferSize,
      queuedBytesMax: limits.sendQueueBytesMax,
      connectionsMax: limits.connectionsMax,
      handshakesMax: limits.handshakesMax,
    },
  };
}

async function applyTls(
  network: GrpcNetwork,
  meters: Meters,
  tls: TlsCredentials | undefined,
  ofChannels: readonly Msp[],
): Promise<void> {
  if (tls === undefined) return;
  network.setTls(withTlsRootsOf(ofChannels, tls));
  noteTls(meters, tlsNotAfterMs(tls));
}

/** `named`: further endpoints that our user, not a member, has named. */
export function createNetwork(
  config: Config,
  tls: TlsCredentials | undefined,
  named: readonly string[] = [],
): GrpcNetwork {
  const { gossip, keepalive, fabricGossip, listenAddress } = config;
  const own = [config.endpoint, config.externalEndpoint];
  const ours = [...own, ...gossip.bootstrap, ...fabricGossip.anchorPeers, ...named];
  return createGrpcNetwork({
    listen: listenAddress,
    dialRules: {
      deny: fabricGossip.dialDeny,
      ownPorts: config.operations.listenAddress ? [config.operations.listenAddress.port] : [],
      homes: ours.map((endpoint) => parseEndpoint(endpoint)?.host ?? ""),
      exempt: ours,
    },
    ...(tls ? { tls } : {}),
    judgeTls: (chain, anchors, use) => tlsChainFault(chain, anchors, { use, atMs: Date.now() }),
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
      receivedBytesPerSecond: fabricGossip.limits.receivedBytesPerSecond,
      sentBytesMax: config.maxSendMessageBytes,
      // Newcomers get as far as their handshake although all places are taken: one may become free.
      connectionsMax: fabricGossip.limits.connectionsMax + fabricGossip.limits.handshakesMax,
      handshakesMax: fabricGossip.limits.handshakesMax,
      unprovenPerAddressMax: fabricGossip.limits.unprovenPerAddressMax,
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
      stateInfoIntervalMs: gossip.stateInfoIntervalMs,
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
    channels: { host: createChannelHost(), followed: fabricGossip.channels },
    random: createSystemRandom(),
  };
}
