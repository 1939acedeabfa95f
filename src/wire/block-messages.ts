/**
 * Blocks and the envelopes in them, with Fabric's field numbers (`common/common.proto`). What is
 * signed or hashed stays bytes. Limits are ours, as in `messages.ts`.
 */
import {
  bytes,
  bytesOf,
  embedded,
  int32,
  int64,
  message,
  repeated,
  string,
  table,
  uint32,
  uint64,
  type Value,
} from "./schema.ts";

/** Of a channel header (Fabric: `HeaderType`). */
export const HEADER_TYPE = {
  message: 0,
  config: 1,
  configUpdate: 2,
  endorserTransaction: 3,
  ordererTransaction: 4,
} as const;
/** Where in a block's metadata things stand (Fabric: `BlockMetadataIndex`). */
export const METADATA_INDEX = {
  signatures: 0,
  lastConfig: 1,
  transactionsFilter: 2,
  orderer: 3,
  commitHash: 4,
} as const;

/** Fabric's default for one block is 500 (`BatchSize.MaxMessageCount`). */
const TRANSACTIONS_MAX = 50_000;
/** Fabric writes five elements. */
const METADATA_MAX = 100;
/** One for each orderer at most; each costs the check of a certificate and of a signature. */
const SIGNATURES_MAX = 100;

export const TIMESTAMP = table({ seconds: int64(1), nanos: int32(2) });
export const CHANNEL_HEADER = table({
  type: int32(1),
  version: int32(2),
  timestamp: message(3, TIMESTAMP),
  channelId: string(4),
  txId: string(5),
  epoch: uint64(6),
  extension: bytes(7),
  tlsCertHash: bytes(8),
});
export const SIGNATURE_HEADER = table({ creator: bytes(1), nonce: bytes(2) });
/** In place of a signature header where the orderers are BFT: the signer is a consenter's id. */
export const IDENTIFIER_HEADER = table({ identifier: uint32(1), nonce: bytes(2) });
export const HEADER = table({
  channelHeader: bytesOf(1, CHANNEL_HEADER),
  signatureHeader: bytesOf(2, SIGNATURE_HEADER),
});
/** Fabric's `common.Payload`: what a transaction envelope holds. `PAYLOAD` is gossip's. */
export const COMMON_PAYLOAD = table({ header: message(1, HEADER), data: bytes(2) });
/** Fabric's `common.Envelope`: a transaction. `ENVELOPE` is gossip's. */
export const COMMON_ENVELOPE = table({
  payload: bytesOf(1, COMMON_PAYLOAD),
  signature: bytes(2),
});

export const BLOCK_HEADER = table({
  number: uint64(1),
  previousHash: bytes(2),
  dataHash: bytes(3),
});
export const BLOCK_DATA = table({
  data: repeated(bytesOf(1, COMMON_ENVELOPE), TRANSACTIONS_MAX),
});
export const BLOCK_METADATA = table({ metadata: repeated(bytes(1), METADATA_MAX) });
export const BLOCK = table({
  header: message(1, BLOCK_HEADER),
  data: message(2, BLOCK_DATA),
  metadata: message(3, BLOCK_METADATA),
});
/** A block whose transactions, which may be many, are left for later. */
export const BLOCK_PARTS = table({
  header: message(1, BLOCK_HEADER),
  data: embedded(2, BLOCK_DATA),
  metadata: message(3, BLOCK_METADATA),
});
export const METADATA_SIGNATURE = table({
  signatureHeader: bytesOf(1, SIGNATURE_HEADER),
  signature: bytes(2),
  identifierHeader: bytesOf(3, IDENTIFIER_HEADER),
});
export const METADATA = table({
  value: bytes(1),
  signatures: repeated(message(2, METADATA_SIGNATURE), SIGNATURES_MAX),
});
export const LAST_CONFIG = table({ index: uint64(1) });
/** The value of the metadata element SIGNATURES, and of ORDERER in older blocks. */
export const ORDERER_BLOCK_METADATA = table({
  lastConfig: message(1, LAST_CONFIG),
  consenterMetadata: bytes(2),
});

export type ChannelHeader = Value<typeof CHANNEL_HEADER>;
export type SignatureHeader = Value<typeof SIGNATURE_HEADER>;
export type BlockHeader = Value<typeof BLOCK_HEADER>;
export type MetadataSignature = Value<typeof METADATA_SIGNATURE>;
