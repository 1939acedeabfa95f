/** Parses blocks: parts, transactions and metadata. */
import {
  BLOCK_DATA,
  BLOCK_PARTS,
  CHANNEL_HEADER,
  type ChannelHeader,
  COMMON_ENVELOPE,
  COMMON_PAYLOAD,
  HEADER_TYPE,
  LAST_CONFIG,
  METADATA,
  METADATA_INDEX,
  ORDERER_BLOCK_METADATA,
} from "../../wire/block-messages.ts";
import { decode, decodeInTurns } from "../../wire/decode.ts";
import { lengthBytes } from "../../wire/envelope.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { Block } from "../types/block.ts";
import { atOnce, type InTurns } from "./in-turns.ts";

/** Reads a block; the parts are views of the bytes. Nothing is verified. */
export function parseBlock(bytes: Uint8Array): Verdict<Block, "block-malformed"> {
  return atOnce(parseBlockInTurns(bytes));
}

/** Parses in turns, since a block may hold tens of thousands of transactions. */
export function* parseBlockInTurns(bytes: Uint8Array): InTurns<Verdict<Block, "block-malformed">> {
  const parts = decode(BLOCK_PARTS, bytes);
  if (!parts.ok) return { ok: false, code: "block-malformed", reason: parts.code };
  const { header, metadata } = parts.value;
  const data = yield* decodeInTurns(BLOCK_DATA, parts.value.data);
  if (!data.ok) return { ok: false, code: "block-malformed", reason: data.code };
  if (header === undefined) return reject("block-malformed");
  return accept({
    bytes,
    header,
    transactions: data.value.data,
    metadata: metadata?.metadata ?? [],
  });
}

/** The number of a block, read without its transactions; undefined if it is no block. */
export function numberOf(bytes: Uint8Array): bigint | undefined {
  const parts = decode(BLOCK_PARTS, bytes);
  return parts.ok ? parts.value.header?.number : undefined;
}

/** The channel header of a transaction; undefined if it has none that can be read. */
export function channelHeaderOf(transaction: Uint8Array): ChannelHeader | undefined {
  const envelope = decode(COMMON_ENVELOPE, transaction);
  const payload = envelope.ok ? decode(COMMON_PAYLOAD, envelope.value.payload) : envelope;
  if (!payload.ok || payload.value.header === undefined) return undefined;
  const header = decode(CHANNEL_HEADER, payload.value.header.channelHeader);
  return header.ok ? header.value : undefined;
}

/** Whether the block holds a configuration of its channel. */
export function isConfigBlock({ transactions: [first, ...others] }: Block): boolean {
  if (first === undefined || others.length > 0) return false;
  return channelHeaderOf(first)?.type === HEADER_TYPE.config;
}

/**
 * Whether every transaction is encoded as Fabric's encoder would and has payload and signature. A
 * single configuration is exempt; before capability V3_0 a single message of the orderers as well.
 */
export function* areWellFormed({ transactions }: Block, isBft: boolean): InTurns<boolean> {
  const [first, ...others] = transactions;
  if (first === undefined) return false;
  const type = others.length === 0 ? channelHeaderOf(first)?.type : undefined;
  if (type === HEADER_TYPE.config) return true;
  if (type === HEADER_TYPE.ordererTransaction && !isBft) return true;
  for (const [i, transaction] of transactions.entries()) {
    if (!isWellFormed(transaction)) return false;
    if (i % CHECKED_AT_ONCE === CHECKED_AT_ONCE - 1) yield undefined;
  }
  return true;
}

/** Maximum transactions checked in one turn. */
const CHECKED_AT_ONCE = 100;

/** Field 1 and field 2 of an envelope. */
const PAYLOAD_TAG = 0x0a;
const SIGNATURE_TAG = 0x12;

/**
 * Payload and signature stand where Fabric's encoder puts them, and once: their views tell. Unknown
 * fields may stand at the end, where Go's encoder leaves them.
 */
function isWellFormed(transaction: Uint8Array): boolean {
  const envelope = decode(COMMON_ENVELOPE, transaction);
  if (!envelope.ok) return false;
  const { payload, signature } = envelope.value;
  if (payload.length === 0 || signature.length === 0) return false;
  const payloadAt = 1 + lengthBytes(payload.length);
  const signatureTagAt = payloadAt + payload.length;
  const signatureAt = signatureTagAt + 1 + lengthBytes(signature.length);
  return (
    transaction[0] === PAYLOAD_TAG &&
    payload.byteOffset - transaction.byteOffset === payloadAt &&
    transaction[signatureTagAt] === SIGNATURE_TAG &&
    signature.byteOffset - transaction.byteOffset === signatureAt &&
    hasNeither(transaction.subarray(signatureAt + signature.length))
  );
}

/** The last occurrence of a field counts, even an empty one. */
function hasNeither(rest: Uint8Array): boolean {
  const envelope = decode(COMMON_ENVELOPE, rest);
  return envelope.ok && envelope.value.payload.length + envelope.value.signature.length === 0;
}

/**
 * Number of the newest configuration block up to this one; undefined if the block does not say. Its
 * orderers sign it, except in blocks of Fabric before 1.4.1.
 */
export function lastConfigOf({ metadata }: Block): bigint | undefined {
  const signatures = decodeMetadata(metadata[METADATA_INDEX.signatures]);
  if (signatures === undefined) return undefined;
  if (signatures.length > 0) {
    const value = decode(ORDERER_BLOCK_METADATA, signatures);
    return value.ok ? value.value.lastConfig?.index : undefined;
  }
  const own = decodeMetadata(metadata[METADATA_INDEX.lastConfig]);
  const value = own && decode(LAST_CONFIG, own);
  return value?.ok ? value.value.index : undefined;
}

function decodeMetadata(element: Uint8Array | undefined): Uint8Array | undefined {
  const decoded = element && decode(METADATA, element);
  return decoded?.ok ? decoded.value.value : undefined;
}

/** One byte for each transaction, as the serving peer wrote them: nobody signs them. */
export function validationCodesOf({ metadata }: Block): Uint8Array | undefined {
  const codes = metadata[METADATA_INDEX.transactionsFilter];
  return codes === undefined || codes.length === 0 ? undefined : codes;
}

/** The commit hash, as the serving peer wrote it: nobody signs it. */
export function commitHashOf({ metadata }: Block): Uint8Array | undefined {
  const hash = decodeMetadata(metadata[METADATA_INDEX.commitHash]);
  return hash === undefined || hash.length === 0 ? undefined : hash;
}
