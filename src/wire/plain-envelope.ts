/**
 * Envelopes as Fabric writes them, read in place: nearly all are, and each heartbeat is one. The decoder knows
 * all the others, and says of these the same.
 */
import type { SecretEnvelope } from "./messages.ts";

const PAYLOAD_TAG = 0x0a;
const SIGNATURE_TAG = 0x12;
const SECRET_TAG = 0x1a;

/** Where the reader stands. */
let at = 0;

/**
 * Payload, signature and perhaps a secret, none of them empty, each once, in this order, in at most 16 KiB, and
 * nothing besides. Undefined: it is written otherwise, or has a fault.
 */
export function readPlainEnvelope(bytes: Uint8Array):
  | {
      readonly bytes: Uint8Array;
      readonly payload: Uint8Array;
      readonly signature: Uint8Array;
      readonly secret: SecretEnvelope | undefined;
    }
  | undefined {
  at = 0;
  const payload = takeField(bytes, PAYLOAD_TAG);
  const signature = payload && takeField(bytes, SIGNATURE_TAG);
  if (payload === undefined || signature === undefined) return undefined;
  if (at === bytes.length) return { bytes, payload, signature, secret: undefined };
  if (takeHeader(bytes, SECRET_TAG) !== bytes.length - at) return undefined;
  const inner = takeField(bytes, PAYLOAD_TAG);
  const seal = inner && takeField(bytes, SIGNATURE_TAG);
  if (inner === undefined || seal === undefined || at !== bytes.length) return undefined;
  return { bytes, payload, signature, secret: { payload: inner, signature: seal } };
}

function takeField(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  const length = takeHeader(bytes, tag);
  const start = at;
  if (length === 0 || length > bytes.length - start) return undefined;
  at = start + length;
  return bytes.subarray(start, at);
}

/** The length after this tag, in one byte or in two; 0: there is none such. */
function takeHeader(bytes: Uint8Array, tag: number): number {
  if (bytes[at] !== tag) return 0;
  const low = bytes[at + 1] ?? 0;
  at += 2;
  if (low < 0x80) return low;
  const high = bytes[at] ?? 0;
  at += 1;
  return high < 0x80 && high > 0 ? (high << 7) | (low & 0x7f) : 0;
}
