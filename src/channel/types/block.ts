/** Blocks as they are read, and as they are believed. */
import type { BlockHeader } from "../../wire/block-messages.ts";
import type { ChannelIdentity } from "./host.ts";

/** A block that was read but not believed yet. All bytes are views of what was received. */
export interface Block {
  /** As received. */
  readonly bytes: Uint8Array;
  readonly header: BlockHeader;
  /** Transaction envelopes; the orderers sign a hash over them. */
  readonly transactions: readonly Uint8Array[];
  /**
   * Metadata elements. Only the first, the signatures, proves itself; the rest, such as validation
   * codes and the commit hash, is the word of the peer that serves the block.
   */
  readonly metadata: readonly Uint8Array[];
}

/** Why a block is not believed. */
export type BlockFault =
  /** It is no block, lacks a part, or is larger than any we take. */
  | "block-malformed"
  /** Another block than the one that was asked for. */
  | "block-number"
  | "block-channel"
  /** A transaction that is not encoded as it must be, or has no payload or signature. */
  | "block-transactions"
  /** The transactions are not those of the header. */
  | "block-data-hash"
  /** It does not follow the block before. */
  | "block-previous-hash"
  /** There are no signatures, or one of them cannot be read. */
  | "block-signatures"
  /** Those who signed do not satisfy the policy BlockValidation. */
  | "block-policy";

/** What a block must be to be believed. */
export interface ExpectedBlock {
  readonly channel: string;
  readonly number: bigint;
  /** Hash of the header of the block before; undefined if that block is not known. */
  readonly previousHash?: Uint8Array | undefined;
}

/** A block that is what it must be. */
export interface VerifiedBlock {
  readonly block: Block;
  /** SHA-256 over the header: the `previous_hash` of the next block. */
  readonly hash: Uint8Array;
  /**
   * Whose signatures are good, each certificate once; empty if the hash in a later block proves this
   * one.
   */
  readonly signers: readonly ChannelIdentity[];
  /** Whether it holds a configuration, which is in force from the next block on. */
  readonly isConfig: boolean;
}
