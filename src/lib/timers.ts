/** Timers that end together. */

interface After {
  after(delayMs: number, callback: () => void): () => void;
}

/** The timers of one owner: once it has ended, none keeps a process alive. */
export class Timers implements After {
  readonly #clock: After;
  readonly #waiting = new Set<() => void>();

  constructor(clock: After) {
    this.#clock = clock;
  }

  /** As the clock does. */
  after(delayMs: number, callback: () => void): () => void {
    const cancelTimer = this.#clock.after(delayMs, () => {
      this.#waiting.delete(cancel);
      callback();
    });
    const cancel = (): void => {
      this.#waiting.delete(cancel);
      cancelTimer();
    };
    this.#waiting.add(cancel);
    return cancel;
  }

  stop(): void {
    for (const cancel of this.#waiting) cancel();
  }
}
