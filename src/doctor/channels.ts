/** Doctor: the channels that this member follows, and what it means for others if it is listed there. */
import type { ChannelConfig, Config } from "../config/config.ts";
import type { Identity } from "../core/types/host.ts";
import { certificatesOfConfig, inconsistenciesOf, tellEnd } from "../following/config-problems.ts";
import { describeConfiguration } from "../following/config-view.ts";
import { whyRefusedBy } from "../following/find-trust.ts";
import { BlockStore } from "../following/store/block-store.ts";
import type { Trust } from "../following/trust.ts";
import { collect } from "../lib/collect.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { channelParts, storeFolder } from "../node/channel-parts.ts";
import { whyUnwritable } from "../node/state-folder.ts";
import { CHANNEL_CAUSES, FIRST_BLOCKS_MISSING } from "../observe/diagnosis/channel-causes.ts";
import { error, type Finding, ok, warning } from "./finding.ts";

export async function examineChannels(
  config: Config,
  self: Identity,
  wallMs: number,
): Promise<readonly Finding[]> {
  const { channels, expiryNoticesMs, stateDir } = config.fabricGossip;
  const problems: string[] = [];
  const parts = await collect(
    problems,
    channelParts(config, self, () => {}),
  );
  const unkept = await Promise.all(channels.map((channel) => aboutStore(channel, stateDir, self)));
  const soonMs = wallMs + (expiryNoticesMs[0] ?? 0);
  return [
    ...problems.map((problem) => error("channel", problem)),
    ...channels.flatMap((channel) => {
      const trust = parts?.trusted.get(channel.name);
      const known = trust === undefined ? [] : aboutConfiguration(trust, wallMs, soonMs);
      return [...aboutChannel(channel), ...known];
    }),
    ...unkept.flat(),
  ];
}

/** Whether its blocks can be written where they are to be kept, and what is kept there is enough. */
async function aboutStore(
  { name, role, blocks }: ChannelConfig,
  stateDir: string | undefined,
  self: Identity,
): Promise<readonly Finding[]> {
  if (blocks !== "keep" || stateDir === undefined) return [];
  const folder = storeFolder(stateDir, name);
  const why = await whyUnwritable(folder);
  if (why !== undefined) {
    const remedy = "Make room or let it be written, or choose another fabricGossip.stateDir.";
    return [error("channel", `Blocks of ${name} cannot be kept in ${folder} (${why}).`, remedy)];
  }
  const { first = 0n, configuration } = (await BlockStore.lookIn(folder)) ?? {};
  const refusal =
    configuration && whyRefusedBy(createChannelHost(), configuration, `kept in ${folder}`, self);
  const faults = [
    ["first-blocks-missing", role === "listed" && first > 0n ? FIRST_BLOCKS_MISSING : undefined],
    ["certificate-refused", refusal],
  ] as const;
  return faults.flatMap(([code, detail]) =>
    detail === undefined
      ? []
      : [error("channel", `Channel ${name}: ${detail}.`, CHANNEL_CAUSES[code].remedy)],
  );
}

function aboutChannel({ name, role, configBlock, blocks }: ChannelConfig): readonly Finding[] {
  if (role === "observer") {
    return [ok("channel", `${name} is followed as an observer; blocks: ${blocks}.`)];
  }
  const means =
    `${name} is followed as a listed member: every peer of the channel sees it, counts it as a peer ` +
    "that may have blocks and private data, and asks it for any block from block 0 on.";
  const remedy =
    "Follow as an observer if our organisation is in a private data collection: its peers would look " +
    "here for private data in vain. Keep room on the disk for the whole chain.";
  const start = `${name} has no configBlock: block 0 is taken from a peer of our own organisation.`;
  return [
    warning("channel", means, remedy),
    ...(configBlock === undefined ? [warning("channel", start, "Name the genesis block.")] : []),
  ];
}

/** A configuration that our user trusts. */
function aboutConfiguration(
  { configuration, origin }: Trust,
  wallMs: number,
  soonMs: number,
): readonly Finding[] {
  const view = describeConfiguration(configuration, origin, wallMs);
  const { channel, sequence, blockNumber } = configuration;
  const ending = certificatesOfConfig(view).filter(({ notAfter }) => notAfter.getTime() <= soonMs);
  return [
    ok("channel", `${channel} begins with configuration ${sequence} of block ${blockNumber}.`),
    ...inconsistenciesOf(configuration).map(({ detail }) =>
      warning("channel", detail, CHANNEL_CAUSES["config-inconsistent"].remedy),
    ),
    ...ending.map((one) =>
      warning("channel", `${tellEnd(one, wallMs)}.`, CHANNEL_CAUSES["certificate-ending"].remedy),
    ),
  ];
}
