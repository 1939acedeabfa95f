/**
 * The container of every message on a stream: the signed bytes, their signature, and at times a
 * secret beside them (spec A 2.1 and 4). What was signed is never encoded again: signatures are
 * checked over, and relays pass on, the bytes that were received.
 */
import { EMPTY_BYTES, ownBytes, sameView } from "./bytes.ts";
import { decode, type WireFault } from "./decode.ts";
import { encode } from "./encode.ts";
import {
  ENVELOPE,
  GOSSIP_MESSAGE,
  type GossipMessage,
  type GossipMessageInit,
  SECRET,
  type SecretEnvelope,
} from "./messages.ts";
import { accept, type Verdict } from "./verdict.ts";

/** Field 1 and field 2, length-delimited, of an envelope and of a secret alike. */
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
 * wire type, which Go takes for an empty secret. See {@link ownedEnvelope}.
 */
export function parseEnvelope(bytes: Uint8Array): Verdict<Envelope, WireFault> {
  const verdict = decode(ENVELOPE, bytes);
  if (!verdict.ok) return verdict;
  const { payload, signature, secretEnvelope } = verdict.value;
  const envelope = { bytes, payload, signature, secret: secretEnvelope };
  if (bytes.length === encodedLength(envelope) && isInOrder(envelope)) return accept(envelope);
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
function fieldLength(length: number): number {
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
  return encode(ENVELOPE, { payload: encodeMessage(message) });
}

/** The same envelope for another organisation: payload and signature untouched, no secret. */
export function withoutSecret(envelope: Envelope): Envelope {
  if (envelope.secret === undefined) return envelope;
  return encodeEnvelope({ payload: envelope.payload, signature: envelope.signature });
}

/** One that can be kept: the original may be a view that holds a whole network buffer in memory. */
export function ownedEnvelope(envelope: Envelope): Envelope {
  const { bytes: whole, secret } = envelope;
  const bytes = ownBytes(whole);
  if (bytes === whole) return envelope;
  return {
    bytes,
    payload: sameView(envelope.payload, whole, bytes),
    signature: sameView(envelope.signature, whole, bytes),
    secret: secret && {
      payload: sameView(secret.payload, whole, bytes),
      signature: sameView(secret.signature, whole, bytes),
    },
  };
}

/** The internal endpoint in a secret; undefined if there is none or it cannot be read. */
export function internalEndpointOf(secret: SecretEnvelope | undefined): string | undefined {
  if (secret === undefined) return undefined;
  const verdict = decode(SECRET, secret.payload);
  return verdict.ok && verdict.value.internalEndpoint !== ""
    ? verdict.value.internalEndpoint
    : undefined;
}
