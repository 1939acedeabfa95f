/** Verified blocks of one channel that outlive the process, wherever they are: what following needs of them. */
import type { StoredBlock, TransactionPlace } from "./store-messages.ts";

/** A block to store, with the ids of its transactions in order; empty where one has none. */
export interface BlockToKeep {
  readonly number: bigint;
  readonly bytes: Uint8Array;
  readonly txIds: readonly string[];
  /** Note to return with the block; default none. */
  readonly note?: string;
}

export interface KeptBlocks {
  /** For people. */
  readonly folder: string;
  /** Damage found when it was opened, in a sentence. */
  readonly note: string | undefined;
  /** Number of the next block; undefined while the store is empty. */
  readonly height: bigint | undefined;
  /** Number of the oldest stored block. */
  readonly first: bigint | undefined;
  /**
   * Stores blocks that follow the existing ones; an empty store begins with any. They are confirmed
   * when the promise resolves; when it rejects, none is stored, and the call may be repeated. One
   * call at a time. `configuration`: the configuration block that applies after them, if it is new.
   */
  append(blocks: readonly BlockToKeep[], configuration?: Uint8Array): Promise<void>;
  /** Blocks from a number on: at least one, if stored, within a limit of bytes. */
  read(from: bigint, to: bigint, bytesMax: number): Promise<readonly Uint8Array[]>;
  /** The same, with their notes. */
  readNoted(from: bigint, to: bigint, bytesMax: number): Promise<readonly StoredBlock[]>;
  /** The first stored transaction of this id. `idAt` returns the actual id at a position. */
  findTransaction(
    txId: string,
    idAt: (block: Uint8Array, index: number) => Promise<string | undefined>,
  ): Promise<TransactionPlace | undefined>;
  /** The last configuration block. */
  configuration(): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}
