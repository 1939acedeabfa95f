/**
 * Beginnings of messages whose rest has not come. Each is within the limit of one message; together
 * they may not take more either, or a few peers that never finish would fill the memory.
 */
export class Unfinished {
  readonly #bytesMax: number;
  readonly #holders = new Map<() => void, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * A link holds so many bytes now. If all together hold too many, the one with the most is told to
   * give up.
   */
  hold(giveUp: () => void, bytes: number): void {
    this.#bytes += bytes - (this.#holders.get(giveUp) ?? 0);
    if (bytes === 0) this.#holders.delete(giveUp);
    else this.#holders.set(giveUp, bytes);
    while (this.#bytes > this.#bytesMax) this.#giveUpLargest();
  }

  #giveUpLargest(): void {
    let [largest, most] = [(): void => {}, 0];
    for (const [giveUp, bytes] of this.#holders) {
      if (bytes > most) [largest, most] = [giveUp, bytes];
    }
    this.hold(largest, 0);
    largest();
  }
}
