/**
 * The texts of hashes. The same few come again and again, as names of authors, and to find one is faster than to
 * make it; and a text that is the very same as before is found faster in tables, by all members of a thread.
 */
import { toHex } from "./bytes.ts";

export const HASH_BYTES = 32;
/** So many are kept, each in the place that its first bytes give it: a power of two. */
const PLACES = 2_048;
/** Bytes and texts of those that are kept. Before the first one comes, the place is all zeros. */
const hashes = new Uint8Array(PLACES * HASH_BYTES);
const texts: string[] = new Array(PLACES).fill("0".repeat(2 * HASH_BYTES));

/** Lower-case hexadecimal text of 32 bytes. */
export function textOfHash(bytes: Uint8Array): string {
  const place = (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) & (PLACES - 1);
  const from = place * HASH_BYTES;
  let same = 0;
  while (same < HASH_BYTES && hashes[from + same] === bytes[same]) same += 1;
  if (same === HASH_BYTES) return texts[place] ?? toHex(bytes);
  const text = toHex(bytes);
  hashes.set(bytes, from);
  texts[place] = text;
  return text;
}
