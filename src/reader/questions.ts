/** What a reader asks a peer: identities, the StateInfo of a channel, blocks. */
import { stateInfoPullRequest } from "../channel/rules/state-info.ts";
import {
  type BlockRange,
  type ReceivedBlocks,
  readStateResponse,
  stateRequest,
} from "../channel/rules/state-transfer.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { PkiId } from "../core/types/host.ts";
import { PULL_TYPE, TAG } from "../wire/messages.ts";
import { accept } from "../wire/verdict.ts";
import type { Asked, PeerStream } from "./peer-stream.ts";

/** Every identity that the peer gives to us: envelopes, nothing of them believed. */
export async function pullIdentities(stream: PeerStream): Promise<Asked<readonly Uint8Array[]>> {
  const nonce = stream.nonce();
  const msgType = PULL_TYPE.identity;
  const hello = { tag: TAG.empty, content: { type: "hello", value: { nonce, msgType } } } as const;
  const digest = await stream.ask("identities", hello, ({ content }) => {
    if (content?.type !== "digest" || content.value.nonce !== nonce) return undefined;
    return content.value.msgType === msgType ? content.value.digests : undefined;
  });
  if (!digest.ok) return digest;
  if (digest.value.length === 0) return accept([]);
  const value = { nonce, msgType, digests: digest.value };
  const request = { tag: TAG.empty, content: { type: "request", value } } as const;
  return stream.ask("identities", request, ({ content }) => {
    if (content?.type !== "update" || content.value.nonce !== nonce) return undefined;
    return content.value.msgType === msgType ? content.value.data : undefined;
  });
}

/** The StateInfo that the peer holds of a channel: envelopes, nothing of them believed. */
export function pullStateInfo(
  stream: PeerStream,
  host: ChannelHost,
  self: PkiId,
  channel: string,
): Promise<Asked<readonly Uint8Array[]>> {
  const name = Buffer.from(channel);
  const request = stateInfoPullRequest(host, self, channel);
  return stream.ask("state-info", request, ({ channel: about, content }) => {
    if (content?.type !== "state-snapshot" || !name.equals(about)) return undefined;
    return content.value.elements;
  });
}

/**
 * Blocks of a range, as far as the peer gives them. The caller asks for no number at or past the
 * peer's published height.
 */
export function requestBlocks(
  stream: PeerStream,
  channel: string,
  range: BlockRange,
): Promise<Asked<ReceivedBlocks>> {
  const nonce = stream.nonce();
  const name = Buffer.from(channel);
  const { from, to } = range;
  // One block is always granted to who may read; of a longer range the silence may mean its length.
  const kind = from === to ? "blocks" : `blocks by ${to - from + 1n}`;
  return stream.ask(kind, stateRequest(channel, nonce, range), (message) => {
    const { content } = message;
    if (message.nonce !== nonce || !name.equals(message.channel)) return undefined;
    return content?.type === "state-response" ? readStateResponse(content.value, range) : undefined;
  });
}
