/** Fabric's service discovery (`discovery/protocol.proto`), as far as we ask it: who is on a channel. */
import { ENVELOPE } from "./messages.ts";
import {
  bytes,
  embedded,
  map,
  message,
  oneof,
  repeated,
  string,
  table,
  uint32,
  type Value,
} from "./schema.ts";

/** One result a query; Fabric answers each. */
const RESULTS_MAX = 10;
const ORGANISATIONS_MAX = 5_000;
const PEERS_MAX = 10_000;
const ENDPOINTS_MAX = 1_000;
const TEXT_BYTES_MAX = 65_536;
const HOST_BYTES_MAX = 512;

export const SIGNED_REQUEST = table({ payload: bytes(1), signature: bytes(2) });
/** The hash is SHA-256 of the TLS client certificate of the connection. */
export const AUTH_INFO = table({ clientIdentity: bytes(1), clientTlsCertHash: bytes(2) });
const NOTHING = table({});
export const QUERY = table({
  channel: string(1),
  query: oneof({ config: message(2, NOTHING), peers: message(3, NOTHING) }),
});
export const DISCOVERY_REQUEST = table({
  authentication: message(1, AUTH_INFO),
  queries: repeated(message(2, QUERY), RESULTS_MAX),
});

/** `membershipInfo` is an alive message. */
export const DISCOVERED_PEER = table({
  stateInfo: embedded(1, ENVELOPE),
  membershipInfo: embedded(2, ENVELOPE),
  identity: bytes(3),
});
const PEERS = table({ peers: repeated(message(1, DISCOVERED_PEER), PEERS_MAX) });
const PEERS_BY_ORG = table({ peersByOrg: map(1, message(2, PEERS), ORGANISATIONS_MAX) });
const ENDPOINT = table({ host: string(1, { bytesMax: HOST_BYTES_MAX }), port: uint32(2) });
const ENDPOINTS = table({ endpoint: repeated(message(1, ENDPOINT), ENDPOINTS_MAX) });
/** The MSPs stay bytes. */
const CONFIG_RESULT = table({
  msps: map(1, bytes(2), ORGANISATIONS_MAX),
  orderers: map(2, message(2, ENDPOINTS), ORGANISATIONS_MAX),
});
const DISCOVERY_ERROR = table({ content: string(1, { bytesMax: TEXT_BYTES_MAX }) });
export const QUERY_RESULT = table({
  result: oneof({
    error: message(1, DISCOVERY_ERROR),
    config: message(2, CONFIG_RESULT),
    members: message(4, PEERS_BY_ORG),
  }),
});
export const DISCOVERY_RESPONSE = table({
  results: repeated(message(1, QUERY_RESULT), RESULTS_MAX),
});

export type DiscoveredPeer = Value<typeof DISCOVERED_PEER>;
export type DiscoveryResponse = Value<typeof DISCOVERY_RESPONSE>;
