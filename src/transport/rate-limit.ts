/** So much at once, and so much more in each second: a leaky bucket. */
export class RateLimit {
  readonly #burst: number;
  readonly #perMs: number;
  /** What has been spent and not earned yet, as of then. */
  #spent = 0;
  #atMs = 0;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1_000;
  }

  /** False: there is not as much left. It counts nevertheless. */
  take(amount: number, nowMs: number): boolean {
    this.#spent = Math.max(0, this.#spent - (nowMs - this.#atMs) * this.#perMs) + amount;
    this.#atMs = nowMs;
    return this.#spent <= this.#burst;
  }

  /** How long until what was taken beyond the burst has been earned; 0 = it has. */
  waitMs(nowMs: number): number {
    return Math.max(0, (this.#spent - this.#burst) / this.#perMs - (nowMs - this.#atMs));
  }
}

/** What a message costs besides its bytes: many small ones are as much work as few large ones. */
export const MESSAGE_COST_BYTES = 400;
/** Seconds of reading that can be saved up, so that one long list comes through at once. */
const SAVED_SECONDS = 4;

/**
 * How fast one link is read, in bytes. Whoever sends faster is made to wait by flow control, which
 * loses nothing; an honest peer in a network of thousands does not come near it.
 */
export function readingRate(bytesPerSecond: number): RateLimit {
  return new RateLimit(SAVED_SECONDS * bytesPerSecond, bytesPerSecond);
}
