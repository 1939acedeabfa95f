/**
 * The configuration of a channel: its tree (`common/configtx.proto`) and the values in it
 * (`common`, `orderer` and `peer/configuration.proto`).
 */
import { COMMON_ENVELOPE } from "./block-messages.ts";
import { POLICY } from "./policy-messages.ts";
import {
  bool,
  bytes,
  bytesOf,
  embedded,
  enumeration,
  int32,
  map,
  message,
  repeated,
  type Schema,
  string,
  table,
  uint32,
  uint64,
  type Value,
} from "./schema.ts";

/** Organisations of a group, values, policies, capabilities, resources. */
const ENTRIES_MAX = 5_000;
const ADDRESSES_MAX = 1_000;
const CONSENTERS_MAX = 1_000;
const SIGNATURES_MAX = 1_000;
/** A host name has at most 253 characters. Bytes. */
const HOST_BYTES_MAX = 512;

export const CONFIG_VALUE = table({ version: uint64(1), value: bytes(2), modPolicy: string(3) });
export const CONFIG_POLICY = table({
  version: uint64(1),
  policy: message(2, POLICY),
  modPolicy: string(3),
});
export const CONFIG_GROUP = table({
  version: uint64(1),
  groups: map(2, embedded(2, configGroup), ENTRIES_MAX),
  values: map(3, message(2, CONFIG_VALUE), ENTRIES_MAX),
  policies: map(4, message(2, CONFIG_POLICY), ENTRIES_MAX),
  modPolicy: string(5),
});
/** Groups hold groups. */
function configGroup(): Schema {
  return CONFIG_GROUP;
}
export const CONFIG = table({ sequence: uint64(1), channelGroup: embedded(2, configGroup) });
export const CONFIG_ENVELOPE = table({
  config: message(1, CONFIG),
  lastUpdate: message(2, COMMON_ENVELOPE),
});
export const CONFIG_SIGNATURE = table({ signatureHeader: bytes(1), signature: bytes(2) });
export const CONFIG_UPDATE = table({
  channelId: string(1),
  readSet: embedded(2, configGroup),
  writeSet: embedded(3, configGroup),
  isolatedData: map(5, bytes(2), ENTRIES_MAX),
});
export const CONFIG_UPDATE_ENVELOPE = table({
  configUpdate: bytesOf(1, CONFIG_UPDATE),
  signatures: repeated(message(2, CONFIG_SIGNATURE), SIGNATURES_MAX),
});

export const HASHING_ALGORITHM = table({ name: string(1) });
export const BLOCK_DATA_HASHING_STRUCTURE = table({ width: uint32(1) });
export const ORDERER_ADDRESSES = table({
  addresses: repeated(string(1, { bytesMax: HOST_BYTES_MAX }), ADDRESSES_MAX),
});
/** Fabric's `common.Consenter`: an orderer of a BFT network. */
export const BFT_CONSENTER = table({
  id: uint32(1),
  host: string(2, { bytesMax: HOST_BYTES_MAX }),
  port: uint32(3),
  mspId: string(4),
  identity: bytes(5),
  clientTlsCert: bytes(6),
  serverTlsCert: bytes(7),
});
export const ORDERERS = table({
  consenterMapping: repeated(message(1, BFT_CONSENTER), CONSENTERS_MAX),
});
export const CONSORTIUM = table({ name: string(1) });
export const CAPABILITY = table({});
export const CAPABILITIES = table({ capabilities: map(1, message(2, CAPABILITY), ENTRIES_MAX) });

export const CONSENSUS_TYPE = table({
  type: string(1),
  metadata: bytes(2),
  state: enumeration(3, ["STATE_NORMAL", "STATE_MAINTENANCE"]),
});
export const BATCH_SIZE = table({
  maxMessageCount: uint32(1),
  absoluteMaxBytes: uint32(2),
  preferredMaxBytes: uint32(3),
});
export const BATCH_TIMEOUT = table({ timeout: string(1) });
export const KAFKA_BROKERS = table({ brokers: repeated(string(1), ADDRESSES_MAX) });
export const CHANNEL_RESTRICTIONS = table({ maxCount: uint64(1) });

/** Fabric's `etcdraft.Consenter`. */
export const RAFT_CONSENTER = table({
  host: string(1, { bytesMax: HOST_BYTES_MAX }),
  port: uint32(2),
  clientTlsCert: bytes(3),
  serverTlsCert: bytes(4),
});
export const RAFT_OPTIONS = table({
  tickInterval: string(1),
  electionTick: uint32(2),
  heartbeatTick: uint32(3),
  maxInflightBlocks: uint32(4),
  snapshotIntervalSize: uint32(5),
});
/** The metadata of consensus type `etcdraft` (Fabric: `etcdraft.ConfigMetadata`). */
export const RAFT_METADATA = table({
  consenters: repeated(message(1, RAFT_CONSENTER), CONSENTERS_MAX),
  options: message(2, RAFT_OPTIONS),
});
/** The metadata of consensus type `BFT` (Fabric: `smartbft.Options`). */
export const BFT_OPTIONS = table({
  requestBatchMaxCount: uint64(1),
  requestBatchMaxBytes: uint64(2),
  requestBatchMaxInterval: string(3),
  incomingMessageBufferSize: uint64(4),
  requestPoolSize: uint64(5),
  requestForwardTimeout: string(6),
  requestComplainTimeout: string(7),
  requestAutoRemoveTimeout: string(8),
  requestMaxBytes: uint64(9),
  viewChangeResendInterval: string(10),
  viewChangeTimeout: string(11),
  leaderHeartbeatTimeout: string(12),
  leaderHeartbeatCount: uint64(13),
  collectTimeout: string(14),
  syncOnStart: bool(15),
  speedUpViewChange: bool(16),
  leaderRotation: enumeration(17, ["ROTATION_UNSPECIFIED", "ROTATION_OFF", "ROTATION_ON"]),
  decisionsPerLeader: uint64(18),
});

export const ANCHOR_PEER = table({
  host: string(1, { bytesMax: HOST_BYTES_MAX }),
  port: int32(2),
});
export const ANCHOR_PEERS = table({
  anchorPeers: repeated(message(1, ANCHOR_PEER), ADDRESSES_MAX),
});
export const API_RESOURCE = table({ policyRef: string(1) });
export const ACLS = table({ acls: map(1, message(2, API_RESOURCE), ENTRIES_MAX) });

export type WireConfigGroup = Value<typeof CONFIG_GROUP>;
export type WireConfig = Value<typeof CONFIG>;
export type BftConsenter = Value<typeof BFT_CONSENTER>;
export type RaftConsenter = Value<typeof RAFT_CONSENTER>;
