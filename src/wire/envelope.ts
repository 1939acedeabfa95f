/**
 * The container of every message on a stream: the signed bytes, their signature, and at times a
 * secret beside them (spec A 2.1 and 4). What was signed is never encoded again: signatures are
 * checked over, and relays pass on, the bytes that were received.
 */
import { EMPTY_BYTES } from "./bytes.ts";
import { decode, type WireFault } from "./decode.ts";
import { encode, encodeInField } from "./encode.ts";
import {
  type Content,
  ENVELOPE,
  GOSSIP_MESSAGE,
  type GossipMessage,
  type GossipMessageInit,
  PULL_TYPE,
  SECRET,
  type SecretEnvelope,
  TAG,
} from "./messages.ts";
import { readPlainEnvelope } from "./plain-envelope.ts";
import type { Verdict } from "./verdict.ts";

/** Field 1 and field 2, length-delimited, of an envelope and of a secret alike. */
const PAYLOAD_FIELD = 1;
const PAYLOAD_TAG = 0x0a;
const SIGNATURE_TAG = 0x12;

export type Envelope = {
  /**
   * The envelope as it is kept, compared and passed on: payload, signature and secret with the bytes
   * received, and nothing besides. Nobody signs what else a relay may have put around them.
   */
  readonly bytes: Uint8Array;
  /** An encoded GossipMessage; exactly what the signature covers. May be empty: Fabric drops those. */
  readonly payload: Uint8Array;
  /** Empty = unsigned. */
  readonly signature: Uint8Array;
  /** The internal endpoint, for members of the sender's organisation; not covered by `signature`. */
  readonly secret: SecretEnvelope | undefined;
};

/**
 * Reads an envelope. Its parts are views of its `bytes`, which are those given unless they hold more
 * than the three parts, or hold them in another order: unknown fields, a part twice, one in the wrong
 * wire type, which Go takes for an empty secret. See `ownedEnvelope`.
 */
export function parseEnvelope(bytes: Uint8Array): Verdict<Envelope, WireFault> {
  const plain = readPlainEnvelope(bytes);
  if (plain !== undefined) return { ok: true, value: plain };
  const verdict = decode(ENVELOPE, bytes);
  if (!verdict.ok) return verdict;
  const { payload, signature, secretEnvelope } = verdict.value;
  const envelope = { bytes, payload, signature, secret: secretEnvelope };
  if (bytes.length === encodedLength(envelope) && isInOrder(envelope)) {
    return { ok: true, value: envelope };
  }
  return parseEnvelope(encode(ENVELOPE, verdict.value));
}

/** How many bytes the three parts take when nothing else is there. */
function encodedLength({ payload, signature, secret }: Omit<Envelope, "bytes">): number {
  const own = fieldLength(payload.length) + fieldLength(signature.length);
  if (secret === undefined) return own;
  const inner = fieldLength(secret.payload.length) + fieldLength(secret.signature.length);
  return own + 1 + lengthBytes(inner) + inner;
}

/** Whether the parts of an envelope of {@link encodedLength} stand as Fabric writes them. */
function isInOrder({ bytes, payload, signature, secret }: Envelope): boolean {
  const signatureAt = fieldLength(payload.length);
  const secretAt = signatureAt + fieldLength(signature.length);
  if (payload.length > 0 && bytes[0] !== PAYLOAD_TAG) return false;
  if (signature.length > 0 && bytes[signatureAt] !== SIGNATURE_TAG) return false;
  if (secret === undefined || secret.payload.length === 0) return true;
  const inner = fieldLength(secret.payload.length) + fieldLength(secret.signature.length);
  return bytes[secretAt + 1 + lengthBytes(inner)] === PAYLOAD_TAG;
}

/** Of a field of bytes; an empty one is not encoded. */
export function fieldLength(length: number): number {
  return length === 0 ? 0 : 1 + lengthBytes(length) + length;
}

/** Bytes that the length of a field takes. */
export function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length >>> 7; rest > 0; rest >>>= 7) bytes += 1;
  return bytes;
}

/** Reads the payload of an envelope. An empty payload is a message without content and tag 0. */
export function parseMessage(payload: Uint8Array): Verdict<GossipMessage, WireFault> {
  return decode(GOSSIP_MESSAGE, payload);
}

/** Encodes a message as the payload of an envelope: sign these bytes, and send these very bytes. */
export function encodeMessage(message: GossipMessageInit): Uint8Array {
  return encode(GOSSIP_MESSAGE, message);
}

/** Puts signed bytes into an envelope. */
export function encodeEnvelope(parts: {
  readonly payload: Uint8Array;
  /** Default: none, for the messages Fabric sends unsigned. */
  readonly signature?: Uint8Array | undefined;
  /** Default: none. */
  readonly secret?: SecretEnvelope | undefined;
}): Envelope {
  const { payload, signature = EMPTY_BYTES, secret } = parts;
  const bytes = encode(ENVELOPE, { payload, signature, secretEnvelope: secret });
  return { bytes, payload, signature, secret };
}

/** Encodes a message in an envelope without signature, ready to send (Fabric: `NoopSign`). */
export function encodeUnsigned(message: GossipMessageInit): Uint8Array {
  return encodeInField(GOSSIP_MESSAGE, message, PAYLOAD_FIELD);
}

/** The same envelope for another organisation: payload and signature untouched, no secret. */
export function withoutSecret(envelope: Envelope): Envelope {
  if (envelope.secret === undefined) return envelope;
  return encodeEnvelope({ payload: envelope.payload, signature: envelope.signature });
}

