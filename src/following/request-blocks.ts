/** Requests blocks from a peer. */
import {
  type BlockRange,
  type ReceivedBlocks,
  readStateResponse,
  stateRequest,
} from "../channel/rules/state-transfer.ts";
import { equalBytes } from "../wire/bytes.ts";
import type { Asked, AskedPeer } from "./asked-peer.ts";

const UTF8 = new TextEncoder();

/**
 * Blocks of a range, as far as the peer serves them. The caller stays below the peer's published
 * height.
 */
export function requestBlocks(
  peer: AskedPeer,
  channel: string,
  range: BlockRange,
): Promise<Asked<ReceivedBlocks>> {
  const nonce = peer.nonce();
  const name = UTF8.encode(channel);
  const { from, to } = range;
  // Every authorised reader gets one block; for a longer range, silence may be due to its length.
  const kind = from === to ? "blocks" : `blocks by ${to - from + 1n}`;
  return peer.ask(kind, stateRequest(channel, nonce, range), (message) => {
    const { content } = message;
    if (message.nonce !== nonce || !equalBytes(name, message.channel)) return undefined;
    return content?.type === "state-response" ? readStateResponse(content.value, range) : undefined;
  });
}
