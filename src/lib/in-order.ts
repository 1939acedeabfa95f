/** Many waits at a time, their results one by one. */

/** What `work` makes of each item, in the order of the items; at most `most` are worked on at a time. */
export async function* inOrder<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, undefined> {
  const results = items.map(() => Promise.withResolvers<R>());
  // Whoever reads the results meets a failure in its turn.
  for (const { promise } of results) promise.catch(() => {});
  const waiting = items.entries();
  const workOn = async (): Promise<void> => {
    for (const [i, item] of waiting) {
      await work(item).then(results[i]?.resolve, results[i]?.reject);
    }
  };
  for (let i = 0; i < most; i++) void workOn();
  for (const { promise } of results) yield await promise;
  return undefined;
}
