/**
 * Snapshots of the StateInfo that a member holds of a channel: we ask some members every few seconds,
 * and answer whoever asks. Source: spec D 3 (Fabric's `requestStateInfo`, `handleStateInfSnapshot`).
 */
import { channelByMac, stateInfoPullRequest } from "../../channel/rules/state-info.ts";
import { copyBytes } from "../../wire/bytes.ts";
import { encodeUnsigned } from "../../wire/envelope.ts";
import { TAG } from "../../wire/messages.ts";
import { shuffled } from "../rules/shuffle.ts";
import {
  type FollowedChannel,
  hastenPull,
  isOnChannel,
  type PendingSnapshot,
  planPull,
} from "../tables/channels.ts";
import { useIdentity } from "../tables/identities.ts";
import { aliveMembers, endpointOf, preferredEndpoint } from "../tables/members.ts";
import type { DropCode } from "../types/drop.ts";
import { drop, type Effect, send } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { spendAnswer } from "./check.ts";
import { hearStateInfo } from "./hear-state-info.ts";
import { checkLag } from "./lag.ts";
import type { Core } from "./state.ts";

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** Time after our request in which a snapshot counts as its answer. */
const ANSWER_WAIT_MS = 10_000;
/** Maximum queued snapshots; one per peer and channel. */
const PENDING_MAX = 64;
/** Elements of a snapshot that are compared with what we hold for each one that may be verified. */
const READS_PER_CHECK = 16;

/** Requests the StateInfo of each channel from some members. */
export function pullStateInfo(core: Core): readonly Effect[] {
  const { channels, options } = core;
  const intervalMs = options.timing.stateInfoIntervalMs;
  planPull(channels, intervalMs + options.random.below(intervalMs / 10 + 1), core.now);
  const effects: Effect[] = [...checkLag(core)];
  for (const channel of channels.table.values()) effects.push(...pullChannel(core, channel));
  return effects;
}

/** Queries a new connection, which may know more. */
export function hurryStateInfo({ channels, now, options }: Core): void {
  if (channels.table.size === 0) return;
  hastenPull(channels, options.timing.stateInfoIntervalMs / 16, now);
}

function pullChannel(core: Core, channel: FollowedChannel): readonly Effect[] {
  const { channels, options } = core;
  for (const [pkiId, atMs] of channel.asked) {
    if (core.now.elapsedMs - atMs > ANSWER_WAIT_MS) channel.asked.delete(pkiId);
  }
  const partners = choosePartners(core, channel);
  if (partners.length === 0) return [];
  const request = stateInfoPullRequest(channels.host, options.self.pkiId, channel.name);
  const message = { bytes: encodeUnsigned(request) };
  return partners.map((member) => {
    channel.asked.set(member.pkiId, core.now.elapsedMs);
    return send(member.pkiId, preferredEndpoint(member), message);
  });
}

/** Those that said that they are on the channel, and one that did not: it may have joined lately. */
function choosePartners(core: Core, channel: FollowedChannel): readonly Member[] {
  const { fanout, random, self } = core.options;
  const candidates = aliveMembers(core.members).filter(
    (member) => !member.isCutOff && isOnChannel(channel, member.mspId, self.mspId),
  );
  const partners: Member[] = [];
  const others: Member[] = [];
  for (const member of shuffled(candidates, random)) {
    const isMember = channel.members.get(member.pkiId)?.claim.hasLeft === false;
    (isMember ? partners : others).push(member);
  }
  const known = Math.min(partners.length, fanout.pullPeers - (others.length > 0 ? 1 : 0));
  return [...partners.slice(0, known), ...others.slice(0, fanout.pullPeers - known)];
}

/** A peer asks what we hold. It sees of our own organisation only who is for others, if it is one. */
export function handleStateInfoPullRequest(
  core: Core,
  mac: Uint8Array,
  from: PkiId,
): readonly Effect[] {
  const { channels, identities, members, options } = core;
  const { self } = options;
  const channel = channelByMac(channels.table.values(), channels.host, from, mac);
  if (channel === undefined) return [drop(from, "not-followed")];
  const asker = useIdentity(identities, from, core.now);
  if (asker === undefined) return [drop(from, "identity-unknown")];
  if (!isOnChannel(channel, asker.mspId, self.mspId)) {
    return [drop(from, "state-info-organisation")];
  }
  if (!spendAnswer(core, from, channel.bytes)) return [drop(from, "answer-budget")];
  const elements: Uint8Array[] = [];
  for (const [pkiId, { claim, mspId }] of channel.members) {
    const isOurs = mspId === self.mspId && asker.mspId !== self.mspId;
    if (isOurs && !members.table.get(pkiId)?.endpoint) continue;
    elements.push(claim.envelope.bytes);
  }
  const own = core.served.get(channel.name)?.message;
  if (own !== undefined && (asker.mspId === self.mspId || core.self.externalEndpoint !== "")) {
    elements.push(own);
  }
  const bytes = encodeUnsigned({
    channel: UTF8.encode(channel.name),
    tag: TAG.chanOrOrg,
    content: { type: "state-snapshot", value: { elements } },
  });
  const isAllowed = (): boolean => isOnChannel(channel, asker.mspId, self.mspId);
  return [send(from, endpointOf(members, from), { bytes, isPersonal: true, isAllowed })];
}

/** Queues a snapshot, of whose elements (maybe thousands) each step processes a few. */
export function handleSnapshot(
  core: Core,
  name: Uint8Array,
  elements: readonly Uint8Array[],
  from: PkiId,
): readonly Effect[] {
  const { snapshots, table } = core.channels;
  const channel = table.get(TEXT.decode(name));
  if (channel === undefined) return [drop(from, "not-followed")];
  if (!channel.asked.delete(from)) return [drop(from, "pull-unsolicited")];
  if (snapshots.length >= PENDING_MAX) return [drop(from, "backlog-full")];
  const kept = elements.slice(0, core.options.limits.membersMax).map(copyBytes);
  snapshots.push({ channel: channel.name, from, elements: kept, done: 0 });
  return [];
}

/** Continues queued snapshots. */
export function workThroughSnapshots(core: Core): readonly Effect[] {
  const { snapshots, table } = core.channels;
  const [snapshot] = snapshots;
  if (snapshot === undefined) return [];
  const effects: Effect[] = [];
  const channel = table.get(snapshot.channel);
  if (channel !== undefined) consider(core, channel, snapshot, effects);
  if (channel === undefined || snapshot.done >= snapshot.elements.length) snapshots.shift();
  return effects;
}

function consider(
  core: Core,
  channel: FollowedChannel,
  snapshot: PendingSnapshot,
  effects: Effect[],
): void {
  const { elements, from } = snapshot;
  const faults = new Map<DropCode, number>();
  let readsLeft = core.options.limits.checksPerStep * READS_PER_CHECK;
  for (; snapshot.done < elements.length && readsLeft > 0; snapshot.done++) {
    const heard = hearStateInfo(core, channel, elements[snapshot.done] ?? new Uint8Array(0), {
      from,
      isPushed: false,
    });
    effects.push(...heard.effects);
    readsLeft -= heard.isChecked ? READS_PER_CHECK : 1;
    if (heard.fault === undefined || heard.fault === "stale") continue;
    faults.set(heard.fault, (faults.get(heard.fault) ?? 0) + 1);
    if (heard.fault === "check-budget") snapshot.done = elements.length;
  }
  for (const [code, times] of faults) effects.push(drop(from, code, times));
}
