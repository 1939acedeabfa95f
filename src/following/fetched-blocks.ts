/** The blocks that were fetched last, of all peers together. */
import type { Block } from "../channel/types/block.ts";
import type { AskedPeer } from "./asked-peer.ts";

const BLOCKS_MAX = 400;
const BYTES_MAX = 33_554_432;

export class FetchedBlocks {
  #fetched: { readonly peer: AskedPeer; readonly block: Block }[] = [];
  #bytes = 0;

  get(peer: AskedPeer, number: bigint): Block | undefined {
    return this.#fetched.find((one) => one.peer === peer && one.block.header.number === number)
      ?.block;
  }

  /** Those that were added first give way. A block larger than all the room is not kept. */
  add(peer: AskedPeer, block: Block): void {
    this.#fetched.push({ peer, block });
    this.#bytes += heldBy(block);
    while (this.#fetched.length > BLOCKS_MAX || this.#bytes > BYTES_MAX) {
      const oldest = this.#fetched.shift();
      if (oldest !== undefined) this.#bytes -= heldBy(oldest.block);
    }
  }

  /** Forgets what this peer gave. */
  drop(peer: AskedPeer): void {
    const dropped = this.#fetched.filter((one) => one.peer === peer);
    this.#fetched = this.#fetched.filter((one) => one.peer !== peer);
    for (const { block } of dropped) this.#bytes -= heldBy(block);
  }
}

/** A block is a view of the answer that it came in. */
const heldBy = ({ bytes }: Block): number => bytes.buffer.byteLength;
