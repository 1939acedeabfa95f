/** A map with room for so many: what was set longest ago gives way. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number;

  constructor(max: number) {
    super();
    this.#max = max;
  }

  /** Sets the value and makes the key the last to go. */
  override set(key: K, value: V): this {
    this.delete(key);
    const oldest = this.keys().next();
    if (this.size >= this.#max && !oldest.done) this.delete(oldest.value);
    return super.set(key, value);
  }
}
