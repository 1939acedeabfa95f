/** What is told when another configuration of a channel comes into force. */
import { diffConfigurations } from "../following/config-diff.ts";
import { describeConfiguration } from "../following/config-view.ts";
import type { Trust } from "../following/trust.ts";
import type { EventContent } from "../observe/events.ts";

export function changeOf(
  channel: string,
  before: Trust,
  after: Trust,
  wallMs: number,
): EventContent {
  const [former, present] = [describe(before, wallMs), describe(after, wallMs)];
  const { sequence, blockNumber: number } = after.configuration;
  const diff = diffConfigurations(former, present);
  return { type: "channel-config-changed", channel, sequence, number, ...diff };
}

function describe({ configuration, origin }: Trust, wallMs: number) {
  return { configuration, view: describeConfiguration(configuration, origin, wallMs) };
}
