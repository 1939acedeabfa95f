/** Reports members that begin to lag on a channel or catch up. */
import { isLagging, missingSinceMs, referenceHeight, type Standing } from "../rules/lag.ts";
import {
  type BelievedStateInfo,
  type FollowedChannel,
  noteReached,
  setLagging,
} from "../tables/channels.ts";
import { type Effect, notify } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import type { Core } from "./state.ts";

/** Normal age of a height: published every 4 s and requested every 4 s. */
const GRACE_ROUNDS = 2;

/** The reference height of a channel. */
export function referenceOf(channel: FollowedChannel): bigint {
  return referenceHeight(standings(channel), channel.provenHeight);
}

function* standings({ members, disproved }: FollowedChannel): Generator<Standing> {
  for (const [pkiId, { claim }] of members) {
    const isDisproved = disproved.get(pkiId) === claim.height;
    yield { height: claim.height, hasLeft: claim.hasLeft, isDisproved };
  }
}

/** Number of known blocks that a member lacks. */
export function behindOf({ claim }: BelievedStateInfo, reference: bigint): bigint {
  return claim.height < reference ? reference - claim.height : 0n;
}

/** Since when a member lacks a block that others have; undefined: it lacks none. */
export function lackingSinceMs(
  channel: FollowedChannel,
  { claim }: BelievedStateInfo,
): number | undefined {
  return missingSinceMs(channel.reached, claim.height);
}

/** Reports that a member began to lag, or recovered. */
export function judgeLag(core: Core, channel: FollowedChannel, pkiId: PkiId): readonly Effect[] {
  const member = channel.members.get(pkiId);
  if (member === undefined) return [];
  const { claim, mspId } = member;
  const graceMs = GRACE_ROUNDS * core.options.timing.stateInfoIntervalMs;
  const { lag, reached } = channel;
  const isBehind = isLagging(claim.height, reached, lag, graceMs, core.now.elapsedMs);
  const lags = isBehind && !claim.hasLeft;
  if (lags === member.isLagging) return [];
  setLagging(channel, pkiId, lags);
  const sinceMs = lackingSinceMs(channel, member);
  return [
    notify({
      type: lags ? "channel-member-lagging" : "channel-member-recovered",
      channel: channel.name,
      pkiId,
      mspId,
      height: claim.height,
      behind: behindOf(member, referenceOf(channel)),
      lagMs: sinceMs === undefined ? 0 : core.now.elapsedMs - sinceMs,
    }),
  ];
}

/** Periodic scan: a member slightly behind may lag by now. */
export function checkLag(core: Core): readonly Effect[] {
  core.channels.lagCheckAtMs = core.now.elapsedMs + core.options.timing.stateInfoIntervalMs / 4;
  const effects: Effect[] = [];
  for (const channel of core.channels.table.values()) {
    noteReached(channel, referenceOf(channel), core.now);
    for (const pkiId of channel.members.keys()) effects.push(...judgeLag(core, channel, pkiId));
  }
  return effects;
}
