/**
 * Every message of Fabric's gossip, with Fabric's field numbers (spec A 2.1 to 2.7). The keys are
 * Fabric's field names in camel case. The limits are ours: far above what real peers send, low
 * enough that no message can occupy us for long.
 */

import { ENVELOPES_MAX } from "./limits.ts";
import {
  bool,
  bytes,
  embedded,
  enumeration,
  type Init,
  message,
  oneof,
  repeated,
  string,
  table,
  uint64,
  type Value,
} from "./schema.ts";

/** Routing class of a GossipMessage (Fabric: `GossipMessage.Tag`, spec A 2.3). */
export const TAG = {
  undefined: 0,
  empty: 1,
  orgOnly: 2,
  chanOnly: 3,
  chanAndOrg: 4,
  chanOrOrg: 5,
} as const;
const TAG_NAMES = ["UNDEFINED", "EMPTY", "ORG_ONLY", "CHAN_ONLY", "CHAN_AND_ORG", "CHAN_OR_ORG"];

/** What is pulled (Fabric: `PullMsgType`, spec A 2.3). */
export const PULL_TYPE = { undefined: 0, block: 1, identity: 2 } as const;
const PULL_TYPE_NAMES = ["UNDEFINED", "BLOCK_MSG", "IDENTITY_MSG"];

/** Maximum endpoint length in bytes; a host name has at most 253 characters. */
const ENDPOINT_BYTES_MAX = 512;
/** Maximum length of an error text in bytes. */
const ERROR_BYTES_MAX = 65_536;
/** Ids of items a peer holds: all identities, or all blocks in its store (100 by default). */
const DIGESTS_MAX = 25_000;
/** Fabric always sends `known` empty. */
const KNOWN_MAX = 10_000;
/** Chaincodes installed on a channel. */
const CHAINCODES_MAX = 1_000;
/** Blocks in one answer; Fabric asks for 10 (`peer.gossip.state.batchSize`). */
const BLOCKS_MAX = 1_000;
/** Private write sets of one block or one request. */
const PRIVATE_ITEMS_MAX = 5_000;

export const SECRET_ENVELOPE = table({ payload: bytes(1), signature: bytes(2) });
export const ENVELOPE = table({
  payload: bytes(1),
  signature: bytes(2),
  secretEnvelope: message(3, SECRET_ENVELOPE),
});
/** In Fabric a oneof of one case; the empty string and no case mean the same to it. */
export const SECRET = table({
  internalEndpoint: string(1, { bytesMax: ENDPOINT_BYTES_MAX, name: "internalEndpoint" }),
});
export const SERIALIZED_IDENTITY = table({ mspid: string(1), idBytes: bytes(2) });

export const PEER_TIME = table({ incNum: uint64(1), seqNum: uint64(2) });
export const MEMBER = table({
  endpoint: string(1, { bytesMax: ENDPOINT_BYTES_MAX }),
  metadata: bytes(2),
  pkiId: bytes(3),
});
export const ALIVE_MESSAGE = table({
  membership: message(1, MEMBER),
  timestamp: message(2, PEER_TIME),
  identity: bytes(4),
});
export const MEMBERSHIP_REQUEST = table({
  selfInformation: embedded(1, ENVELOPE),
  known: repeated(bytes(2), KNOWN_MAX),
});
export const MEMBERSHIP_RESPONSE = table({
  alive: repeated(embedded(1, ENVELOPE), ENVELOPES_MAX),
  dead: repeated(embedded(2, ENVELOPE), ENVELOPES_MAX),
});
export const CONN_ESTABLISH = table({
  pkiId: bytes(1),
  identity: bytes(2),
  tlsCertHash: bytes(3),
  probe: bool(4),
});
export const ACKNOWLEDGEMENT = table({ error: string(1, { bytesMax: ERROR_BYTES_MAX }) });
export const EMPTY = table({});

