/** Seeded random numbers: equal seeds give equal sequences. */
import type { Random } from "../src/core/types/host.ts";

/** Random source with the distributions that simulations need. */
export interface SeededRandom extends Random {
  /** Uniform number in [0, 1). */
  fraction(): number;
  /** Uniform integer in [low, high]. */
  between(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** A random element of a non-empty list. */
  pick<T>(items: readonly T[]): T;
  /** An independent random source: draws from it do not affect this one. */
  fork(): SeededRandom;
}

/** SplitMix32 over a Weyl sequence of 32 bits, and a second one for the upper half. */
export function createSeededRandom(seed: number): SeededRandom {
  let low = seed >>> 0;
  let high = Math.trunc(seed / 2 ** 32) >>> 0;
  const next = (): number => {
    low = (low + 0x9e3779b9) >>> 0;
    if (low < 0x9e3779b9) high = (high + 0x85ebca6b) >>> 0;
    let mixed = low ^ Math.imul(high, 0xc2b2ae35);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const fraction = (): number => next() / 2 ** 32;
  const below = (limit: number): number => Math.floor(fraction() * limit);
  return {
    uint64: () => (BigInt(next()) << 32n) | BigInt(next()),
    below,
    fraction,
    between: (lowest, highest) => lowest + below(highest - lowest + 1),
    chance: (probability) => fraction() < probability,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
    fork: () => createSeededRandom(next() * 2 ** 20 + (next() >>> 12)),
  };
}
