/** Messages between the store and its database thread. */

/** A block to store, with the keys of its transactions' ids; undefined where one has none. */
export interface KeptBlock {
  readonly number: bigint;
  readonly bytes: Uint8Array;
  readonly note: string;
  readonly keys: readonly (bigint | undefined)[];
}

/** A stored block with its note. */
export interface StoredBlock {
  readonly bytes: Uint8Array;
  readonly note: string;
}

/** Numbers of the oldest block and of the next one; undefined while the store is empty. */
export interface Extent {
  readonly first: bigint | undefined;
  readonly height: bigint | undefined;
}

/** What is there, as far as it is of interest before a start. */
export interface Glimpse extends Extent {
  /** The last configuration block. */
  readonly configuration: Uint8Array | undefined;
}

/** A transaction that may be the wanted one: two ids may share a key. */
export interface TransactionPlace {
  readonly number: bigint;
  /** In the block, from 0. */
  readonly index: number;
}

export type StoreAsk =
  /** Changes nothing, unlike the next. */
  | { readonly type: "look"; readonly file: string }
  | { readonly type: "open"; readonly file: string; readonly keepBlocks: number }
  | {
      readonly type: "append";
      readonly blocks: readonly KeptBlock[];
      /** The configuration block that applies after them, if it changed. */
      readonly configuration: Uint8Array | undefined;
    }
  | {
      readonly type: "read";
      readonly from: bigint;
      readonly to: bigint;
      readonly bytesMax: number;
    }
  | { readonly type: "find"; readonly key: bigint }
  | { readonly type: "configuration" }
  | { readonly type: "close" };

export interface StoreQuestion {
  readonly id: number;
  readonly store: number;
  readonly ask: StoreAsk;
}

export interface StoreAnswer {
  readonly id: number;
  readonly value:
    | undefined
    | Extent
    | Glimpse
    | (Extent & { readonly note: string | undefined })
    | Uint8Array
    | readonly StoredBlock[]
    | readonly TransactionPlace[];
}
