/**
 * While a thousand members start together, some twenty thousand messages are signed before everybody has the
 * first ones of all.
 */
const MAX = 2 ** 16;
const MIN = 2 ** 11;
const PER_MEMBER = 128;

/**
 * How many signed messages are remembered by the number in their signature, in a world of this many members; a
 * power of two. Whatever is kept for longer than it is asked for lives through collections for nothing.
 */
export function rememberedIn(members = Number.POSITIVE_INFINITY): number {
  const wanted = 2 ** Math.ceil(Math.log2(members * PER_MEMBER));
  return Math.max(MIN, Math.min(wanted, MAX));
}
