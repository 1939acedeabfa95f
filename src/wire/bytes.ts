export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

const HEX_DIGITS = "0123456789abcdef";
/** Character codes handed to one call: an engine has a limit for arguments. */
const CODES_MAX = 4_096;

/**
 * Lower-case hexadecimal text of the bytes. Made in one piece: text that grew piece by piece would
 * take seven times the memory as the key of a map.
 */
export function toHex(bytes: Uint8Array): string {
  const codes: number[] = [];
  let text = "";
  for (const byte of bytes) {
    codes.push(HEX_DIGITS.charCodeAt(byte >> 4), HEX_DIGITS.charCodeAt(byte & 15));
    if (codes.length === CODES_MAX) text += String.fromCharCode(...codes.splice(0));
  }
  return text + String.fromCharCode(...codes);
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
function digitAt(text: string, index: number): number {
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
