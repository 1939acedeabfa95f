/** The numbers in signatures, each of which occurs once in a world. */
export class SignatureNumbers {
  readonly #size: (() => number) | undefined;
  readonly #counts: number[] = [];
  #count = 0;

  /** `size`: members of the world, if several threads can simulate it; then each member counts by itself. */
  constructor(size?: () => number) {
    this.#size = size;
  }

  next(member: number): number {
    if (this.#size === undefined) return this.#count++;
    const count = this.#counts[member] ?? 0;
    this.#counts[member] = count + 1;
    return count * this.#size() + member;
  }
}
