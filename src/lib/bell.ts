/** Wakes everybody who waits for a change; nobody who comes later. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when the bell rings, the signal is aborted, or after `maxMs`; default: no limit. */
  heard(signal?: AbortSignal, maxMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = maxMs === undefined ? undefined : setTimeout(() => wake(), maxMs);
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
      if (signal?.aborted === true) wake();
    });
  }
}
