/** A growing chain. Each block follows the previous one; tests and liars override parts of it. */
import { headerHash } from "../channel/rules/header-hash.ts";
import type { BlockHeader } from "../wire/block-messages.ts";
import { EMPTY_BYTES } from "../wire/bytes.ts";
import { type ConfigDraft, encodeConfig } from "./config-draft.ts";
import { type BlockSigner, committedMetadata, genesisMetadata, makeBlock } from "./make-block.ts";
import {
  chaincodeCall,
  type EncodedHeaders,
  type MakerHost,
  makeTransaction,
  type TransactionAuthor,
} from "./transactions.ts";

interface ChainPlan {
  readonly channel: string;
  readonly host: MakerHost;
  /** All of them sign each block. */
  readonly orderers: readonly BlockSigner[];
  /** Who signs transactions and configurations. */
  readonly client: TransactionAuthor;
}

/** Overrides for the next block. */
interface BlockWish {
  /** Default: one transaction. */
  readonly transactions?: readonly Uint8Array[];
  readonly number?: bigint;
  readonly previousHash?: Uint8Array;
  readonly dataHash?: Uint8Array;
  readonly signers?: readonly BlockSigner[];
  readonly lastConfig?: bigint;
  /** Validation codes; default: all are valid. */
  readonly codes?: Uint8Array;
  readonly commitHash?: Uint8Array;
}

/** A finished block with the data that its successor needs. */
interface MadeBlock {
  readonly bytes: Uint8Array;
  readonly header: BlockHeader;
  readonly commitHash: Uint8Array;
  readonly lastConfig: bigint;
}

/** State of a chain: enough to make its next block. */
interface ChainTip {
  readonly height: bigint;
  /** Hash of the last header. */
  readonly hash: Uint8Array;
  readonly commitHash: Uint8Array;
  readonly lastConfig: bigint;
}

const START: ChainTip = {
  height: 0n,
  hash: EMPTY_BYTES,
  commitHash: EMPTY_BYTES,
  lastConfig: 0n,
};

export class ChainMaker {
  readonly channel: string;
  readonly #plan: ChainPlan;
  #tip: ChainTip;

  constructor(plan: ChainPlan, tip: ChainTip = START) {
    this.channel = plan.channel;
    this.#plan = plan;
    this.#tip = tip;
  }

  get tip(): ChainTip {
    return this.#tip;
  }

  /** The next block, without appending it. */
  make(wish: BlockWish = {}): MadeBlock {
    const { host, orderers } = this.#plan;
    const { transactions = [this.transaction("block")] } = wish;
    const { number = this.#tip.height, previousHash = this.#tip.hash } = wish;
    const { dataHash = host.sha256(transactions), lastConfig = this.#tip.lastConfig } = wish;
    const header = { number, previousHash, dataHash };
    const { codes = new Uint8Array(transactions.length) } = wish;
    const { commitHash = host.sha256([this.#tip.commitHash, codes, dataHash]) } = wish;
    const isFirst = number === 0n;
    const metadata = isFirst ? genesisMetadata() : committedMetadata(codes, commitHash);
    const { signers = isFirst ? [] : orderers } = wish;
    const bytes = makeBlock(host, { header, transactions, signers, lastConfig, metadata });
    return { bytes, header, commitHash, lastConfig };
  }

  /** Makes and appends the next block. */
  add(wish: BlockWish = {}): Uint8Array {
    const { bytes, header, commitHash, lastConfig } = this.make(wish);
    const hash = headerHash(this.#plan.host, header);
    this.#tip = { height: header.number + 1n, hash, commitHash, lastConfig };
    return bytes;
  }

  /** Makes a block that holds this configuration; the first one is signed by nobody. */
  addConfig(draft: ConfigDraft, sequence: bigint, wish: BlockWish = {}): Uint8Array {
    const lastConfig = this.#tip.height;
    return this.add({ transactions: [this.configuration(draft, sequence)], lastConfig, ...wish });
  }

  configuration(draft: ConfigDraft, sequence: bigint): Uint8Array {
    const { host, channel, client } = this.#plan;
    const author = this.#tip.height === 0n ? undefined : client;
    return makeTransaction(host, { channel, data: encodeConfig(draft, sequence), author });
  }

  /** A chaincode transaction with the response `said`. */
  transaction(said: string, chaincode = "kv"): Uint8Array {
    const { host, channel, client: author } = this.#plan;
    const data = (headers: EncodedHeaders): Uint8Array =>
      chaincodeCall(host, headers, { author, name: chaincode, said });
    return makeTransaction(host, { channel, data, author, chaincode });
  }
}
