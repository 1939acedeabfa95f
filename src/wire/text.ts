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

function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const codes: number[] = [];
  for (let i = start; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (code >= 0x80) return undefined;
    codes.push(code);
  }
  return String.fromCharCode.apply(null, codes);
}
