/** Who has blocks, and blocks before and after they were believed. */
import type { BlockRange } from "../channel/rules/state-transfer.ts";
import type { Accepted } from "./chain-head.ts";

/** A block as a peer names and gives it; nothing of it is believed. */
export interface GivenBlock {
  readonly number: bigint;
  readonly bytes: Uint8Array;
}

export type Given =
  | { readonly ok: true; readonly value: readonly GivenBlock[] }
  | { readonly ok: false };

/** Somebody who has blocks. */
export interface BlockPeer {
  readonly pkiId: string;
  readonly mspId: string;
  /** For people: its endpoint. */
  readonly name: string;
  /** One at a time. Not ok: it was silent, or is gone. */
  request(range: BlockRange): Promise<Given>;
}

/** A verified block, after it was kept. */
export interface FollowedBlock extends Accepted {
  readonly from: BlockPeer;
  /** By our wall clock. */
  readonly receivedAtMs: number;
}
