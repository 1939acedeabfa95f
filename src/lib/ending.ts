/** Asynchronous iterations that end at once, whatever they wait for. */

/**
 * The values of a generator until one of the signals is aborted or `return` is called. It gets a signal of
 * its own, and is then ended without waiting for it. Signals may be of another realm; before the first value
 * is asked for, nothing listens to them.
 */
export function endingWith<T>(
  signals: readonly (AbortSignal | null | undefined)[],
  start: (signal: AbortSignal) => AsyncGenerator<T, void>,
): AsyncGenerator<T, undefined> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const heed = (): void => {
    for (const cause of signals) {
      cause?.addEventListener("abort", end, { once: true });
      if (cause?.aborted === true) end();
    }
  };
  const forget = (): void => {
    end();
    for (const cause of signals) cause?.removeEventListener("abort", end);
  };
  return leavingAtOnce(untilAborted(start(ended.signal), ended.signal, heed, forget), forget);
}

/** The generator, whose `return` first calls `leave`: by itself it would wait for its next value. */
export function leavingAtOnce<T>(
  values: AsyncGenerator<T, undefined>,
  leave: () => void,
): AsyncGenerator<T, undefined> {
  const end = values.return.bind(values);
  values.return = (value) => {
    leave();
    return end(value);
  };
  return values;
}

async function* untilAborted<T>(
  values: AsyncGenerator<T, void>,
  signal: AbortSignal,
  begin: () => void,
  done: () => void,
): AsyncGenerator<T, undefined> {
  try {
    begin();
    while (!signal.aborted) {
      const next = await unlessAborted(values.next(), signal);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    done();
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
