/** Blocks before and after verification. */
import type { BlockHeader } from "../../wire/block-messages.ts";
import type { ChannelIdentity } from "./host.ts";

/** An unverified block. All bytes are views of the received ones. */
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

/** Why a block is rejected. */
export type BlockFault =
  /** Not a block, incomplete, or too large. */
  | "block-malformed"
  /** Another block than requested. */
  | "block-number"
  | "block-channel"
  /** A transaction with invalid encoding, or without payload or signature. */
  | "block-transactions"
  /** The transactions do not match the header. */
  | "block-data-hash"
  /** It does not follow the previous block. */
  | "block-previous-hash"
  /** Signatures are missing or unreadable. */
  | "block-signatures"
  /** The signers do not satisfy the policy BlockValidation. */
  | "block-policy";

/** Requirements on a block. */
export interface ExpectedBlock {
  readonly channel: string;
  readonly number: bigint;
  /** Hash of the header of the block before; undefined if that block is not known. */
  readonly previousHash?: Uint8Array | undefined;
}

/** A verified block. */
export interface VerifiedBlock {
  readonly block: Block;
  /** SHA-256 over the header: the `previous_hash` of the next block. */
  readonly hash: Uint8Array;
  /**
   * Whose signatures are good, each certificate once; empty if the hash in a later block proves this
   * one.
   */
  readonly signers: readonly ChannelIdentity[];
  /** Whether it contains a configuration, which applies from the next block on. */
  readonly isConfig: boolean;
}
