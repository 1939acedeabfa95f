/** What is known of channels. We follow none: others' news of them are passed on, not read. */
import { hash } from "node:crypto";
import type { Core } from "../core/core.ts";
import { BoundedMap } from "../lib/bounded-map.ts";

/** A channel of the configuration. */
export interface Channel {
  /** As the configuration spells it. */
  readonly name: string;
  /** The file of its configuration block; absolute. */
  readonly configBlock: string;
  /** Whether we take part in it: not implemented, so false. */
  readonly followed: boolean;
  /** PKI-IDs of members whose news of this channel reached us in the last minutes. */
  readonly members: readonly string[];
}

/** Hashes remembered, 200 bytes each: one for each member and channel. Of more, the oldest are forgotten. */
const HASHES_MAX = 40_000;

/**
 * The configured channels. News of a channel carry no name, but a hash over member and name (spec D
 * 2): those of channels that are not configured cannot be told apart, and are not listed. Hashes are
 * made once, as somebody may ask every second.
 */
export function createChannelView(
  channels: readonly { readonly name: string; readonly configBlock: string }[],
): (core: Core) => readonly Channel[] {
  const hashes = new BoundedMap<string, string>(HASHES_MAX);
  const hashOf = (author: string, name: string): string => {
    const key = `${author} ${name}`;
    const known = hashes.get(key);
    if (known !== undefined) return known;
    const mac = hash("sha256", Buffer.concat([Buffer.from(author, "hex"), Buffer.from(name)]));
    hashes.set(key, mac);
    return mac;
  };
  return ({ channelNews, members }) =>
    channels.map(({ name, configBlock }) => {
      const inChannel: string[] = [];
      for (const { pkiId } of members.table.values()) {
        const keys = channelNews.byAuthor.get(pkiId);
        if (keys === undefined) continue;
        const mac = hashOf(pkiId, name);
        const isIn = [...keys].some((key) => channelNews.live.has(key) && key.endsWith(mac));
        if (isIn) inChannel.push(pkiId);
      }
      return { name, configBlock, followed: false, members: inChannel };
    });
}
