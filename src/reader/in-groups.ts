/** Asks peers in groups that are small enough for their answers to fit into memory. */

const AT_ONCE_MAX = 16;
const BYTES_MAX = 33_554_432;

/** `bytes`: expected size of one answer. Each group has at least one peer. */
export async function inGroups<T, R>(
  items: readonly T[],
  bytes: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const fitting = Math.trunc(BYTES_MAX / Math.max(bytes, 1));
  const length = Math.max(1, Math.min(fitting, AT_ONCE_MAX));
  const results: R[] = [];
  for (let i = 0; i < items.length; i += length) {
    results.push(...(await Promise.all(items.slice(i, i + length).map(work))));
  }
  return results;
}
