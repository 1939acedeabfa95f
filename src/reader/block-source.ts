/** Fetches the blocks of one peer in ascending order, one range ahead of the consumer. */
import type { Block } from "../channel/types/block.ts";
import { type Fetched, fetchRange } from "../following/fetch.ts";
import type { PeerStream } from "./peer-stream.ts";

/** The prefetched range. */
interface Ahead {
  readonly from: bigint;
  readonly blocks: Promise<Fetched<readonly Block[]>>;
}

export class BlockSource {
  readonly stream: PeerStream;
  readonly #channel: string;
  #blocks: readonly Block[] = [];
  #ahead: Ahead | undefined;

  constructor(stream: PeerStream, channel: string) {
    this.stream = stream;
    this.#channel = channel;
  }

  /** The block of this number; the caller ensures that it is below the peer's `height`. */
  async block(number: bigint, last: bigint, height: bigint): Promise<Fetched<Block>> {
    const known = this.#find(number);
    if (known !== undefined) return { ok: true, value: known };
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const fetched =
      ahead?.from === number ? await ahead.blocks : await this.#fetch(number, last, height);
    if (!fetched.ok) return fetched;
    this.#blocks = fetched.value;
    const next = number + BigInt(fetched.value.length);
    if (next <= last && next < height) {
      this.#ahead = { from: next, blocks: this.#fetch(next, last, height) };
    }
    const found = this.#find(number);
    if (found !== undefined) return { ok: true, value: found };
    return { ok: false, code: "absent", reason: `it does not give block ${number}` };
  }

  #fetch(first: bigint, last: bigint, height: bigint): Promise<Fetched<readonly Block[]>> {
    return fetchRange(this.stream, this.#channel, first, last, height);
  }

  #find(number: bigint): Block | undefined {
    const first = this.#blocks[0]?.header.number;
    return first === undefined || number < first ? undefined : this.#blocks[Number(number - first)];
  }
}
