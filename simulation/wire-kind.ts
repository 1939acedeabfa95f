/** Classifies an envelope by its first bytes, without decoding it. */
import { NUMBER_AT, numberAt, SIGNATURE_BYTES } from "./authority.ts";

/** Traffic categories: content names, plus handshakes. */
export const KINDS = [
  "alive",
  "membership-request",
  "membership-response",
  "hello",
  "digest",
  "request",
  "update",
  "state-info",
  "handshake",
  "other",
] as const;

export type Kind = (typeof KINDS)[number];

/** Field numbers of the contents of a GossipMessage, from 5 on. */
const KIND_OF_FIELD: readonly Kind[] = [
  "alive",
  "membership-request",
  "membership-response",
  "other",
  "hello",
  "digest",
  "request",
  "update",
  "other",
  "handshake",
  "state-info",
];
const FIRST_FIELD = 5;
const PAYLOAD_TAG = 0x0a;
const SIGNATURE_TAG = 0x12;
const CHANNEL_FIELD = 2;

export interface Glance {
  kind: Kind;
  /** The number in its signature; -1 if the signature is not from this world. */
  number: number;
}

const glanced: Glance = { kind: "other", number: -1 };
/** Whoever counts, checks or reads a message looks at the same bytes, one after the other. */
let last: Uint8Array | undefined;
let at = 0;

/** Classifies an envelope. The next call overwrites the result. */
export function glance(bytes: Uint8Array): Glance {
  if (bytes === last) return glanced;
  last = bytes;
  at = 0;
  glanced.kind = "other";
  glanced.number = -1;
  if (bytes[at++] !== PAYLOAD_TAG) return glanced;
  const length = varint(bytes);
  const end = at + length;
  glanced.kind = kindOf(bytes, end);
  if (bytes[end] === SIGNATURE_TAG && bytes[end + 1] === SIGNATURE_BYTES) {
    glanced.number = numberAt(bytes, end + 2 + NUMBER_AT);
  }
  return glanced;
}

function kindOf(bytes: Uint8Array, end: number): Kind {
  while (at < end) {
    const tag = varint(bytes);
    const field = tag >>> 3;
    if ((tag & 7) === 0) varint(bytes);
    else if (field === CHANNEL_FIELD) {
      const length = varint(bytes);
      at += length;
    } else return KIND_OF_FIELD[field - FIRST_FIELD] ?? "other";
  }
  return "other";
}

function varint(bytes: Uint8Array): number {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = bytes[at++] ?? 0;
    if (shift < 28) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}