export const GOSSIP_HELLO = table({
  nonce: uint64(1),
  metadata: bytes(2),
  msgType: enumeration(3, PULL_TYPE_NAMES),
});
export const DATA_DIGEST = table({
  nonce: uint64(1),
  digests: repeated(bytes(2), DIGESTS_MAX),
  msgType: enumeration(3, PULL_TYPE_NAMES),
});
export const DATA_REQUEST = table({
  nonce: uint64(1),
  digests: repeated(bytes(2), DIGESTS_MAX),
  msgType: enumeration(3, PULL_TYPE_NAMES),
});
export const DATA_UPDATE = table({
  nonce: uint64(1),
  data: repeated(embedded(2, ENVELOPE), ENVELOPES_MAX),
  msgType: enumeration(3, PULL_TYPE_NAMES),
});
export const PEER_IDENTITY = table({ pkiId: bytes(1), cert: bytes(2), metadata: bytes(3) });

export const CHAINCODE = table({ name: string(1), version: string(2), metadata: bytes(3) });
export const PROPERTIES = table({
  ledgerHeight: uint64(1),
  leftChannel: bool(2),
  chaincodes: repeated(message(3, CHAINCODE), CHAINCODES_MAX),
});
export const STATE_INFO = table({
  timestamp: message(2, PEER_TIME),
  pkiId: bytes(3),
  channelMac: bytes(4, "channel_MAC"),
  properties: message(5, PROPERTIES),
});
export const STATE_INFO_SNAPSHOT = table({
  elements: repeated(embedded(1, ENVELOPE), ENVELOPES_MAX),
});
export const STATE_INFO_PULL_REQUEST = table({ channelMac: bytes(1, "channel_MAC") });
export const LEADERSHIP_MESSAGE = table({
  pkiId: bytes(1),
  timestamp: message(2, PEER_TIME),
  isDeclaration: bool(3),
});

export const PAYLOAD = table({
  seqNum: uint64(1),
  data: bytes(2),
  privateData: repeated(bytes(3), PRIVATE_ITEMS_MAX),
});
export const DATA_MESSAGE = table({ payload: message(1, PAYLOAD) });
export const REMOTE_STATE_REQUEST = table({ startSeqNum: uint64(1), endSeqNum: uint64(2) });
export const REMOTE_STATE_RESPONSE = table({
  payloads: repeated(message(1, PAYLOAD), BLOCKS_MAX),
});

export const PRIVATE_PAYLOAD = table({
  collectionName: string(1),
  namespace: string(2),
  txId: string(3),
  privateRwset: bytes(4),
  privateSimHeight: uint64(5),
  /** A `protos.CollectionConfigPackage`, which gossip has no need to look into. */
  collectionConfigs: embedded(6),
});
export const PRIVATE_DATA_MESSAGE = table({ payload: message(1, PRIVATE_PAYLOAD) });
export const PVT_DATA_DIGEST = table({
  txId: string(1),
  namespace: string(2),
  collection: string(3),
  blockSeq: uint64(4),
  seqInBlock: uint64(5),
});
export const PVT_DATA_ELEMENT = table({
  digest: message(1, PVT_DATA_DIGEST),
  payload: repeated(bytes(2), PRIVATE_ITEMS_MAX),
});
export const REMOTE_PVT_DATA_REQUEST = table({
  digests: repeated(message(1, PVT_DATA_DIGEST), PRIVATE_ITEMS_MAX),
});
export const REMOTE_PVT_DATA_RESPONSE = table({
  elements: repeated(message(1, PVT_DATA_ELEMENT), PRIVATE_ITEMS_MAX),
});
/** Not a content of GossipMessage: it travels inside `Payload.private_data`. */
export const PVT_DATA_PAYLOAD = table({ txSeqInBlock: uint64(1), payload: bytes(2) });

