/** From the channels of a configuration to what a node needs to follow them. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Identity } from "../core/types/host.ts";
import { whyStranger } from "../following/find-trust.ts";
import { BlockStore } from "../following/store/block-store.ts";
import { type Trust, whyUnusable } from "../following/trust.ts";
import { trustFromFile } from "../following/trust-file.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { createChannelHost, mspOf } from "../msp/channel-msp.ts";
import type { Msp } from "../msp/msp.ts";
import type { ChannelParts } from "./channel-sources.ts";
import type { StartOptions } from "./options.ts";

/**
 * Reads the configuration blocks that our user trusts. Throws `config-invalid` with every problem.
 * `accept`: takes the MSPs of the organisations of all channels, whenever these change.
 */
export async function channelParts(
  { fabricGossip: { channels, stateDir } }: Config,
  self: Identity,
  accept: (msps: readonly Msp[]) => void,
  warn?: StartOptions["warn"],
): Promise<ChannelParts | undefined> {
  if (channels.length === 0) return undefined;
  const host = createChannelHost();
  const problems: string[] = [];
  const trusted = new Map<string, Trust>();
  for (const { name, configBlock } of channels) {
    if (configBlock === undefined) continue;
    const key = `fabricGossip.channels: configBlock of ${name}`;
    const trust = await collect(problems, trustFromFile(host, key, configBlock, name));
    if (trust === undefined) continue;
    const why = whyUnusable(trust) ?? whyStranger(trust, self);
    if (why === undefined) trusted.set(name, trust);
    else problems.push(`${key} cannot be used: ${why}; name a newer configuration block.`);
  }
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  return {
    host,
    followed: channels,
    openStore: stateDir === undefined ? undefined : openIn(stateDir, warn),
    trusted,
    accept: (configurations) =>
      accept(
        configurations.flatMap(({ organisations, msps }) =>
          organisations.flatMap(({ mspId }) => {
            const channelMsp = msps.get(mspId);
            const msp = channelMsp && mspOf(channelMsp);
            return msp === undefined ? [] : [msp];
          }),
        ),
      ),
  };
}

/** Where the blocks of a channel are kept. */
export const storeFolder = (stateDir: string, channel: string): string =>
  join(stateDir, "channels", channel);

const openIn =
  (stateDir: string, warn: StartOptions["warn"]): ChannelParts["openStore"] =>
  async (channel, keepBlocks) => {
    const store = await BlockStore.open(storeFolder(stateDir, channel), keepBlocks);
    if (store.note !== undefined) warn?.(store.note);
    return store;
  };
