/**
 * Keys of the node itself, under the names and with the defaults of Fabric. Reading, validation and
 * `docs/configuration.md` come from this table. Source: core.yaml; spec A 1.2, 1.3 and 9, spec B 7.
 */
import type { HostPort } from "../lib/host-port.ts";
import { choice, duration, flag, path, paths, text, whole } from "./key.ts";
import { endpoint, listenAddress } from "./key-network.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;
const FABRIC_MESSAGE_BYTES = 104_857_600;
/** From 10 ms, so that tests can run a network in a tenth of the time, to a day. */
const PERIOD = { min: 10, max: 24 * HOUR };
/** A keepalive may also mean "practically never". */
const KEEPALIVE = { min: SECOND, max: 24 * HOUR };

export const PEER_KEYS = {
  id: text("peer.id", {
    doc: "Name of this node in its log.",
    absent: "",
    byDefault: "the own endpoint",
  }),
  mspId: text("peer.localMspId", {
    doc: "MSP id of our organisation. Required.",
    absent: "",
  }),
  mspFolder: path("peer.mspConfigPath", {
    doc: "Folder of our MSP: certificate, key, CAs. Required.",
    absent: undefined,
  }),
  keyProvider: text("peer.BCCSP.Default", {
    doc: "Where our private key is. `SW`: in a file. Anything else, as `PKCS11`, needs a signer of the library.",
    absent: "SW",
  }),
  keystoreFolder: path("peer.BCCSP.SW.FileKeyStore.KeyStore", {
    doc: "Folder of our private key.",
    absent: undefined,
    byDefault: "keystore in peer.mspConfigPath",
  }),
  listenAddress: listenAddress("peer.listenAddress", {
    doc: "Where gossip listens. Port 0 lets the system choose.",
    absent: { host: "0.0.0.0", port: 7051 },
  }),
  address: endpoint("peer.address", {
    doc:
      "Where our own organisation reaches us, unless `peer.gossip.endpoint` says otherwise. " +
      "An unspecified host (`0.0.0.0`, `::`) is replaced by the first IPv4 address of a " +
      "network card.",
    absent: "",
  }),
  addressAutoDetect: flag("peer.addressAutoDetect", {
    doc: "Replace the host of `peer.address` by the first IPv4 address of a network card.",
    absent: false,
  }),
  maxRecvMessageBytes: whole("peer.maxRecvMsgSize", {
    doc: "Largest message Fabric would accept; see also `fabricGossip.limits.messageBytesMax`.",
    unit: "bytes",
    min: 1_024,
    max: 2_147_483_647,
    absent: FABRIC_MESSAGE_BYTES,
  }),
  maxSendMessageBytes: whole("peer.maxSendMsgSize", {
    doc: "Largest message we send.",
    unit: "bytes",
    min: 1_024,
    max: 2_147_483_647,
    absent: FABRIC_MESSAGE_BYTES,
  }),
  connectionTimeoutMs: duration("peer.connectiontimeout", {
    doc: "How long an incoming connection may take for TCP, TLS and HTTP/2 together.",
    ...PERIOD,
    absent: 5 * SECOND,
  }),
};

export const TLS_KEYS = {
  enabled: flag("peer.tls.enabled", {
    doc: "Whether gossip uses TLS, in both directions.",
    absent: false,
  }),
  clientAuthRequired: flag("peer.tls.clientAuthRequired", {
    doc:
      "Whether the chain of a dialling peer's TLS certificate is verified. If not, a " +
      "certificate is asked for all the same.",
    absent: false,
  }),
  certFile: path("peer.tls.cert.file", {
    doc: "TLS certificate as PEM. Required with TLS.",
    absent: undefined,
  }),
  keyFile: path("peer.tls.key.file", {
    doc: "Key of that certificate as PEM. Required with TLS.",
    absent: undefined,
  }),
  rootCertFile: path("peer.tls.rootcert.file", {
    doc: "CAs we trust when we dial, as PEM.",
    absent: undefined,
  }),
  clientRootCaFiles: paths("peer.tls.clientRootCAs.files", {
    doc: "CAs we trust when we are dialled, as PEM; read if `clientAuthRequired`.",
    absent: [],
  }),
  clientCertFile: path("peer.tls.clientCert.file", {
    doc: "Another certificate for dialling. Set it together with `peer.tls.clientKey.file`.",
    absent: undefined,
    byDefault: "peer.tls.cert.file",
  }),
  clientKeyFile: path("peer.tls.clientKey.file", {
    doc: "Key of that certificate.",
    absent: undefined,
    byDefault: "peer.tls.key.file",
  }),
};

