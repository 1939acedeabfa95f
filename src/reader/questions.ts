/** Requests of a reader other than blocks: identities, and the StateInfo of a channel. */
import { stateInfoPullRequest } from "../channel/rules/state-info.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { PkiId } from "../core/types/host.ts";
import type { Asked } from "../following/asked-peer.ts";
import { PULL_TYPE, TAG } from "../wire/messages.ts";
import { accept } from "../wire/verdict.ts";
import type { PeerStream } from "./peer-stream.ts";

/** All identities that the peer discloses to us: envelopes, not verified yet. */
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

/** The StateInfo of a channel that the peer holds: envelopes, not verified yet. */
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
