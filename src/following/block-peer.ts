/** Who has blocks, and blocks before and after they were believed. */
import {
  type BlockRange,
  type GivenBlock,
  readStateResponse,
  stateRequest,
} from "../channel/rules/state-transfer.ts";
import { equalBytes } from "../wire/bytes.ts";
import type { Asked, AskedPeer, AskFault } from "./asked-peer.ts";
import type { Accepted } from "./chain-head.ts";

export type { GivenBlock } from "../channel/rules/state-transfer.ts";

export type Given =
  | { readonly ok: true; readonly value: readonly GivenBlock[] }
  | { readonly ok: false; readonly code: AskFault; readonly isOld?: boolean };

/** A peer that has blocks. */
export interface BlockPeer {
  readonly pkiId: string;
  readonly mspId: string;
  /** For display: its endpoint. */
  readonly name: string;
  /**
   * Blocks of the range only, in ascending order, each once. One request at a time. Not ok: it was silent,
   * or is gone.
   */
  request(range: BlockRange): Promise<Given>;
}

/** A verified and stored block. */
export interface FollowedBlock extends Accepted {
  readonly from: BlockPeer;
  /** By our wall clock. */
  readonly receivedAtMs: number;
}

const UTF8 = new TextEncoder();

/** Somebody whom we ask as `peer`. */
export function blockPeerOf(peer: AskedPeer, channel: string): BlockPeer {
  const { pkiId, mspId } = peer.identity;
  return {
    ...{ pkiId, mspId, name: peer.name },
    request: (range) => requestBlocks(peer, channel, range),
  };
}

/**
 * Blocks of a range, as far as the peer gives them. The caller asks for no number at or past the
 * peer's published height.
 */
export function requestBlocks(
  peer: AskedPeer,
  channel: string,
  range: BlockRange,
): Promise<Asked<readonly GivenBlock[]>> {
  const nonce = peer.nonce();
  const name = UTF8.encode(channel);
  // One block is always granted to who may read; of a longer range the silence may mean its length.
  const kind = `blocks by ${range.to - range.from + 1n}`;
  return peer.ask(kind, stateRequest(channel, nonce, range), (message) => {
    const { content } = message;
    if (message.nonce !== nonce || !equalBytes(name, message.channel)) return undefined;
    return content?.type === "state-response" ? readStateResponse(content.value, range) : undefined;
  });
}
