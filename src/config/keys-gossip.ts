/**
 * Keys of the protocol, under the names and with the defaults of Fabric. Reading, validation and
 * `docs/configuration.md` come from this table. Source: core.yaml; spec A 1.2, 1.3 and 9, spec B 7.
 */
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
    doc: "Where our own organisation reaches us.",
    absent: "",
    byDefault: "peer.address",
  }),
  externalEndpoint: endpoint("peer.gossip.externalEndpoint", {
    doc:
      "Where other organisations reach us. Empty: they do not learn of us, nor we of their " +
      "members.",
    absent: "",
  }),
  aliveIntervalMs: duration("peer.gossip.aliveTimeInterval", {
    doc: "Time between two of our heartbeats.",
    ...PERIOD,
    absent: 5 * SECOND,
  }),
  aliveExpiryMs: duration("peer.gossip.aliveExpirationTimeout", {
    doc: "Silence after which a member counts as dead; at least twice the heartbeat.",
    ...PERIOD,
    absent: undefined,
    byDefault: "5 x peer.gossip.aliveTimeInterval (25s)",
  }),
  reconnectIntervalMs: duration("peer.gossip.reconnectInterval", {
    doc: "Time between two attempts to reach a dead member.",
    ...PERIOD,
    absent: undefined,
    byDefault: "peer.gossip.aliveExpirationTimeout (25s)",
  }),
  messageExpiryFactor: whole("peer.gossip.msgExpirationFactor", {
    doc: "A dead member is forgotten after this many times the expiry.",
    unit: "multiples",
    min: 1,
    max: 10_000,
    absent: 20,
  }),
  publishCertPeriodMs: duration("peer.gossip.publishCertPeriod", {
    doc: "How long after the start our heartbeats carry our certificate.",
    ...PERIOD,
    absent: 10 * SECOND,
  }),
  pullIntervalMs: duration("peer.gossip.pullInterval", {
    doc:
      "Time between two membership syncs and between two pulls; more than digest and response " +
      "wait together.",
    ...PERIOD,
    absent: 4 * SECOND,
  }),
  pullPeerNum: whole("peer.gossip.pullPeerNum", {
    doc: "Members asked in each.",
    unit: "members",
    min: 1,
    max: 100,
    absent: 3,
  }),
  digestWaitMs: duration("peer.gossip.digestWaitTime", {
    doc: "How long the digests of a pull are awaited.",
    ...PERIOD,
    absent: 1 * SECOND,
  }),
  requestWaitMs: duration("peer.gossip.requestWaitTime", {
    doc: "How long a hello entitles its sender to a request; more than the digest wait.",
    ...PERIOD,
    absent: 1_500,
  }),
  responseWaitMs: duration("peer.gossip.responseWaitTime", {
    doc: "How long the updates of a pull are awaited.",
    ...PERIOD,
    absent: 2 * SECOND,
  }),
  propagateIterations: whole("peer.gossip.propagateIterations", {
    doc: "How often a message is passed on.",
    unit: "times",
    min: 1,
    max: 100,
    absent: 1,
  }),
  propagatePeerNum: whole("peer.gossip.propagatePeerNum", {
    doc: "Members a message is passed on to.",
    unit: "members",
    min: 1,
    max: 100,
    absent: 3,
  }),
  propagationBurstSize: whole("peer.gossip.maxPropagationBurstSize", {
    doc: "Waiting messages that are passed on at once.",
    unit: "messages",
    min: 1,
    max: 10_000,
    absent: 10,
  }),
  propagationBurstLatencyMs: duration("peer.gossip.maxPropagationBurstLatency", {
    doc: "How long a message waits for company before it is passed on.",
    min: 1,
    max: 60 * SECOND,
    absent: 10,
  }),
  dialTimeoutMs: duration("peer.gossip.dialTimeout", {
    doc: "How long TCP, TLS and HTTP/2 together may take when we dial.",
    ...PERIOD,
    absent: 3 * SECOND,
  }),
  connTimeoutMs: duration("peer.gossip.connTimeout", {
    doc: "How long a ping, and the first message of a handshake, may take.",
    ...PERIOD,
    absent: 2 * SECOND,
  }),
  recvBufferSize: whole("peer.gossip.recvBuffSize", {
    doc: "Messages received from one peer that may wait. No effect here: none waits.",
    unit: "messages",
    min: 1,
    max: 100_000,
    absent: 20,
  }),
  sendBufferSize: whole("peer.gossip.sendBuffSize", {
    doc:
      "Messages to one peer that may wait. Fabric's own default without a file is 20, its " +
      "sample file has 200.",
    unit: "messages",
    min: 1,
    max: 100_000,
    absent: 200,
  }),
  publishStateInfoIntervalMs: duration("peer.gossip.publishStateInfoInterval", {
    doc:
      "Time between two announcements of our channel state. As we announce none, only a hundred " +
      "times this counts: how long news of channels that we do not follow are remembered.",
    ...PERIOD,
    absent: 4 * SECOND,
  }),
  requestStateInfoIntervalMs: duration("peer.gossip.requestStateInfoInterval", {
    doc: "Time between two requests for the StateInfo of the channels that we follow.",
    ...PERIOD,
    absent: 4 * SECOND,
  }),
};
