/**
 * How fast one link is read. Whoever sends faster is made to wait by flow control, which loses
 * nothing; an honest peer in a network of thousands does not come near it.
 */

/** What a message costs besides its bytes: many small ones are as much work as few large ones. */
const MESSAGE_BYTES = 400;
/** Seconds of reading that can be saved up, so that one long list comes through at once. */
const SAVED_SECONDS = 4;

export class Pace {
  readonly #bytesPerMs: number;
  /** What has been read too early, as of then. */
  #ahead = 0;
  #atMs = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
  }

  /** A message of this length was read. */
  count(bytes: number, nowMs: number): void {
    const gained = (nowMs - this.#atMs) * this.#bytesPerMs;
    this.#ahead = Math.max(0, this.#ahead - gained) + bytes + MESSAGE_BYTES;
    this.#atMs = nowMs;
  }

  /** How long to wait before the next one is read; 0 = not at all. */
  waitMs(nowMs: number): number {
    const aheadMs = this.#ahead / this.#bytesPerMs - (nowMs - this.#atMs);
    return Math.max(0, aheadMs - SAVED_SECONDS * 1_000);
  }
}
