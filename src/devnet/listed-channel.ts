/** The channel of a devnet in one of its members: blocks are verified, kept in memory and served. */
import { headerHash } from "../channel/rules/header-hash.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import { parseBlock } from "../channel/rules/read-block.ts";
import { follow, judgeBlock, makeTrust, type Trust, whyUnusable } from "../following/trust.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import type { Served } from "../node/block-server.ts";
import { equalBytes } from "../wire/bytes.ts";

/** What became of blocks that came. */
interface TakenBlocks {
  /** Blocks that it has now. */
  readonly height: number;
  readonly refused?: { readonly number: number; readonly reason: string };
}

/** The commit hash is the last field of a block. */
const COMMIT_HASH_BYTES = 32;

export class ListedChannel {
  readonly #serve: (served: Served) => void;
  readonly #host = createChannelHost();
  readonly #blocks: Uint8Array[] = [];
  /** The most that was offered. */
  #height = 0;
  #trust: Trust | undefined;
  #lastHash: Uint8Array | undefined;
  /** What is given instead of the block of this number; those after it are given with a bit changed. */
  #forged: { readonly number: number; readonly bytes: Uint8Array } | undefined;
  /** From this block on, it pretends to have other results. */
  #differsFrom: number | undefined;

  constructor(serve: (served: Served) => void) {
    this.#serve = serve;
  }

  /** Takes blocks in order, up to the first that does not hold; those that it has are passed over. */
  take(blocks: readonly Uint8Array[]): TakenBlocks {
    let problem: string | undefined;
    for (const bytes of blocks) {
      problem = this.#take(bytes);
      if (problem !== undefined) break;
    }
    const height = this.#blocks.length;
    this.#offer();
    return { height, ...(problem ? { refused: { number: height, reason: problem } } : {}) };
  }

  /**
   * Lies from now on: offers this block as the next one, and gives others with one bit changed. Whoever
   * follows the channel must notice.
   */
  lie(forged: Uint8Array): void {
    this.#forged = { number: this.#blocks.length, bytes: forged };
    this.#offer();
  }

  /** From the next block on, gives another commit hash than is true; nobody signs that. */
  differ(): void {
    this.#differsFrom = this.#blocks.length;
  }

  /** True blocks again. A height that was offered stays: it is true as soon as the block comes. */
  beHonest(): void {
    this.#forged = undefined;
    this.#differsFrom = undefined;
  }

  #offer(): void {
    if (this.#trust === undefined) return;
    const { configuration } = this.#trust;
    this.#height = Math.max(this.#height, this.#blocks.length, (this.#forged?.number ?? -1) + 1);
    this.#serve({ configuration, height: BigInt(this.#height), blocks: this });
  }

  async read(from: bigint, to: bigint, bytesMax: number): Promise<readonly Uint8Array[]> {
    const found: Uint8Array[] = [];
    let bytes = 0;
    for (let number = Number(from); number <= Number(to); number++) {
      const block = this.#given(number);
      if (block === undefined) break;
      bytes += block.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(block);
    }
    return found;
  }

  #given(number: number): Uint8Array | undefined {
    const block = this.#blocks[number];
    if (block !== undefined && number >= (this.#differsFrom ?? number + 1)) {
      return withOneBitChanged(block, block.length - COMMIT_HASH_BYTES);
    }
    if (this.#forged === undefined || number < this.#forged.number) return block;
    if (block !== undefined) return withOneBitChanged(block, block.length >> 1);
    return number === this.#forged.number ? this.#forged.bytes : undefined;
  }

  /** Why it is not taken; undefined: it is. */
  #take(bytes: Uint8Array): string | undefined {
    return this.#trust === undefined ? this.#begin(bytes) : this.#append(this.#trust, bytes);
  }

  /** The first block: who runs the devnet has made it. */
  #begin(bytes: Uint8Array): string | undefined {
    const trust = atOnce(makeTrust(this.#host, bytes, "the devnet"));
    if (!trust.ok) return trust.reason;
    const problem = whyUnusable(trust.value);
    if (problem === undefined) this.#keep(trust.value, bytes, trust.value.hash);
    return problem;
  }

  #append(trust: Trust, bytes: Uint8Array): string | undefined {
    const block = parseBlock(bytes);
    if (!block.ok) return block.reason ?? block.code;
    const known = this.#blocks[Number(block.value.header.number)];
    if (known !== undefined && equalBytes(known, bytes)) return undefined;
    const expected = { number: BigInt(this.#blocks.length), previousHash: this.#lastHash };
    const judged = atOnce(judgeBlock(this.#host, trust, block.value, expected));
    if (!judged.ok) return judged.reason;
    const { isConfig } = judged.value;
    const next = isConfig ? atOnce(follow(this.#host, trust, judged.value)) : undefined;
    if (next !== undefined && !next.ok) return next.reason;
    this.#keep(next?.value ?? trust, bytes, headerHash(this.#host, block.value.header));
    return undefined;
  }

  #keep(trust: Trust, bytes: Uint8Array, hash: Uint8Array): void {
    this.#trust = trust;
    this.#lastHash = hash;
    this.#blocks.push(bytes);
  }
}

/** In its middle are transactions, at its end is the commit hash. */
function withOneBitChanged(block: Uint8Array, at: number): Uint8Array {
  const changed = new Uint8Array(block);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
