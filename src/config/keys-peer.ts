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
/** Long enough to disable keepalive in practice. */
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
    doc: "Where our private key is: `SW` in a file; others, as `PKCS11`, need a signer of the library.",
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
    doc: "Endpoint for our own organisation, unless `peer.gossip.endpoint` is set. The first IPv4 address of a network card replaces an unspecified host (`0.0.0.0`, `::`).",
    absent: "",
  }),
  addressAutoDetect: flag("peer.addressAutoDetect", {
    doc: "Replace the host of `peer.address` by the first IPv4 address of a network card.",
    absent: false,
  }),
  maxRecvMessageBytes: whole("peer.maxRecvMsgSize", {
    doc: "Largest message that Fabric accepts; see `fabricGossip.limits.messageBytesMax`.",
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
    doc: "Time limit of an incoming connection for TCP, TLS and HTTP/2 together; extended as that of a dial.",
    ...PERIOD,
    absent: 5 * SECOND,
  }),
};

export const TLS_KEYS = {
  enabled: flag("peer.tls.enabled", {
    doc: "Use TLS for gossip, in both directions.",
    absent: false,
  }),
  clientAuthRequired: flag("peer.tls.clientAuthRequired", {
    doc: "Verify the chain of dialling peers' TLS certificates. Peers must show a certificate in any case.",
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
    doc: "CAs that we trust when dialling, as PEM.",
    absent: undefined,
  }),
  clientRootCaFiles: paths("peer.tls.clientRootCAs.files", {
    doc: "CAs that we trust when dialled, as PEM; read with `clientAuthRequired`.",
    absent: [],
  }),
  clientCertFile: path("peer.tls.clientCert.file", {
    doc: "Separate certificate for dialling; requires `peer.tls.clientKey.file`.",
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
    doc: "Silence after which we ping a peer that we dialled. Fabric's peers disconnect clients that ping more often than every 60s.",
    ...KEEPALIVE,
    absent: 60 * SECOND,
  }),
  clientTimeoutMs: duration("peer.keepalive.client.timeout", {
    doc: "Time limit for the answer to any ping.",
    ...KEEPALIVE,
    absent: 20 * SECOND,
  }),
  serverIntervalMs: duration("peer.keepalive.interval", {
    doc: "Silence after which we ping a peer that dialled us.",
    ...KEEPALIVE,
    absent: 2 * HOUR,
  }),
  serverTimeoutMs: duration("peer.keepalive.timeout", {
    doc: "No effect: `peer.keepalive.client.timeout` covers both directions.",
    ...KEEPALIVE,
    absent: 20 * SECOND,
  }),
  serverMinIntervalMs: duration("peer.keepalive.minInterval", {
    doc: "No effect: we do not disconnect peers that ping often.",
    min: 10,
    max: 24 * HOUR,
    absent: 60 * SECOND,
  }),
};

export const OPERATIONS_KEYS = {
  listenAddress: listenAddress<HostPort | undefined>("operations.listenAddress", {
    doc: 'Where the operations endpoint and the dashboard listen. An explicitly empty value (`""` in the file, `--set operations.listenAddress=`) disables them.',
    absent: { host: "127.0.0.1", port: 9443 },
    empty: undefined,
  }),
  tlsEnabled: flag("operations.tls.enabled", {
    doc: "Use TLS for the operations endpoint.",
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
    doc: "Require a client certificate for every page, not only the protected ones.",
    absent: false,
  }),
  clientRootCaFiles: paths("operations.tls.clientRootCAs.files", {
    doc: "CAs of accepted client certificates, as PEM.",
    absent: [],
  }),
  metricsProvider: choice("metrics.provider", ["disabled", "prometheus", "statsd"], {
    doc: "No effect: `/metrics` is always there, StatsD never.",
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
    doc: "`json` writes one JSON object a line; other values, as Fabric's `%{...}` patterns, write text.",
    absent: "text",
    env: ["FABRIC_LOGGING_FORMAT"],
  }),
};
