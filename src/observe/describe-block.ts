/** Blocks and transactions for people: Fabric's field names, hashes in hex, identities described. */
import { headerBytes, headerHash } from "../channel/rules/header-hash.ts";
import {
  channelHeaderOf,
  commitHashOf,
  lastConfigOf,
  parseBlock,
  validationCodesOf,
} from "../channel/rules/read-block.ts";
import type { Block } from "../channel/types/block.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { createCrypto } from "../msp/crypto.ts";
import {
  type ChannelHeader,
  COMMON_ENVELOPE,
  COMMON_PAYLOAD,
  HEADER_TYPE,
  IDENTIFIER_HEADER,
  METADATA,
  METADATA_INDEX,
  type MetadataSignature,
  SIGNATURE_HEADER,
} from "../wire/block-messages.ts";
import { equalBytes } from "../wire/bytes.ts";
import { decode } from "../wire/decode.ts";
import { CHAINCODE_HEADER_EXTENSION, VALIDATION_CODES } from "../wire/transaction-messages.ts";
import { describeConfig, describeConfigUpdate } from "./describe-config.ts";
import { describeCarried, readIdentity } from "./describe-identity.ts";

const HASH_BYTES = 32;
/** Transactions that are shown; a block may hold fifty times as many. */
const TRANSACTIONS_SHOWN_MAX = 1_000;
const TYPE_NAMES = new Map<number, string>([
  [HEADER_TYPE.message, "MESSAGE"],
  [HEADER_TYPE.config, "CONFIG"],
  [HEADER_TYPE.configUpdate, "CONFIG_UPDATE"],
  [HEADER_TYPE.endorserTransaction, "ENDORSER_TRANSACTION"],
  [HEADER_TYPE.ordererTransaction, "ORDERER_TRANSACTION"],
]);
const host = createChannelHost();

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Undefined: the bytes are no block. Whether the block is to be believed is not asked. */
export function describeBlock(bytes: Uint8Array): unknown {
  const parsed = parseBlock(bytes);
  if (!parsed.ok || parsed.value.header.dataHash.length !== HASH_BYTES) return undefined;
  const block = parsed.value;
  const { header, transactions } = block;
  const [first] = transactions;
  if (first === undefined || channelHeaderOf(first) === undefined) return undefined;
  const codes = validationCodesOf(block);
  const commitHash = commitHashOf(block);
  const omitted = transactions.length - TRANSACTIONS_SHOWN_MAX;
  return {
    block: {
      number: header.number.toString(),
      channel: channelHeaderOf(first)?.channelId,
      hash: hex(headerHash(host, header)),
      previous_hash: hex(header.previousHash),
      data_hash: hex(header.dataHash),
      data_hash_matches: equalBytes(host.sha256(transactions), header.dataHash),
      last_config: lastConfigOf(block)?.toString() ?? null,
      bytes: bytes.length,
    },
    signatures: describeSignatures(block),
    transactions: transactions.slice(0, TRANSACTIONS_SHOWN_MAX).map((transaction, i) => ({
      ...describeEnvelope(transaction),
      ...codeOf(codes?.[i]),
    })),
    ...(omitted > 0 ? { transactions_omitted: omitted } : {}),
    // Whoever serves the block writes these: nobody signs them.
    unsigned: {
      validation_codes: codes === undefined ? null : "see validation_code of each transaction",
      commit_hash: commitHash === undefined ? null : hex(commitHash),
    },
  };
}

function codeOf(code: number | undefined): object {
  return code === undefined ? {} : { validation_code: VALIDATION_CODES.get(code) ?? code };
}

/** Undefined: the bytes are no transaction envelope of a channel. */
export function describeTransaction(bytes: Uint8Array): unknown {
  const header = channelHeaderOf(bytes);
  const isKnown = header !== undefined && header.channelId !== "" && TYPE_NAMES.has(header.type);
  return isKnown ? { transaction: describeEnvelope(bytes) } : undefined;
}

function describeEnvelope(bytes: Uint8Array): object {
  const envelope = decode(COMMON_ENVELOPE, bytes);
  const payload = envelope.ok ? decode(COMMON_PAYLOAD, envelope.value.payload) : envelope;
  const header = channelHeaderOf(bytes);
  if (!envelope.ok || !payload.ok || header === undefined)
    return { malformed: true, bytes: bytes.length };
  const author = decode(
    SIGNATURE_HEADER,
    payload.value.header?.signatureHeader ?? new Uint8Array(),
  );
  const creator = author.ok ? author.value.creator : new Uint8Array();
  const { payload: signed, signature } = envelope.value;
  return {
    type: TYPE_NAMES.get(header.type) ?? header.type,
    ...(header.channelId === "" ? {} : { channel_id: header.channelId }),
    ...(header.txId === "" ? {} : { tx_id: header.txId }),
    ...timeOf(header),
    ...chaincodeOf(header),
    creator: describeCarried(creator) ?? null,
    signature: describeSignature(creator, signed, signature),
    bytes: bytes.length,
    ...contentOf(header, payload.value.data),
  };
}

function timeOf({ timestamp }: ChannelHeader): object {
  if (timestamp === undefined) return {};
  const ms = Number(timestamp.seconds) * 1_000 + Math.floor(timestamp.nanos / 1_000_000);
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? {} : { timestamp: date.toISOString() };
}

function chaincodeOf({ type, extension }: ChannelHeader): object {
  if (type !== HEADER_TYPE.endorserTransaction) return {};
  const decoded = decode(CHAINCODE_HEADER_EXTENSION, extension);
  const name = decoded.ok ? decoded.value.chaincodeId?.name : undefined;
  return name === undefined ? {} : { chaincode: name };
}

function contentOf({ type }: ChannelHeader, data: Uint8Array): object {
  if (type === HEADER_TYPE.config) return { config: describeConfig(data) ?? null };
  if (type === HEADER_TYPE.configUpdate)
    return { config_update: describeConfigUpdate(data) ?? null };
  return {};
}

/** Checked against the certificate that comes along, which nobody has judged. */
function describeSignature(
  creator: Uint8Array,
  payload: Uint8Array,
  signature: Uint8Array,
): unknown {
  if (signature.length === 0) return null;
  const identity = readIdentity(creator)?.identity;
  const verified = identity ? createCrypto([]).verify(identity, payload, signature) : null;
  return { hex: hex(signature), verified };
}

function describeSignatures({ header, metadata }: Block): unknown {
  const element = metadata[METADATA_INDEX.signatures];
  const decoded = element && decode(METADATA, element);
  if (!decoded?.ok) return null;
  const { value, signatures } = decoded.value;
  const signedHeader = headerBytes(header);
  return signatures.map((one) => describeBlockSignature(one, value, signedHeader));
}

function describeBlockSignature(
  { signatureHeader, identifierHeader, signature }: MetadataSignature,
  value: Uint8Array,
  header: Uint8Array,
): unknown {
  const author = decode(SIGNATURE_HEADER, signatureHeader);
  if (signatureHeader.length === 0 || !author.ok) {
    const identifier = decode(IDENTIFIER_HEADER, identifierHeader);
    return {
      orderer: identifier.ok ? identifier.value.identifier : null,
      signature: { hex: hex(signature), verified: null },
      note: "its certificate is in the channel's configuration",
    };
  }
  const { creator } = author.value;
  const payload = Buffer.concat([value, signatureHeader, header]);
  return {
    creator: describeCarried(creator) ?? null,
    signature: describeSignature(creator, payload, signature),
  };
}
