/**
 * Heartbeats as Fabric writes them, read in place: nearly all messages are such. The decoder knows all the others,
 * and says of these the same.
 */
import { EMPTY_BYTES } from "./bytes.ts";
import type { GossipMessage } from "./messages.ts";
import { asciiText } from "./text.ts";

const TAG_TAG = 0x18;
const ALIVE_TAG = 0x2a;
const MEMBERSHIP_TAG = 0x0a;
const ENDPOINT_TAG = 0x0a;
const METADATA_TAG = 0x12;
const PKI_ID_TAG = 0x1a;
const TIMESTAMP_TAG = 0x12;
const INC_NUM_TAG = 0x08;
const SEQ_NUM_TAG = 0x10;

/** Where the reader stands. Beyond all bytes once it has met something that it leaves to the decoder. */
let at = 0;
const NOWHERE = 2 ** 30;
/** In place of a byte: there is none. */
const NO_BYTE = 256;

/**
 * A payload that is a tag and an alive message without certificate: each field once, not empty, in the order of
 * their numbers; endpoint and metadata may be missing. Undefined: it is something else, or written otherwise.
 */
export function readPlainAlive(
  bytes: Uint8Array,
  start: number,
  end: number,
): GossipMessage | undefined {
  at = start;
  const tag = takeTag(bytes);
  if (takeLength(bytes, ALIVE_TAG) !== end - at) return undefined;
  const membershipEnd = takeLength(bytes, MEMBERSHIP_TAG) + at;
  const endpoint = bytes[at] === ENDPOINT_TAG ? takeText(bytes) : "";
  const metadata = bytes[at] === METADATA_TAG ? takeBytes(bytes, METADATA_TAG) : EMPTY_BYTES;
  const pkiId = takeBytes(bytes, PKI_ID_TAG);
  if (at !== membershipEnd || takeLength(bytes, TIMESTAMP_TAG) !== end - at) return undefined;
  const incNum = takeNumber(bytes, INC_NUM_TAG);
  const seqNum = takeNumber(bytes, SEQ_NUM_TAG);
  if (at !== end) return undefined;
  const membership = { endpoint, metadata, pkiId };
  const value = { membership, timestamp: { incNum, seqNum }, identity: EMPTY_BYTES };
  return { nonce: 0n, channel: EMPTY_BYTES, tag, content: { type: "alive", value } };
}

/** The internal endpoint that a secret holds, if it is ASCII and nothing else is there. Undefined: as above. */
export function readPlainSecret(bytes: Uint8Array, start: number, end: number): string | undefined {
  at = start;
  const endpoint = bytes[at] === ENDPOINT_TAG ? takeText(bytes) : "";
  return at === end && endpoint !== "" ? endpoint : undefined;
}

/** The tag of a gossip message, in one byte. */
function takeTag(bytes: Uint8Array): number {
  const tag = bytes[at] === TAG_TAG ? (bytes[at + 1] ?? 0) : 0;
  at = tag > 0 && tag < 0x80 ? at + 2 : NOWHERE;
  return tag;
}

/** The length after this tag, in one byte or in two, and not zero. */
function takeLength(bytes: Uint8Array, tag: number): number {
  const low = bytes[at] === tag ? (bytes[at + 1] ?? 0) : 0;
  at = low > 0 ? at + 2 : NOWHERE;
  if (low < 0x80) return low;
  const high = bytes[at] ?? 0;
  at = high > 0 && high < 0x80 ? at + 1 : NOWHERE;
  return (high << 7) | (low & 0x7f);
}

function takeBytes(bytes: Uint8Array, tag: number): Uint8Array {
  const length = takeLength(bytes, tag);
  const start = at;
  at += length;
  return at > bytes.length ? EMPTY_BYTES : bytes.subarray(start, at);
}

/** ASCII of at most 127 bytes. */
function takeText(bytes: Uint8Array): string {
  const length = takeLength(bytes, ENDPOINT_TAG);
  const start = at;
  const isShort = length < 0x80 && start + length <= bytes.length;
  const text = isShort ? asciiText(bytes, start, start + length) : undefined;
  at = text === undefined ? NOWHERE : start + length;
  return text ?? "";
}

/** A number in at most nine bytes, which have 63 bits. */
function takeNumber(bytes: Uint8Array, tag: number): bigint {
  let low = 0;
  let high = 0;
  at = bytes[at] === tag ? at + 1 : NOWHERE;
  for (let shift = 0; shift < 63; shift += 7) {
    const byte = bytes[at++] ?? NO_BYTE;
    if (byte === NO_BYTE) break;
    const bits = byte & 0x7f;
    if (shift < 32) low |= bits << shift;
    if (shift > 21) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32);
    if (byte < 0x80) return join(low >>> 0, high >>> 0);
  }
  at = NOWHERE;
  return 0n;
}

/** A number of 64 bits, of its halves. */
function join(low: number, high: number): bigint {
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}
