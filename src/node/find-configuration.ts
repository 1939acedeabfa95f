/** Until the configuration of a channel is known, members of our own organisation are asked for it. */
import type { ChannelHost } from "../channel/types/host.ts";
import type { Identity } from "../core/types/host.ts";
import { fetchBlock } from "../following/fetch.ts";
import { askTrust } from "../following/find-trust.ts";
import { makeTrust, type Trust } from "../following/trust.ts";
import { turnsOf } from "../lib/slices.ts";
import { equalBytes } from "../wire/bytes.ts";
import type { Candidate } from "./candidates.ts";

/** Members asked for a configuration at a time. */
const ASKED_MAX = 3;

interface FoundConfiguration {
  readonly newest: Trust | undefined;
  /** Why others gave none, one sentence each. */
  readonly notes: readonly string[];
  /** Two that contradict each other. */
  readonly rivals: readonly [Trust, Trust] | undefined;
}

export async function findConfiguration(
  host: ChannelHost,
  channel: string,
  self: Identity,
  candidates: readonly Candidate[],
): Promise<FoundConfiguration> {
  const ours = candidates.filter(({ identity }) => identity.mspId === self.mspId);
  let newest: Trust | undefined;
  let rivals: FoundConfiguration["rivals"];
  const notes: string[] = [];
  for (const { peer, height } of ours.slice(0, ASKED_MAX)) {
    const remedy = `name a configBlock for ${channel}`;
    const found = await askTrust(peer, host, { channel, height, self, remedy });
    if (!found.ok) {
      notes.push(`${peer.name}: ${found.reason}.`);
      continue;
    }
    const { value } = found;
    if (newest !== undefined && isRival(value, newest)) rivals = [newest, value];
    if (newest === undefined || isMoreRecent(value, newest)) newest = value;
  }
  return { newest, notes, rivals };
}

/**
 * The first block as a member of our own organisation has it, whose word it is: a listed member must have
 * every block. That the newest configuration follows from it is seen when the blocks come.
 */
export async function findFirstBlock(
  host: ChannelHost,
  channel: string,
  self: Identity,
  candidates: readonly Candidate[],
): Promise<Trust | undefined> {
  const ours = candidates.filter(({ identity }) => identity.mspId === self.mspId);
  for (const { peer } of ours.slice(0, ASKED_MAX)) {
    const block = await fetchBlock(peer, channel, 0n);
    if (!block.ok) continue;
    const origin = `taken from ${peer.name} of ${self.mspId}, whose word it is`;
    const trust = await turnsOf(makeTrust(host, block.value.bytes, origin), peer.clock);
    if (trust.ok && trust.value.configuration.channel === channel) return trust.value;
  }
  return undefined;
}

export function isMoreRecent(a: Trust, b: Trust): boolean {
  return a.configuration.blockNumber > b.configuration.blockNumber;
}

function isRival(a: Trust, b: Trust): boolean {
  const isSameNumber = a.configuration.blockNumber === b.configuration.blockNumber;
  return isSameNumber && !equalBytes(a.hash, b.hash);
}
