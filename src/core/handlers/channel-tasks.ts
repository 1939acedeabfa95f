/** What is to be done on the channels that we follow, and when. */
import type { Effect } from "../types/effect.ts";
import type { Now } from "../types/host.ts";
import { hasRecheck, recheckMembers } from "./channel-configuration.ts";
import { checkLag } from "./lag.ts";
import type { Core } from "./state.ts";
import { pullStateInfo, workThroughSnapshots } from "./state-info-pull.ts";

export function nextChannelMs(core: Core): number {
  const { lagCheckAtMs, pullAtMs, snapshots, table } = core.channels;
  if (table.size === 0) return Number.POSITIVE_INFINITY;
  const isBusy = snapshots.length > 0 || hasRecheck(core);
  return isBusy ? Number.NEGATIVE_INFINITY : Math.min(lagCheckAtMs, pullAtMs);
}

/** Work that waits is done a little in each step. */
export function attendChannels(core: Core, now: Now): readonly Effect[] {
  const { lagCheckAtMs, pullAtMs } = core.channels;
  const effects: Effect[] = [...recheckMembers(core), ...workThroughSnapshots(core, now)];
  if (lagCheckAtMs <= now.elapsedMs) effects.push(...checkLag(core, now));
  if (pullAtMs <= now.elapsedMs) effects.push(...pullStateInfo(core, now));
  return effects;
}
