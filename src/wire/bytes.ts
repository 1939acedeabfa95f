export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

const HEX_CODES = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
/** Character codes handed to one call: an engine has a limit for arguments. */
const CODES_MAX = 4_096;
const HASH_BYTES = 32;
const HASH_CODES = new Array<number>(2 * HASH_BYTES).fill(0);

/**
 * Lower-case hexadecimal text of the bytes. Made in one piece: text that grew piece by piece would
 * take seven times the memory as the key of a map.
 */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length === HASH_BYTES) return String.fromCharCode.apply(null, hashCodes(bytes));
  const codes: number[] = [];
  let text = "";
  for (const byte of bytes) {
    codes.push(HEX_CODES[byte >> 4] ?? 0, HEX_CODES[byte & 15] ?? 0);
    if (codes.length === CODES_MAX) text += String.fromCharCode.apply(null, codes.splice(0));
  }
  return text + String.fromCharCode.apply(null, codes);
}

/** Those of a hash, most of what is written so, in one array for all. */
function hashCodes(bytes: Uint8Array): number[] {
  for (let i = 0; i < HASH_BYTES; i++) {
    const byte = bytes[i] ?? 0;
    HASH_CODES[2 * i] = HEX_CODES[byte >> 4] ?? 0;
    HASH_CODES[2 * i + 1] = HEX_CODES[byte & 15] ?? 0;
  }
  return HASH_CODES;
}

/** The bytes written as hexadecimal text. The text must be valid; callers check user input first. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = digitAt(text, 2 * i) * 16 + digitAt(text, 2 * i + 1);
  }
  return bytes;
}

/** The value of a hexadecimal digit, in capitals or not. */
export function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
}

/**
 * A copy that shares no memory with the original. `slice()` is no substitute: on Node's Buffer it
 * makes a view, and a view kept for long pins the whole network buffer it lies in.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** The bytes in memory of their own: a copy, unless they are all that is in theirs. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : copyBytes(bytes);
}

/** The part of `copy` that is where `view` is in `whole`; a copy of `view` if it lies elsewhere. */
export function sameView(view: Uint8Array, whole: Uint8Array, copy: Uint8Array): Uint8Array {
  if (view.length === 0) return EMPTY_BYTES;
  if (view.buffer !== whole.buffer) return ownBytes(view);
  const start = view.byteOffset - whole.byteOffset;
  return copy.subarray(start, start + view.length);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The first 32 bits of a hash in hexadecimal. */
export function firstWord(hash: string): number {
  let bits = 0;
  for (let i = 0; i < Math.min(8, hash.length); i++) bits = bits * 16 + digitAt(hash, i);
  return bits;
}

const SAMPLED = 4;

/**
 * A hash of bytes for tables whose hits are compared afterwards: FNV-1a over every fourth byte, a dozen
 * of them of a signature. Whoever finds another message of the same hash gains nothing.
 */
export function sampledHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += SAMPLED) {
    hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  }
  return hash;
}

/** Spreads 32 bits over 32 bits, in another way for each salt (the finalizer of MurmurHash3). */
export function mix(word: number, salt = 0): number {
  let hash = (word ^ Math.imul(salt, 0x9e3779b1)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 text of the bytes, padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += BASE64.charAt(group >> 18) + BASE64.charAt((group >> 12) & 63);
    text += left > 1 ? BASE64.charAt((group >> 6) & 63) : "=";
    text += left > 2 ? BASE64.charAt(group & 63) : "=";
  }
  return text;
}
