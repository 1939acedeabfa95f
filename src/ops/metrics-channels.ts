/** Metrics of followed channels. */
import type { ChannelOrganisationSummary, ChannelSummary } from "../observe/channel-summary.ts";
import type { Sample } from "./exposition.ts";
import { fabrics, type Metric, ours, type Reading } from "./metric.ts";

const KINDS = ["fork", "results"] as const;

export const CHANNEL_METRICS: readonly Metric[] = [
  ...fabrics(
    {
      name: "gossip_state_height",
      type: "gauge",
      labels: ["channel"],
      help: "Blocks of the channel, proven by orderer signatures.",
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
      help: "Blocks that a member claims; for at most 200 members. peer: prefix of its PKI-ID.",
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
      help: "Members of the channel whose StateInfo we hold, ourselves included.",
      read: (reading) => byOrganisation(reading, ({ members }) => members),
    },
    {
      name: "gossip_channel_members_lagging",
      type: "gauge",
      labels: ["channel", "msp"],
      help: "Members beyond the limits of lag in fabricGossip.channels.",
      read: (reading) => byOrganisation(reading, ({ lagging }) => lagging),
    },
    {
      name: "gossip_channel_behind_blocks_max",
      type: "gauge",
      labels: ["channel", "msp"],
      help: "Maximum number of blocks that a member lacks.",
      read: (reading) => byOrganisation(reading, ({ behindMax }) => behindMax),
    },
    {
      name: "gossip_channel_behind_max_seconds",
      type: "gauge",
      labels: ["channel", "msp"],
      help: "Maximum time for which a member has lacked a block that others have.",
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
      name: "gossip_channel_blocks_rejected_total",
      type: "counter",
      labels: ["channel", "msp"],
      help: "Invalid blocks that members of the organisation gave us; block-rejected names member and fault.",
      read: ({ summary, counts }) =>
        summary.channels.flatMap(({ name: channel, organisations }) =>
          [...organisations.keys()].map((msp) => ({
            labels: { channel, msp },
            value: counts.events.blocks.get(channel)?.rejected.get(msp) ?? 0,
          })),
        ),
    },
    {
      name: "gossip_channel_block_conflicts_total",
      type: "counter",
      labels: ["channel", "kind"],
      help: "Blocks that two members have differently. kind: fork (orderers signed both), results (validation codes or commit hash).",
      read: ({ summary, counts }) =>
        summary.channels.flatMap(({ name: channel }) =>
          KINDS.map((kind) => ({
            labels: { channel, kind },
            value: counts.events.blocks.get(channel)?.conflicts.get(kind) ?? 0,
          })),
        ),
    },
    {
      name: "gossip_channel_config_known",
      type: "gauge",
      labels: ["channel"],
      help: "1 if the channel's configuration is known, else 0.",
      read: (reading) =>
        byChannel(reading, ({ configSequence }) => Number(configSequence !== undefined)),
    },
    {
      name: "gossip_channel_config_sequence",
      type: "gauge",
      labels: ["channel"],
      help: "Sequence of the current configuration; lasting differences between members mean different configurations.",
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
