/** The newest verified blocks in memory, without a store on disk. */
import type { StoredBlock } from "./store/block-store.ts";

/** So many stay readable. */
export const RECENT_BLOCKS_MAX = 100;
const BYTES_MAX = 16_777_216;

export class RecentBlocks {
  readonly #blocks: StoredBlock[] = [];
  #bytes = 0;
  /** Number of the next block. */
  #height: bigint | undefined;

  get first(): bigint | undefined {
    return this.#height === undefined ? undefined : this.#height - BigInt(this.#blocks.length);
  }

  /** Blocks come in order. The newest stays, whatever its size. */
  add(number: bigint, block: StoredBlock): void {
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    this.#height = number + 1n;
    while (
      this.#blocks.length > RECENT_BLOCKS_MAX ||
      (this.#bytes > BYTES_MAX && this.#blocks.length > 1)
    ) {
      this.#bytes -= this.#blocks.shift()?.bytes.length ?? 0;
    }
  }

  /** All of them, the oldest first. */
  get all(): readonly StoredBlock[] {
    return [...this.#blocks];
  }

  read(from: bigint, count: number): readonly StoredBlock[] {
    const { first } = this;
    if (first === undefined || from < first) return [];
    const at = Number(from - first);
    return this.#blocks.slice(at, at + count);
  }
}
