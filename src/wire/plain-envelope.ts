/**
 * Envelopes as Fabric writes them, read in place: nearly all are, and each heartbeat is one. The decoder knows
 * all the others, and says of these the same.
 */
import { PlacedEnvelope, type Places } from "./placed-envelope.ts";

const PAYLOAD_TAG = 0x0a;
const SIGNATURE_TAG = 0x12;
const SECRET_TAG = 0x1a;

/** Where the reader stands, and where the part begins that it has just read. */
let at = 0;
let start = 0;
/** What it has found. */
const found: { -readonly [Part in keyof Places]: number } = {
  payloadAt: 0,
  payloadEnd: 0,
  signatureAt: 0,
  signatureEnd: 0,
  innerAt: 0,
  innerEnd: 0,
  sealAt: 0,
};

/**
 * Payload, signature and perhaps a secret, none of them empty, each once, in this order, in at most 16 KiB, and
 * nothing besides. Undefined: it is written otherwise, or has a fault.
 */
export function readPlainEnvelope(bytes: Uint8Array): PlacedEnvelope | undefined {
  at = 0;
  if (!takeField(bytes, PAYLOAD_TAG)) return undefined;
  found.payloadAt = start;
  found.payloadEnd = at;
  if (!takeField(bytes, SIGNATURE_TAG)) return undefined;
  found.signatureAt = start;
  found.signatureEnd = at;
  if (at === bytes.length) return new PlacedEnvelope(bytes, found);
  if (takeHeader(bytes, SECRET_TAG) !== bytes.length - at) return undefined;
  if (!takeField(bytes, PAYLOAD_TAG)) return undefined;
  found.innerAt = start;
  found.innerEnd = at;
  if (!takeField(bytes, SIGNATURE_TAG) || at !== bytes.length) return undefined;
  found.sealAt = start;
  return new PlacedEnvelope(bytes, found);
}

/** False: there is none such, or it is empty. */
function takeField(bytes: Uint8Array, tag: number): boolean {
  const length = takeHeader(bytes, tag);
  start = at;
  if (length === 0 || length > bytes.length - start) return false;
  at = start + length;
  return true;
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
