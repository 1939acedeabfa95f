/** What is wrong with a channel at this moment. Pure: what is known of it goes in, faults come out. */
import type { Core } from "../../core/core.ts";
import { lackingSinceMs, referenceOf } from "../../core/handlers/lag.ts";
import { missingSinceMs } from "../../core/rules/lag.ts";
import {
  type BelievedStateInfo,
  type FollowedChannel,
  isOnChannel,
} from "../../core/tables/channels.ts";
import type { Now, PkiId } from "../../core/types/host.ts";
import {
  type Inconsistency,
  type OwnedCertificate,
  tellEnd,
} from "../../following/config-problems.ts";
import type { ChannelProblemCode } from "../../following/views.ts";
import { knownPkiId } from "../../wire/received.ts";
import type { EventOf } from "../events.ts";

/** A fault, and whose it is. */
export interface ChannelFault {
  readonly code: ChannelProblemCode;
  readonly mspId: string | null;
  readonly pkiId: string | null;
  readonly about: string;
  /** A sentence without its end. */
  readonly detail: string;
}

/** A configuration block that changes what members need to know. */
export interface Turn {
  readonly number: bigint;
  /** When we put it in force. */
  readonly atMs: number;
  /** Capabilities that it brings, like `V3_0 of the channel`. */
  readonly requires: readonly string[];
  /** Certificates that it revokes, as far as they are still revoked; a word for each. */
  readonly revokes: readonly string[];
}

/** What is known of a channel beside what its members say. */
export interface ChannelFacts {
  readonly isConfigured: boolean;
  /** Since when we look for its configuration, and what stood in the way. */
  readonly unknownSinceMs: number;
  readonly complaints: readonly string[];
  readonly certificates: readonly OwnedCertificate[];
  readonly inconsistencies: readonly Inconsistency[];
  readonly turns: readonly Turn[];
  /** Who did not answer the last question for blocks; undefined: it was answered. */
  readonly silent: string | undefined;
  /** What was found in blocks and configurations, until it is refuted. */
  readonly findings: readonly ChannelFault[];
  /** The latest invalid block of each member that gave one. */
  readonly rejected: readonly Rejection[];
}

export type Rejection = Pick<
  EventOf<"block-rejected">,
  "code" | "number" | "pkiId" | "mspId" | "reason"
>;

/** A configuration is asked for every 250 ms: so long it may take. */
export const SEARCH_MS = 30_000;
/** Silence is how peers refuse. Fabric's accept nobody of an organisation with such a list. */
const REFUSED_READING =
  "it is overloaded, or our certificate does not satisfy Readers there, is revoked, or the newest configuration has a revocation list of our organisation without authority key identifier, with which no certificate of it is valid";
/** StateInfo is published, and asked for, once in such a round. */
const GRACE_ROUNDS = 3;

export function channelFaults(
  core: Core,
  channel: FollowedChannel,
  facts: ChannelFacts,
  now: Now,
): readonly ChannelFault[] {
  const { configuration } = channel;
  const { self } = core.options;
  // Whoever was removed from a channel has nothing to say about it.
  if (configuration !== undefined && !isOnChannel(channel, self.mspId, self.mspId)) return [];
  if (!facts.isConfigured) return [...unknownConfiguration(facts, now), ...facts.findings];
  const isFollowed = facts.findings.every(({ code }) => code !== "config-unusable");
  return [
    ...facts.findings,
    ...rejectedBlocks(core, channel, facts),
    ...memberFaults(core, channel, facts, now),
    ...(isFollowed ? heightFaults(core, channel, facts, now) : []),
    ...certificateFaults(facts, core.options.timing.expiryNoticesMs[0] ?? 0, now),
    ...facts.inconsistencies.map(({ mspId, detail }) => ({
      ...ofChannel("config-inconsistent", detail.replace(/\.$/, ""), detail),
      mspId,
    })),
  ];
}

function ofChannel(code: ChannelProblemCode, detail: string, about = ""): ChannelFault {
  return { code, mspId: null, pkiId: null, about, detail };
}

function unknownConfiguration(
  { unknownSinceMs, complaints }: ChannelFacts,
  now: Now,
): readonly ChannelFault[] {
  const forMs = now.elapsedMs - unknownSinceMs;
  if (forMs < SEARCH_MS) return [];
  const why = complaints.map((one) => one.replace(/\.$/, "")).join("; ");
  const reason = why || "no member of our organisation speaks of this channel";
  return [
    ofChannel(
      "config-unknown",
      `its configuration is not known after ${seconds(forMs)}: ${reason}`,
    ),
  ];
}

/** Of members that are still on the channel: of others nothing better can come. */
function rejectedBlocks(
  core: Core,
  { members }: FollowedChannel,
  { rejected }: ChannelFacts,
): readonly ChannelFault[] {
  return rejected.flatMap(({ number, pkiId, mspId, reason }) => {
    const known = knownPkiId(pkiId);
    if (known === null || !members.has(known)) return [];
    const who = `${nameOf(core, known)} of ${mspId}`;
    const detail = `${who} gave a block ${number} that is not valid: ${reason}`;
    return [{ code: "block-rejected" as const, mspId, pkiId, about: "", detail }];
  });
}

