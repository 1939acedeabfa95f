/**
 * The configuration of a channel changes: who belongs to it is judged again at once. The host has put
 * its MSPs into the crypto before. Source: spec D 1 and 9 (Fabric's `ConfigureChannel`).
 */
import { isReader } from "../../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../../channel/types/configuration.ts";
import {
  configure,
  type FollowedChannel,
  isOnChannel,
  noteReached,
  removeStateInfo,
} from "../tables/channels.ts";
import { replaceAnchors } from "../tables/contacts.ts";
import type { Effect } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import { referenceOf } from "./lag.ts";
import type { Core } from "./state.ts";
import { hurryStateInfo } from "./state-info-pull.ts";
import { rejudgeAll } from "./verification.ts";

/** Puts a configuration in force. */
export function configureChannel(
  core: Core,
  name: string,
  configuration: ChannelConfiguration,
): readonly Effect[] {
  const { channels, options } = core;
  const channel = channels.table.get(name);
  if (channel === undefined || !configure(channel, configuration)) return [];
  proveHeight(core, name, configuration.blockNumber + 1n);
  for (const [pkiId, { mspId }] of channel.members) {
    if (isOnChannel(channel, mspId, options.self.mspId)) channel.recheck.add(pkiId);
    else removeStateInfo(channel, pkiId);
  }
  replaceAnchors(core, name, anchorsOf(core, channel));
  hurryStateInfo(core);
  return rejudgeAll(core);
}

/**
 * Without an external endpoint, foreign anchor peers would refuse us, so we do not contact them.
 */
function anchorsOf({ options, self }: Core, channel: FollowedChannel): readonly string[] {
  const { mspId: ownMspId } = options.self;
  if (channel.configuration === undefined || !isOnChannel(channel, ownMspId, ownMspId)) return [];
  return channel.configuration.organisations.flatMap(({ mspId, anchors }) => {
    const isHidden = mspId !== ownMspId && self.externalEndpoint === "";
    const usable = anchors.filter(({ host, port }) => host !== "" && port > 0);
    return isHidden ? [] : usable.map(({ host, port }) => `${host}:${port}`);
  });
}

/** Records a verified height, from which lag is measured. */
export function proveHeight(core: Core, name: string, height: bigint): readonly Effect[] {
  const channel = core.channels.table.get(name);
  if (channel === undefined || height <= channel.provenHeight) return [];
  channel.provenHeight = height;
  noteReached(channel, referenceOf(channel), core.now);
  return [];
}

/** A member could not show the block that its height promises. */
export function disproveHeight(
  core: Core,
  name: string,
  pkiId: PkiId,
  height: bigint,
): readonly Effect[] {
  const channel = core.channels.table.get(name);
  if (channel?.members.has(pkiId)) channel.disproved.set(pkiId, height);
  return [];
}

/** Rejudges some members, without checking their valid signatures again. */
export function recheckMembers(core: Core): readonly Effect[] {
  let left = core.options.limits.checksPerStep;
  for (const channel of core.channels.table.values()) {
    for (const pkiId of channel.recheck) {
      if (left-- === 0) return [];
      channel.recheck.delete(pkiId);
      const identity = core.identities.table.get(pkiId)?.identity;
      const { configuration } = channel;
      const mayStay = identity && (!configuration || isReader(configuration, identity.bytes));
      if (!mayStay) removeStateInfo(channel, pkiId);
    }
  }
  return [];
}

/** Forgets the StateInfo of former members. */
export function expireStateInfo({ channels, members, now, options }: Core): readonly Effect[] {
  const graceMs = 5 * options.timing.stateInfoIntervalMs;
  for (const channel of channels.table.values()) {
    for (const [pkiId, { heardMs }] of channel.members) {
      const isGone = !members.table.has(pkiId) && pkiId !== options.self.pkiId;
      if (isGone && now.elapsedMs - heardMs > graceMs) removeStateInfo(channel, pkiId);
    }
  }
  return [];
}
