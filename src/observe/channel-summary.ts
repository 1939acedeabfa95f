/** The channels that we follow, in numbers, for metrics. */
import type { Core } from "../core/core.ts";
import { behindOf, lackingSinceMs, referenceOf } from "../core/handlers/lag.ts";
import { type FollowedChannel, isOnChannel } from "../core/tables/channels.ts";
import type { ServedChannel } from "../core/tables/served-channels.ts";
import type { Now } from "../core/types/host.ts";
import type { ChannelProblem, ChannelProblemCode } from "../following/views.ts";
import { CHANNEL_CAUSES } from "./diagnosis/channel-causes.ts";

/** What is wrong with each channel. */
export type ChannelProblems = ReadonlyMap<string, readonly ChannelProblem[]>;

/** One organisation on a channel. */
export interface ChannelOrganisationSummary {
  /** Members whose StateInfo we hold, and that have not left; ourselves included. */
  members: number;
  lagging: number;
  /** Blocks that the one lacks that lacks most. */
  behindMax: number;
  /** For how long somebody has lacked a block that others have, milliseconds. */
  lagMaxMs: number;
}

export interface ChannelSummary {
  readonly name: string;
  /** Proven. */
  readonly height: number;
  /** Undefined: the configuration is not known yet. */
  readonly configSequence: number | undefined;
  /** Members other than ourselves. */
  readonly peersKnown: number;
  /** By MSP-ID. */
  readonly organisations: ReadonlyMap<string, ChannelOrganisationSummary>;
  /** How many problems there are, by code; every code is there. */
  readonly problems: ReadonlyMap<ChannelProblemCode, number>;
  /** Of some members; in a large channel not of all. */
  readonly heights: readonly {
    readonly mspId: string;
    readonly pkiId: string;
    readonly height: number;
  }[];
}

/** Each is a time series of its own. */
const HEIGHTS_MAX = 200;

export function summariseChannels(
  core: Core,
  now: Now,
  problems: ChannelProblems,
): readonly ChannelSummary[] {
  return [...core.channels.table.values()].map((channel) => ({
    ...summarise(core, channel, now),
    problems: countProblems(problems.get(channel.name) ?? []),
  }));
}

function countProblems(
  problems: readonly ChannelProblem[],
): ReadonlyMap<ChannelProblemCode, number> {
  const codes = Object.keys(CHANNEL_CAUSES) as ChannelProblemCode[];
  return new Map(codes.map((code) => [code, problems.filter((one) => one.code === code).length]));
}

function summarise(
  core: Core,
  channel: FollowedChannel,
  now: Now,
): Omit<ChannelSummary, "problems"> {
  const { configuration, name, provenHeight } = channel;
  const ids = configuration?.organisations.map(({ mspId }) => mspId) ?? [];
  const organisations = new Map(ids.map((mspId) => [mspId, emptySummary()]));
  const reference = referenceOf(channel);
  const heights: ChannelSummary["heights"][number][] = [];
  let peersKnown = 0;
  for (const [pkiId, member] of channel.members) {
    const { claim, isLagging, mspId } = member;
    if (claim.hasLeft) continue;
    if (pkiId !== core.options.self.pkiId) peersKnown += 1;
    if (heights.length < HEIGHTS_MAX) heights.push({ mspId, pkiId, height: Number(claim.height) });
    const organisation = organisations.get(mspId) ?? emptySummary();
    organisations.set(mspId, organisation);
    const sinceMs = lackingSinceMs(channel, member) ?? now.elapsedMs;
    organisation.members += 1;
    organisation.lagging += isLagging ? 1 : 0;
    organisation.behindMax = Math.max(organisation.behindMax, Number(behindOf(member, reference)));
    organisation.lagMaxMs = Math.max(organisation.lagMaxMs, now.elapsedMs - sinceMs);
  }
  const own = publishedOn(core, channel);
  const ours = organisations.get(core.options.self.mspId);
  if (own !== undefined && ours !== undefined) {
    ours.members += 1;
    const behind = Math.max(0, Number(reference - own.height));
    ours.behindMax = Math.max(ours.behindMax, behind);
  }
  const configSequence = configuration && Number(configuration.sequence);
  const height = Number(provenHeight);
  return { name, height, configSequence, peersKnown, organisations, heights };
}

/** What we publish of a channel ourselves, once that is signed; undefined: nothing. */
export function publishedOn(
  { served, options: { self } }: Core,
  channel: FollowedChannel,
): ServedChannel | undefined {
  const own = served.get(channel.name);
  const isOn = isOnChannel(channel, self.mspId, self.mspId);
  return own?.message !== undefined && isOn ? own : undefined;
}

function emptySummary(): ChannelOrganisationSummary {
  return { members: 0, lagging: 0, behindMax: 0, lagMaxMs: 0 };
}
