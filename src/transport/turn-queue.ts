/** A queue in which each address has one place, however many of it wait: of these the first one is next. */
export class TurnQueue<W extends { readonly address: string }> {
  readonly #waiting = new Map<string, Set<W>>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  add(one: W): void {
    const others = this.#waiting.get(one.address) ?? new Set();
    this.#waiting.set(one.address, others.add(one));
  }

  /** Takes out whose turn it is: the others of its address are last now. Undefined: nobody waits. */
  take(): W | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [address, waiting] = first;
    const [next] = waiting;
    this.#waiting.delete(address);
    if (next !== undefined) waiting.delete(next);
    if (waiting.size > 0) this.#waiting.set(address, waiting);
    return next;
  }

  delete(one: W): void {
    const waiting = this.#waiting.get(one.address);
    waiting?.delete(one);
    if (waiting?.size === 0) this.#waiting.delete(one.address);
  }
}
