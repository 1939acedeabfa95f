/** What is known of channels. We follow none: others' news of them are passed on, not read. */
import { createHash } from "node:crypto";
import type { Core } from "./core/core.ts";
import { pkiIdBytes } from "./core/pki-id.ts";

/** A channel of the configuration. */
export interface Channel {
  readonly name: string;
  /** The file of its configuration block; absolute. */
  readonly configBlock: string;
  /** Whether we take part in it: not implemented, so false. */
  readonly followed: boolean;
  /** PKI-IDs of members whose news of this channel reached us in the last minutes. */
  readonly members: readonly string[];
}

/**
 * The configured channels. News of a channel carry no name, but a hash over member and name (spec C2
 * 2): those of channels that are not configured cannot be told apart, and are not listed.
 */
export function viewChannels(
  { stateInfos, members }: Core,
  channels: readonly { readonly name: string; readonly configBlock: string }[],
): readonly Channel[] {
  return channels.map(({ name, configBlock }) => {
    const inChannel = [...members.table.keys()].filter((pkiId) => {
      const keys = stateInfos.byAuthor.get(pkiId);
      if (keys === undefined) return false;
      const mac = createHash("sha256").update(pkiIdBytes(pkiId)).update(name).digest("hex");
      return [...keys].some((key) => stateInfos.live.has(key) && key.endsWith(mac));
    });
    return { name, configBlock, followed: false, members: inChannel };
  });
}
