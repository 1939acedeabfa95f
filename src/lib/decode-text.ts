/**
 * The text of a YAML file. As Fabric, we take UTF-16 by its byte order mark: editors of Windows write
 * it. Throws on what is not text in its encoding if `strict`, else puts a replacement character there.
 */
export function decodeText(bytes: Uint8Array, { strict }: { readonly strict: boolean }): string {
  return new TextDecoder(encodingOf(bytes), { fatal: strict }).decode(bytes);
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}
