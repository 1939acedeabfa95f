/**
 * The values of a generator until the signal is aborted, at once even if the next one is under way. The
 * generator is then ended without waiting for it.
 */
export async function* untilAborted<T>(
  values: AsyncGenerator<T, void>,
  signal: AbortSignal,
): AsyncGenerator<T, undefined> {
  try {
    while (!signal.aborted) {
      const next = await unlessAborted(values.next(), signal);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    values.return().catch(() => {});
  }
}

/** Undefined: the signal was aborted first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener("abort", stop);
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
