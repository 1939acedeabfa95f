/**
 * The end of the chain as far as it was verified: each block is judged by the configuration before it
 * and must follow the block before; a configuration holds from the next block on. Nobody signs block 0:
 * what follows proves it, up to the block that is trusted.
 */
import { headerHash } from "../channel/rules/header-hash.ts";
import type { InTurns } from "../channel/rules/in-turns.ts";
import { verifyByHashInTurns } from "../channel/rules/verify-block.ts";
import type { Block, VerifiedBlock } from "../channel/types/block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { equalBytes } from "../wire/bytes.ts";
import { accept } from "../wire/verdict.ts";
import {
  BLOCK_FAULTS,
  follow,
  type Judged,
  judgeBlock,
  makeTrust,
  problem,
  type Trust,
  whyUnusable,
} from "./trust.ts";

/** A verified block and its effect. */
export interface Accepted {
  readonly verified: VerifiedBlock;
  /** The configuration that judged it. */
  readonly trust: Trust;
  /** The configuration from the next block on, if it changes. */
  readonly brings: Trust | undefined;
}

/** Where a chain is begun. */
export interface ChainStart {
  /** The first block that is wanted. */
  readonly next: bigint;
  /** In force before it, or holding that very block; of block 0 anything that is trusted will do. */
  readonly trust: Trust;
  /** Whose block must be the one of its number, if it comes; default: `trust`. */
  readonly anchor?: Trust | undefined;
  /** Of the block before; undefined if it is not known. */
  readonly previousHash: Uint8Array | undefined;
}

export class ChainHead {
  readonly #host: ChannelHost;
  readonly #anchor: Trust;
  #trust: Trust;
  #next: bigint;
  #previousHash: Uint8Array | undefined;

  constructor(host: ChannelHost, { next, trust, anchor = trust, previousHash }: ChainStart) {
    this.#host = host;
    this.#anchor = anchor;
    this.#trust = trust;
    this.#next = next;
    this.#previousHash = previousHash;
  }

  /** The first unverified block. */
  get next(): bigint {
    return this.#next;
  }

  /** The configuration that applies before it. */
  get trust(): Trust {
    return this.#trust;
  }

  /** Judges the next block and advances if it is valid. */
  *accept(block: Block): InTurns<Judged<Accepted>> {
    const trust = this.#trust;
    const verdict = yield* this.#judge(block);
    if (!verdict.ok) return verdict;
    const verified = verdict.value;
    const isTrusted = verified.block.header.number === trust.configuration.blockNumber;
    let brings: Trust | undefined;
    if (verified.isConfig && !isTrusted) {
      const next = yield* this.#configuration(verified);
      const reason = next.ok ? whyUnusable(next.value) : next.reason;
      if (!next.ok || reason !== undefined) {
        // Orderers have signed it; but a block 0 is the word of who gives it.
        const isSigned = verified.signers.length > 0;
        return problem(isSigned ? "untrusted" : "block-policy", `its configuration: ${reason}`);
      }
      brings = next.value;
    }
    this.#trust = brings ?? trust;
    this.#previousHash = verified.hash;
    this.#next++;
    return accept({ verified, trust, brings });
  }

  /** Whether orderers have signed the block, although another one follows here. */
  *isSigned(block: Block): InTurns<boolean> {
    const { number } = block.header;
    return (yield* judgeBlock(this.#host, this.#trust, block, { number })).ok;
  }

  *#judge(block: Block): InTurns<Judged<VerifiedBlock>> {
    const hash = headerHash(this.#host, block.header);
    for (const { configuration, hash: wanted } of [this.#anchor, this.#trust]) {
      if (configuration.blockNumber !== this.#next || equalBytes(hash, wanted)) continue;
      return problem("block-policy", "it is not the one that is trusted");
    }
    // The one that is trusted is not judged by its own configuration.
    const isOwn = this.#next === this.#trust.configuration.blockNumber;
    if (isOwn || this.#next === 0n) return yield* this.#byHash(block, hash);
    const expected = { number: this.#next, previousHash: this.#previousHash };
    return yield* judgeBlock(this.#host, this.#trust, block, expected);
  }

  *#byHash(block: Block, hash: Uint8Array): InTurns<Judged<VerifiedBlock>> {
    const { channel } = this.#trust.configuration;
    const expected = { channel, number: this.#next, hash };
    const verdict = yield* verifyByHashInTurns(this.#host, block, expected);
    return verdict.ok ? verdict : problem(verdict.code, BLOCK_FAULTS[verdict.code]);
  }

  *#configuration(verified: VerifiedBlock): InTurns<Judged<Trust>> {
    const { block } = verified;
    if (block.header.number > 0n) return yield* follow(this.#host, this.#trust, verified);
    return yield* makeTrust(this.#host, block.bytes, this.#anchor.origin);
  }
}