/** The internal endpoint in a secret; undefined if there is none or it cannot be read. */
export function internalEndpointOf(secret: SecretEnvelope | undefined): string | undefined {
  if (secret === undefined) return undefined;
  const verdict = decode(SECRET, secret.payload);
  return verdict.ok && verdict.value.internalEndpoint !== ""
    ? verdict.value.internalEndpoint
    : undefined;
}

export type ContentType = Content["type"];

const LENGTH_DELIMITED = 2;
/** A message has three fields besides its content; who sends more of them first is not understood. */
const FIELDS_MAX = 4;
const VARINT_BYTES_MAX = 10;
const BEFORE_CONTENT: ReadonlySet<number> = new Set([1 << 3, (2 << 3) | LENGTH_DELIMITED, 3 << 3]);

const TYPES: readonly (ContentType | undefined)[] = GOSSIP_MESSAGE.byNumber.map((slot) =>
  isContentType(slot?.type) ? slot.type : undefined,
);

function isContentType(type: string | undefined): type is ContentType {
  return type !== undefined && Object.hasOwn(GOSSIP_MESSAGE.fields.content.cases, type);
}

/** The type of the content; undefined if it is none that we know, or not where it should be. */
export function peekType(envelope: Uint8Array): ContentType | undefined {
  if (envelope[0] !== PAYLOAD_TAG) return undefined;
  const length = readVarint(envelope, 1);
  let at = length.end;
  const end = Math.min(envelope.length, at + length.value);
  for (let fields = 0; fields < FIELDS_MAX && at < end; fields++) {
    const tag = readVarint(envelope, at);
    const type = TYPES[tag.value >>> 3];
    const isDelimited = (tag.value & 7) === LENGTH_DELIMITED;
    if (type !== undefined) return isDelimited ? type : undefined;
    // Nonce and tag are numbers, the channel has a length; nothing else comes before the content.
    if (!BEFORE_CONTENT.has(tag.value)) return undefined;
    const next = readVarint(envelope, tag.end); // A length, or the value itself.
    at = isDelimited ? next.end + next.value : next.end;
  }
  return undefined;
}

/** Numbers up to 28 bits; of greater ones, which only a nonce may be, no more than the end. */
function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  let at = from;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[at++] ?? 0;
    if (index < 4) value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) break;
  }
  return { value, end: at };
}

/** The tag a receiver demands of each content; undefined = not for us, whatever the tag. */
const LEGAL_TAG: { readonly [T in Content["type"]]: number | "by-pull-type" | undefined } = {
  alive: TAG.empty,
  "membership-request": TAG.empty,
  "membership-response": TAG.empty,
  data: TAG.chanAndOrg,
  hello: "by-pull-type",
  digest: "by-pull-type",
  request: "by-pull-type",
  update: "by-pull-type",
  empty: undefined,
  "conn-establish": undefined,
  "state-info": TAG.chanOrOrg,
  "state-snapshot": TAG.chanOrOrg,
  "state-info-pull-request": TAG.chanOrOrg,
  "state-request": TAG.chanOrOrg,
  "state-response": TAG.chanOrOrg,
  leadership: TAG.chanAndOrg,
  "peer-identity": TAG.orgOnly,
  ack: undefined,
  "private-request": undefined,
  "private-response": undefined,
  "private-data": undefined,
};

/**
 * Whether tag and content belong together (Fabric: `IsTagLegal`). Demanded of gossip messages only:
 * handshakes, acks, private data and envelopes nested in other messages are never asked. An illegal
 * tag costs the message, not the connection.
 */
export function isTagLegal(message: GossipMessage): boolean {
  const { content, tag } = message;
  if (content === undefined) return false;
  const legal = LEGAL_TAG[content.type];
  return tag === (legal === "by-pull-type" ? legalPullTag(content) : legal);
}

function legalPullTag(content: Content): number | undefined {
  const pullType = "msgType" in content.value ? content.value.msgType : PULL_TYPE.undefined;
  if (pullType === PULL_TYPE.identity) return TAG.empty;
  return pullType === PULL_TYPE.block ? TAG.chanAndOrg : undefined;
}

/** Whether the message concerns one channel only (Fabric: `IsChannelRestricted`). */
export function isChannelRestricted(tag: number): boolean {
  return tag === TAG.chanOnly || tag === TAG.chanAndOrg || tag === TAG.chanOrOrg;
}

/** Contents that a peer sends to everybody whether they care or not; their tag is not our concern. */
export function isNotForUs({ content, tag }: GossipMessage): boolean {
  if (content === undefined) return false;
  const legal = LEGAL_TAG[content.type];
  if (legal !== "by-pull-type") return legal === undefined;
  return legalPullTag(content) === TAG.chanAndOrg && isChannelRestricted(tag);
}

/** The channel that our messages name. Its bytes are no channel name that Fabric accepts. */
export const MEMBER_CHANNEL = new TextEncoder().encode("fabric-gossip:members");

/**
 * Whether an encoded envelope looks like one of a member message, by its first bytes: cheap enough
 * to ask of every message. One of our own kind always looks so.
 */
export function looksLikeMemberMessage(envelope: Uint8Array): boolean {
  if (envelope[0] !== 0x0a) return false;
  let at = 1;
  while (at < 6 && (envelope[at] ?? 0) >= 0x80) at += 1;
  at += 1;
  if (envelope[at] !== 0x12 || envelope[at + 1] !== MEMBER_CHANNEL.length) return false;
  for (let i = 0; i < MEMBER_CHANNEL.length; i++) {
    if (envelope[at + 2 + i] !== MEMBER_CHANNEL[i]) return false;
  }
  return true;
}
