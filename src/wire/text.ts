const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Up to here, to call the decoder takes longer than to read ASCII in place: endpoints, names of MSPs. */
const SHORT_BYTES_MAX = 24;

/** The text in these bytes; undefined: they are no UTF-8. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= SHORT_BYTES_MAX) {
    const text = asciiText(bytes, start, end);
    if (text !== undefined) return text;
  }
  try {
    return UTF8.decode(bytes.subarray(start, end));
  } catch {
    return undefined; // Throwing is the only way the platform tells us.
  }
}

/**
 * The texts read lately, each in the place that its end gives it: endpoints and names come again and again. To find
 * one is faster than to make it, and what is the very same as before is compared at once.
 */
const PLACES = 1_024;
const texts: string[] = new Array(PLACES).fill("");

/** The text in these bytes, at most 127, if they are ASCII. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const place = placeOf(bytes, end, end - start);
  const known = texts[place] ?? "";
  if (known !== "" && isText(bytes, start, end, known)) return known;
  const codes: number[] = [];
  for (let i = start; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (code >= 0x80) return undefined;
    codes.push(code);
  }
  const text = String.fromCharCode.apply(null, codes);
  texts[place] = text;
  return text;
}

/** Ports and numbers differ at the end. */
function placeOf(bytes: Uint8Array, end: number, length: number): number {
  const [a, b, c] = [bytes[end - 1] ?? 0, bytes[end - 2] ?? 0, bytes[end - 3] ?? 0];
  return (a ^ (b << 3) ^ (c << 6) ^ length) & (PLACES - 1);
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