export const KEEPALIVE_KEYS = {
  clientIntervalMs: duration("peer.keepalive.client.interval", {
    doc:
      "Silence after which we ping a peer we dialled. Fabric's peers hang up on anyone who " +
      "pings more often than every 60s.",
    ...KEEPALIVE,
    absent: 60 * SECOND,
  }),
  clientTimeoutMs: duration("peer.keepalive.client.timeout", {
    doc: "How long we wait for the answer to a ping, whoever dialled.",
    ...KEEPALIVE,
    absent: 20 * SECOND,
  }),
  serverIntervalMs: duration("peer.keepalive.interval", {
    doc: "Silence after which we ping a peer that dialled us.",
    ...KEEPALIVE,
    absent: 2 * HOUR,
  }),
  serverTimeoutMs: duration("peer.keepalive.timeout", {
    doc: "The same for a peer that dialled us. No effect here: `peer.keepalive.client.timeout` holds for both.",
    ...KEEPALIVE,
    absent: 20 * SECOND,
  }),
  serverMinIntervalMs: duration("peer.keepalive.minInterval", {
    doc: "Fabric disconnects peers that ping more often. No effect here: we are patient.",
    min: 10,
    max: 24 * HOUR,
    absent: 60 * SECOND,
  }),
};

export const OPERATIONS_KEYS = {
  listenAddress: listenAddress<HostPort | undefined>("operations.listenAddress", {
    doc:
      'Where the operations endpoint and the dashboard listen. Explicitly empty (`""` in the ' +
      "file, `--set operations.listenAddress=`) switches them off.",
    absent: { host: "127.0.0.1", port: 9443 },
    empty: undefined,
  }),
  tlsEnabled: flag("operations.tls.enabled", {
    doc: "Whether the operations endpoint uses TLS.",
    absent: false,
  }),
  certFile: path("operations.tls.cert.file", {
    doc: "Its certificate as PEM. Required with its TLS.",
    absent: undefined,
  }),
  keyFile: path("operations.tls.key.file", {
    doc: "Key of that certificate as PEM. Required with its TLS.",
    absent: undefined,
  }),
  clientAuthRequired: flag("operations.tls.clientAuthRequired", {
    doc: "Whether every page needs a client certificate, not only the protected ones.",
    absent: false,
  }),
  clientRootCaFiles: paths("operations.tls.clientRootCAs.files", {
    doc: "CAs of the client certificates accepted there, as PEM.",
    absent: [],
  }),
  metricsProvider: choice("metrics.provider", ["disabled", "prometheus", "statsd"], {
    doc: "How Fabric gives out metrics. No effect here: `/metrics` is there in any case, StatsD never.",
    absent: "disabled",
  }),
};

export const LOGGING_KEYS = {
  spec: text("logging.spec", {
    doc: "Log levels, as `info:gossip.discovery=debug`; see above.",
    absent: "",
    byDefault: "logging.level",
    env: ["FABRIC_LOGGING_SPEC"],
  }),
  level: text("logging.level", {
    doc: "Log levels, if `logging.spec` is not given.",
    absent: "info",
  }),
  format: text("logging.format", {
    doc:
      "`json` writes one JSON object a line; anything else, also Fabric's `%{...}` patterns, " +
      "text for people.",
    absent: "text",
    env: ["FABRIC_LOGGING_FORMAT"],
  }),
};
