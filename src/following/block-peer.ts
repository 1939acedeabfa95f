/** Peers that have blocks, and blocks before and after verification. */
import type { BlockRange } from "../channel/rules/state-transfer.ts";
import type { Accepted } from "./chain-head.ts";

/** An unverified block with the number that its peer gave. */
export interface GivenBlock {
  readonly number: bigint;
  readonly bytes: Uint8Array;
}

export type Given =
  | { readonly ok: true; readonly value: readonly GivenBlock[] }
  | { readonly ok: false };

/** A peer that has blocks. */
export interface BlockPeer {
  readonly pkiId: string;
  readonly mspId: string;
  /** For display: its endpoint. */
  readonly name: string;
  /** One request at a time. Not ok: silent or gone. */
  request(range: BlockRange): Promise<Given>;
}

/** A verified and stored block. */
export interface FollowedBlock extends Accepted {
  readonly from: BlockPeer;
  /** By our wall clock. */
  readonly receivedAtMs: number;
}