/** Members that have not got past a configuration block. */
function memberFaults(
  core: Core,
  channel: FollowedChannel,
  { turns }: ChannelFacts,
  now: Now,
): readonly ChannelFault[] {
  const graceMs = GRACE_ROUNDS * core.options.timing.stateInfoIntervalMs;
  const before = (number: bigint) =>
    [...channel.members].filter(
      ([pkiId, { claim }]) =>
        !claim.hasLeft && claim.height <= number && pkiId !== core.options.self.pkiId,
    );
  return turns
    .filter(({ atMs }) => now.elapsedMs - atMs >= graceMs)
    .flatMap((turn) =>
      before(turn.number).flatMap(([pkiId, member]) => [
        ...whyStopped(core, channel, { pkiId, member, turn }, now),
        ...whyAccepting(core, { pkiId, member, turn }),
      ]),
    );
}

/** A member that has not committed the block of a turn. */
interface Late {
  readonly pkiId: PkiId;
  readonly member: BelievedStateInfo;
  readonly turn: Turn;
}

/** Its blocks end with the one before: it stopped while it took this one in. */
function whyStopped(
  core: Core,
  channel: FollowedChannel,
  { pkiId, member, turn: { number, requires } }: Late,
  now: Now,
): readonly ChannelFault[] {
  if (member.claim.height !== number || requires.length === 0) return [];
  const sinceMs = lackingSinceMs(channel, member);
  if (sinceMs === undefined || now.elapsedMs - sinceMs < channel.lag.timeMs) return [];
  const who = `${nameOf(core, pkiId)} of ${member.mspId}`;
  const detail = `${who} stands before block ${number}, which requires ${requires.join(", ")}`;
  const about = String(number);
  return [{ code: "capability-stops-member", mspId: member.mspId, pkiId, about, detail }];
}

/** It does not know yet who is revoked. */
function whyAccepting(
  core: Core,
  { pkiId, member: { claim, mspId }, turn: { number, revokes } }: Late,
): readonly ChannelFault[] {
  if (revokes.length === 0 || core.members.table.get(pkiId)?.status !== "alive") return [];
  const who = `${nameOf(core, pkiId)} of ${mspId}`;
  const count = revokes.length;
  const what = `${count} certificate${count === 1 ? " is" : "s are"} revoked`;
  const blocks = `${claim.height} block${claim.height === 1n ? "" : "s"}`;
  const detail = `${who} has ${blocks}, and not yet block ${number}, with which ${what}`;
  return [{ code: "crl-pending", mspId, pkiId, about: String(number), detail }];
}

function* heightFaults(
  core: Core,
  channel: FollowedChannel,
  facts: ChannelFacts,
  now: Now,
): Generator<ChannelFault> {
  const { lag, provenHeight, reached } = channel;
  const newest = reached.at(-1);
  const stillMs = newest === undefined ? 0 : now.elapsedMs - newest.atMs;
  if (lag.stillMs !== undefined && stillMs >= lag.stillMs) {
    const detail = `no block has come for ${seconds(stillMs)}: there are ${newest?.height} as before`;
    yield ofChannel("channel-still", detail);
  }
  const graceMs = GRACE_ROUNDS * core.options.timing.stateInfoIntervalMs;
  const sinceMs = missingSinceMs(reached, provenHeight);
  const highest = referenceOf(channel);
  if (sinceMs === undefined || highest <= provenHeight) return;
  const forMs = now.elapsedMs - sinceMs;
  if (forMs < Math.max(lag.timeMs, graceMs)) return;
  const unproven = `members say that there are ${highest} blocks, but only ${provenHeight} are proven: for ${seconds(forMs)} nobody has shown one that follows and is signed by the orderers`;
  yield ofChannel("height-unproven", `${unproven}${whyUnproven(core, channel, facts)}`);
}

/** What the members that were asked for the blocks gave; empty: nothing is known of it. */
function whyUnproven(core: Core, channel: FollowedChannel, facts: ChannelFacts): string {
  const [rejected] = rejectedBlocks(core, channel, facts);
  if (rejected !== undefined) return `; ${rejected.detail}`;
  const { silent } = facts;
  return silent === undefined ? "" : `; ${silent} does not answer: ${REFUSED_READING}`;
}

function certificateFaults(
  { certificates }: ChannelFacts,
  noticeMs: number,
  { wallMs }: Now,
): readonly ChannelFault[] {
  return certificates
    .filter(({ notAfter }) => notAfter.getTime() - wallMs < noticeMs)
    .map((one) => {
      const isOver = one.notAfter.getTime() <= wallMs;
      const code = isOver ? "certificate-expired" : "certificate-ending";
      const about = `${one.kind} ${one.sha256}`;
      return { ...ofChannel(code, tellEnd(one, wallMs), about), mspId: one.mspId };
    });
}

function nameOf(core: Core, pkiId: PkiId): string {
  const member = core.members.table.get(pkiId);
  return member?.endpoint || member?.internalEndpoint || pkiId.slice(0, 16);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
