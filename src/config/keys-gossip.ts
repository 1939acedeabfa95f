/**
 * Keys of the protocol, under the names and with the defaults of Fabric. Reading, validation and
 * `docs/configuration.md` come from this table. Source: core.yaml; spec A 1.2, 1.3 and 9, spec B 7.
 */
import { DEFAULT_FANOUT, DEFAULT_TIMING } from "../core/types/options.ts";
import { duration, whole } from "./key.ts";
import { endpoint, endpoints } from "./key-network.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;
/** From 10 ms, so that tests can run a network in a tenth of the time, to a day. */
const PERIOD = { min: 10, max: 24 * HOUR };

export const GOSSIP_KEYS = {
  bootstrap: endpoints("peer.gossip.bootstrap", {
    doc: "Members of our own organisation to contact first.",
    absent: [],
  }),
  endpoint: endpoint("peer.gossip.endpoint", {
    doc: "Endpoint for our own organisation.",
    absent: "",
    byDefault: "peer.address",
  }),
  externalEndpoint: endpoint("peer.gossip.externalEndpoint", {
    doc: "Endpoint for other organisations. Empty: they do not learn of us, nor we of their members.",
    absent: "",
  }),
  aliveIntervalMs: duration("peer.gossip.aliveTimeInterval", {
    doc: "Interval between our heartbeats.",
    ...PERIOD,
    absent: DEFAULT_TIMING.aliveIntervalMs,
  }),
  aliveExpiryMs: duration("peer.gossip.aliveExpirationTimeout", {
    doc: "Silence after which a member is dead; at least twice the heartbeat interval.",
    ...PERIOD,
    absent: undefined,
    byDefault: "5 x peer.gossip.aliveTimeInterval (25s)",
  }),
  reconnectIntervalMs: duration("peer.gossip.reconnectInterval", {
    doc: "Interval between attempts to reach a dead member.",
    ...PERIOD,
    absent: undefined,
    byDefault: "peer.gossip.aliveExpirationTimeout (25s)",
  }),
  messageExpiryFactor: whole("peer.gossip.msgExpirationFactor", {
    doc: "We forget a dead member after this multiple of the expiry.",
    unit: "multiples",
    min: 1,
    max: 10_000,
    absent: DEFAULT_TIMING.forgetAfterMs / DEFAULT_TIMING.aliveExpiryMs,
  }),
  publishCertPeriodMs: duration("peer.gossip.publishCertPeriod", {
    doc: "Time after the start in which heartbeats carry our certificate; longer while the network still forms.",
    ...PERIOD,
    absent: DEFAULT_TIMING.publishCertPeriodMs,
  }),
  pullIntervalMs: duration("peer.gossip.pullInterval", {
    doc: "Interval between membership syncs and between pulls; more than digest and response wait together.",
    ...PERIOD,
    absent: DEFAULT_TIMING.pullIntervalMs,
  }),
  pullPeerNum: whole("peer.gossip.pullPeerNum", {
    doc: "Members asked in each sync or pull; one while that brings nothing.",
    unit: "members",
    min: 1,
    max: 100,
    absent: DEFAULT_FANOUT.pullPeers,
  }),
  digestWaitMs: duration("peer.gossip.digestWaitTime", {
    doc: "How long a pull waits for digests.",
    ...PERIOD,
    absent: DEFAULT_TIMING.digestWaitMs,
  }),
  requestWaitMs: duration("peer.gossip.requestWaitTime", {
    doc: "How long a hello permits a request; more than the digest wait.",
    ...PERIOD,
    absent: DEFAULT_TIMING.requestWaitMs,
  }),
  responseWaitMs: duration("peer.gossip.responseWaitTime", {
    doc: "How long a pull waits for updates.",
    ...PERIOD,
    absent: DEFAULT_TIMING.responseWaitMs,
  }),
  propagateIterations: whole("peer.gossip.propagateIterations", {
    doc: "How often we relay a message.",
    unit: "times",
    min: 1,
    max: 100,
    absent: DEFAULT_FANOUT.iterations,
  }),
  propagatePeerNum: whole("peer.gossip.propagatePeerNum", {
    doc: "Members to which we relay a message.",
    unit: "members",
    min: 1,
    max: 100,
    absent: DEFAULT_FANOUT.propagatePeers,
  }),
  propagationBurstSize: whole("peer.gossip.maxPropagationBurstSize", {
    doc: "Queued messages that trigger a send at once.",
    unit: "messages",
    min: 1,
    max: 10_000,
    absent: DEFAULT_FANOUT.burstSize,
  }),
  propagationBurstLatencyMs: duration("peer.gossip.maxPropagationBurstLatency", {
    doc: "How long a message waits for others before it is sent.",
    min: 1,
    max: 60 * SECOND,
    absent: DEFAULT_TIMING.burstLatencyMs,
  }),
  dialTimeoutMs: duration("peer.gossip.dialTimeout", {
    doc: "Time limit of a dial for TCP, TLS and HTTP/2 together, 70 % of it for one that only pings; up to four times as long while our event loop is busy.",
    ...PERIOD,
    absent: 3 * SECOND,
  }),
  connTimeoutMs: duration("peer.gossip.connTimeout", {
    doc: "Time limit of a ping, and of the first handshake message; extended likewise.",
    ...PERIOD,
    absent: 2 * SECOND,
  }),
  recvBufferSize: whole("peer.gossip.recvBuffSize", {
    doc: "No effect: received messages do not queue.",
    unit: "messages",
    min: 1,
    max: 100_000,
    absent: 20,
  }),
  sendBufferSize: whole("peer.gossip.sendBuffSize", {
    doc: "Messages that may queue for one peer.",
    unit: "messages",
    min: 1,
    max: 100_000,
    absent: 200,
  }),
  publishStateInfoIntervalMs: duration("peer.gossip.publishStateInfoInterval", {
    doc: "A hundred times this value is how long we remember StateInfo of channels that we do not follow.",
    ...PERIOD,
    absent: DEFAULT_TIMING.stateInfoExpiryMs / 100,
  }),
  requestStateInfoIntervalMs: duration("peer.gossip.requestStateInfoInterval", {
    doc: "Interval between requests for StateInfo of followed channels.",
    ...PERIOD,
    absent: DEFAULT_TIMING.stateInfoIntervalMs,
  }),
};
