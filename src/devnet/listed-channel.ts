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

export class ListedChannel {
  readonly #serve: (served: Served) => void;
  readonly #host = createChannelHost();
  readonly #blocks: Uint8Array[] = [];
  #trust: Trust | undefined;
  #lastHash: Uint8Array | undefined;

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
    if (this.#trust !== undefined) {
      const { configuration } = this.#trust;
      this.#serve({ configuration, height: BigInt(height), blocks: this });
    }
    return { height, ...(problem ? { refused: { number: height, reason: problem } } : {}) };
  }

  async read(from: bigint, to: bigint, bytesMax: number): Promise<readonly Uint8Array[]> {
    const found: Uint8Array[] = [];
    let bytes = 0;
    for (const block of this.#blocks.slice(Number(from), Number(to) + 1)) {
      bytes += block.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(block);
    }
    return found;
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
