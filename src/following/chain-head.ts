/**
 * The end of the verified chain: each block is judged by the preceding configuration and must
 * follow the previous block; a configuration applies from the next block on.
 */
import { headerHash } from "../channel/rules/header-hash.ts";
import type { InTurns } from "../channel/rules/in-turns.ts";
import { verifyByHashInTurns } from "../channel/rules/verify-block.ts";
import type { Block, VerifiedBlock } from "../channel/types/block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { equalBytes } from "../wire/bytes.ts";
import { accept } from "../wire/verdict.ts";
import {
  followInTurns,
  type Judged,
  judgeBlockInTurns,
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

export class ChainHead {
  readonly #host: ChannelHost;
  #trust: Trust;
  #next: bigint;
  #previousHash: Uint8Array | undefined;

  /** `previousHash` belongs to the block before `next`; undefined if that block is unknown. */
  constructor(host: ChannelHost, trust: Trust, next: bigint, previousHash: Uint8Array | undefined) {
    this.#host = host;
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
      const next = yield* followInTurns(this.#host, trust, verified);
      const reason = next.ok ? whyUnusable(next.value) : next.reason;
      if (!next.ok || reason !== undefined) {
        return problem(next.ok ? "untrusted" : next.code, `its configuration: ${reason}`);
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
    return (yield* judgeBlockInTurns(this.#host, this.#trust, block, { number })).ok;
  }

  *#judge(block: Block): InTurns<Judged<VerifiedBlock>> {
    const trusted = this.#trust.configuration.blockNumber;
    const expected = { number: this.#next, previousHash: this.#previousHash };
    if (this.#next !== trusted) {
      return yield* judgeBlockInTurns(this.#host, this.#trust, block, expected);
    }
    // The trusted block is not judged by its own configuration.
    const hash = headerHash(this.#host, block.header);
    if (!equalBytes(hash, this.#trust.hash)) {
      return problem("block-policy", "it is not the one that is trusted");
    }
    return yield* this.#byHash(block, hash);
  }

  *#byHash(block: Block, hash: Uint8Array): InTurns<Judged<VerifiedBlock>> {
    const { channel } = this.#trust.configuration;
    const expected = { channel, number: this.#next, hash };
    const verdict = yield* verifyByHashInTurns(this.#host, block, expected);
    return verdict.ok ? verdict : problem(verdict.code, "it is not the one that is trusted");
  }
}
