/**
 * The text of a YAML file. As Fabric, we take UTF-16 by its byte order mark: editors of Windows write
 * it. Throws an {@link EncodingError} on what is not text in its encoding if `strict`, else puts a
 * replacement character there.
 */
export function decodeText(bytes: Uint8Array, { strict }: { readonly strict: boolean }): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: strict }).decode(bytes);
  } catch {
    const [good = ""] = new TextDecoder(encoding).decode(bytes).split("\ufffd", 1);
    throw new EncodingError(`line ${good.split("\n").length} is not ${encoding.toUpperCase()}`);
  }
}

/** The message says which line is not in the encoding of the text, in words for brackets. */
export class EncodingError extends Error {
  override readonly name = "EncodingError";
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}