export const GOSSIP_MESSAGE = table({
  nonce: uint64(1),
  channel: bytes(2),
  tag: enumeration(3, TAG_NAMES),
  content: oneof({
    alive: message(5, ALIVE_MESSAGE, "alive_msg"),
    "membership-request": message(6, MEMBERSHIP_REQUEST, "mem_req"),
    "membership-response": message(7, MEMBERSHIP_RESPONSE, "mem_res"),
    data: message(8, DATA_MESSAGE, "data_msg"),
    hello: message(9, GOSSIP_HELLO, "hello"),
    digest: message(10, DATA_DIGEST, "data_dig"),
    request: message(11, DATA_REQUEST, "data_req"),
    update: message(12, DATA_UPDATE, "data_update"),
    empty: message(13, EMPTY, "empty"),
    "conn-establish": message(14, CONN_ESTABLISH, "conn"),
    "state-info": message(15, STATE_INFO, "state_info"),
    "state-snapshot": message(16, STATE_INFO_SNAPSHOT, "state_snapshot"),
    "state-info-pull-request": message(17, STATE_INFO_PULL_REQUEST, "state_info_pull_req"),
    "state-request": message(18, REMOTE_STATE_REQUEST, "state_request"),
    "state-response": message(19, REMOTE_STATE_RESPONSE, "state_response"),
    leadership: message(20, LEADERSHIP_MESSAGE, "leadership_msg"),
    "peer-identity": message(21, PEER_IDENTITY, "peer_identity"),
    ack: message(22, ACKNOWLEDGEMENT, "ack"),
    "private-request": message(23, REMOTE_PVT_DATA_REQUEST, "privateReq"),
    "private-response": message(24, REMOTE_PVT_DATA_RESPONSE, "privateRes"),
    "private-data": message(25, PRIVATE_DATA_MESSAGE, "private_data"),
  }),
});

export type SecretEnvelope = Value<typeof SECRET_ENVELOPE>;
export type Secret = Value<typeof SECRET>;
export type SerializedIdentity = Value<typeof SERIALIZED_IDENTITY>;
export type PeerTime = Value<typeof PEER_TIME>;
/** Fabric's `Member`; `Member` is ours. */
export type AliveMessage = Value<typeof ALIVE_MESSAGE>;
export type MembershipRequest = Value<typeof MEMBERSHIP_REQUEST>;
export type MembershipResponse = Value<typeof MEMBERSHIP_RESPONSE>;
export type ConnEstablish = Value<typeof CONN_ESTABLISH>;
export type Acknowledgement = Value<typeof ACKNOWLEDGEMENT>;
export type GossipHello = Value<typeof GOSSIP_HELLO>;
export type DataDigest = Value<typeof DATA_DIGEST>;
export type DataRequest = Value<typeof DATA_REQUEST>;
export type DataUpdate = Value<typeof DATA_UPDATE>;
export type PeerIdentity = Value<typeof PEER_IDENTITY>;
export type Chaincode = Value<typeof CHAINCODE>;
export type Properties = Value<typeof PROPERTIES>;
export type StateInfo = Value<typeof STATE_INFO>;
export type StateInfoSnapshot = Value<typeof STATE_INFO_SNAPSHOT>;
export type StateInfoPullRequest = Value<typeof STATE_INFO_PULL_REQUEST>;
export type LeadershipMessage = Value<typeof LEADERSHIP_MESSAGE>;
export type Payload = Value<typeof PAYLOAD>;
export type DataMessage = Value<typeof DATA_MESSAGE>;
export type RemoteStateRequest = Value<typeof REMOTE_STATE_REQUEST>;
export type RemoteStateResponse = Value<typeof REMOTE_STATE_RESPONSE>;
export type PrivatePayload = Value<typeof PRIVATE_PAYLOAD>;
export type PrivateDataMessage = Value<typeof PRIVATE_DATA_MESSAGE>;
export type PvtDataDigest = Value<typeof PVT_DATA_DIGEST>;
export type PvtDataElement = Value<typeof PVT_DATA_ELEMENT>;
export type RemotePvtDataRequest = Value<typeof REMOTE_PVT_DATA_REQUEST>;
export type RemotePvtDataResponse = Value<typeof REMOTE_PVT_DATA_RESPONSE>;
export type PvtDataPayload = Value<typeof PVT_DATA_PAYLOAD>;
/** `content` is undefined when absent or of a number we do not know. */
export type GossipMessage = Value<typeof GOSSIP_MESSAGE>;
/** The one thing a GossipMessage says: `{ type, value }`. */
export type Content = NonNullable<GossipMessage["content"]>;
/** What to encode as a GossipMessage; missing fields take their defaults. */
export type GossipMessageInit = Init<typeof GOSSIP_MESSAGE>;
