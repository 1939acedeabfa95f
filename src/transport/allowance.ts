/** So much at once, and so much more in each second: what is above is refused. */
export class Allowance {
  readonly #burst: number;
  readonly #perMs: number;
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
}
