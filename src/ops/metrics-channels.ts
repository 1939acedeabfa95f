/** Metrics of the channels that we follow. */
import type { ChannelOrganisationSummary, ChannelSummary } from "../observe/channel-summary.ts";
import type { Sample } from "./exposition.ts";
import { fabrics, type Metric, ours, type Reading } from "./metric.ts";

export const CHANNEL_METRICS: readonly Metric[] = [
  ...fabrics(
    {
      name: "gossip_state_height",
      type: "gauge",
      labels: ["channel"],
      help: "Blocks of the channel that are proven by the orderers' signatures.",
      read: (reading) => byChannel(reading, ({ height }) => height),
    },
    {
      name: "gossip_membership_total_peers_known",
      type: "gauge",
      labels: ["channel"],
      help: "Members of the channel whose StateInfo we hold, without ourselves.",
      read: (reading) => byChannel(reading, ({ peersKnown }) => peersKnown),
    },
  ),
  ...ours(
    {
      name: "gossip_channel_member_height",
      type: "gauge",
      labels: ["channel", "msp", "peer"],
      help: "Blocks that a member says it has; of 200 members at most. peer: the beginning of its PKI-ID.",
      read: ({ summary }) =>
        summary.channels.flatMap(({ name: channel, heights }) =>
          heights.map(({ mspId: msp, pkiId, height: value }) => ({
            labels: { channel, msp, peer: pkiId.slice(0, 16) },
            value,
          })),
        ),
    },
    {
      name: "gossip_channel_members",
      type: "gauge",
      labels: ["channel", "msp"],
      help: "Members of the channel whose StateInfo we hold.",
      read: (reading) => byOrganisation(reading, ({ members }) => members),
    },
    {
      name: "gossip_channel_members_lagging",
      type: "gauge",
      labels: ["channel", "msp"],
      help: "Members that are further behind than lag of fabricGossip.channels allows.",
      read: (reading) => byOrganisation(reading, ({ lagging }) => lagging),
    },
    {
      name: "gossip_channel_behind_blocks_max",
      type: "gauge",
      labels: ["channel", "msp"],
      help: "Blocks that the member lacks that lacks most.",
      read: (reading) => byOrganisation(reading, ({ behindMax }) => behindMax),
    },
    {
      name: "gossip_channel_behind_max_seconds",
      type: "gauge",
      unit: "seconds",
      labels: ["channel", "msp"],
      help: "For how long a member has lacked a block that others have: the longest.",
      read: (reading) => byOrganisation(reading, ({ lagMaxMs }) => lagMaxMs / 1_000),
    },
    {
      name: "gossip_channel_problems",
      type: "gauge",
      labels: ["channel", "code"],
      help: "What is wrong with the channel now, by code; /api/v1/channels says it in words.",
      read: ({ summary }) =>
        summary.channels.flatMap(({ name: channel, problems }) =>
          [...problems].map(([code, value]) => ({ labels: { channel, code }, value })),
        ),
    },
    {
      name: "gossip_channel_config_known",
      type: "gauge",
      labels: ["channel"],
      help: "1 if the configuration of the channel is known; 0: it is still looked for.",
      read: (reading) =>
        byChannel(reading, ({ configSequence }) => Number(configSequence !== undefined)),
    },
    {
      name: "gossip_channel_config_sequence",
      type: "gauge",
      labels: ["channel"],
      help: "Sequence of the configuration in force; members that differ for long follow different ones.",
      read: (reading) => byChannel(reading, ({ configSequence }) => configSequence),
    },
  ),
];

function byChannel(
  { summary }: Reading,
  read: (channel: ChannelSummary) => number | undefined,
): readonly Sample[] {
  return summary.channels.flatMap((one) => {
    const value = read(one);
    return value === undefined ? [] : [{ labels: { channel: one.name }, value }];
  });
}

function byOrganisation(
  { summary }: Reading,
  read: (organisation: ChannelOrganisationSummary) => number,
): readonly Sample[] {
  return summary.channels.flatMap(({ name: channel, organisations }) =>
    [...organisations].map(([msp, one]) => ({ labels: { channel, msp }, value: read(one) })),
  );
}
