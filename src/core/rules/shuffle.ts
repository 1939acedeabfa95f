import type { Random } from "../types/host.ts";

/** The items in random order, drawn one by one: taking k of n costs k draws and one copy. */
export function* shuffled<T>(items: readonly T[], random: Random): Generator<T> {
  const pool = [...items];
  for (let left = pool.length; left > 0; left--) {
    const index = random.below(left);
    const [item, last] = [pool[index], pool[left - 1]];
    if (last !== undefined) pool[index] = last;
    if (item !== undefined) yield item;
  }
}
