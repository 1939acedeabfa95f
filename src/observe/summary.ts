/**
 * The node's view in numbers, for metrics: read off the state without a copy of it, so that it
 * takes milliseconds even of ten thousand members.
 */

import type { Core } from "../core/core.ts";
import type { Now } from "../core/types/host.ts";
import type { Member } from "../core/types/member.ts";
import type { ConnectionView } from "../transport/connection.ts";
import { type ChannelProblems, type ChannelSummary, summariseChannels } from "./channel-summary.ts";

/** One organisation. */
export interface OrganisationSummary {
  /** Ourselves included. */
  alive: number;
  /** Members believed dead and not forgotten yet. */
  dead: number;
  /** Alive members other than ourselves. */
  othersAlive: number;
  /** Since the newest alive message of each of these, milliseconds: the longest, and the sum. */
  silenceMaxMs: number;
  /** Divided by `othersAlive`, the mean. */
  silenceSumMs: number;
  /** Certificates known. */
  identities: number;
  /** Until the first certificate of another member expires; Infinity: there is none. */
  remainingMinMs: number;
  /**
   * Of the alive members with an external endpoint: equal on all members that may see them and do.
   * For each the first 48 bits of its PKI-ID plus its incarnation, summed modulo 2^48.
   */
  publicChecksum: number;
  /** The same of all alive members; meaningful within the organisation only. */
  checksum: number;
  /** Members to which we pass messages on. */
  neighbours: number;
}

/** The view of one node in numbers. */
export interface Summary {
  /** By MSP-ID, our own among them. */
  readonly organisations: ReadonlyMap<string, OrganisationSummary>;
  /** Our organisation. */
  readonly ownMspId: string;
  /** Whether we have an external endpoint: without one we do not see other organisations. */
  readonly isExternal: boolean;
  /** Until our own certificate expires, milliseconds; negative afterwards. */
  readonly ownRemainingMs: number;
  /** Connections with a finished handshake, by who dialled, and what waits on them. */
  readonly connections: {
    readonly inbound: number;
    readonly outbound: number;
    /** Messages that wait to be written: all, and for the peer for which most wait. */
    readonly queued: number;
    readonly queuedMax: number;
  };
  /** The channels that we follow. */
  readonly channels: readonly ChannelSummary[];
  /** Alive messages that wait for the identity of their author. */
  readonly identitiesAwaited: number;
  /** Alive messages and identities received in lists that wait for their turn to be checked. */
  readonly backlog: number;
}

export function summarise(
  core: Core,
  connections: readonly ConnectionView[],
  now: Now,
  problems: ChannelProblems = new Map(),
): Summary {
  const organisations = new Map<string, OrganisationSummary>();
  const of = (mspId: string): OrganisationSummary => {
    const known = organisations.get(mspId);
    if (known !== undefined) return known;
    const empty = emptySummary();
    organisations.set(mspId, empty);
    return empty;
  };
  const { self } = core.options;
  const own = of(self.mspId);
  own.alive += 1;
  const isExternal = core.self.externalEndpoint !== "";
  addToView(own, self.pkiId, core.self.incarnation, isExternal);
  for (const member of core.members.table.values()) addMember(of(member.mspId), member, now);
  for (const { identity } of core.identities.table.values()) {
    const organisation = of(identity.mspId);
    organisation.identities += 1;
    if (identity.pkiId === self.pkiId) continue;
    const remainingMs = identity.notAfterMs - now.wallMs;
    organisation.remainingMinMs = Math.min(organisation.remainingMinMs, remainingMs);
  }
  const { home, homeExternal, abroad } = core.neighbourhood.neighbours;
  own.neighbours = new Set([...home, ...homeExternal].flat()).size;
  for (const [mspId, neighbours] of abroad) of(mspId).neighbours = neighbours.length;
  return {
    organisations,
    ownMspId: self.mspId,
    isExternal,
    ownRemainingMs: self.notAfterMs - now.wallMs,
    connections: summariseConnections(connections),
    channels: summariseChannels(core, now, problems),
    identitiesAwaited: core.verificationQueue.aside.size,
    backlog: countBacklog(core),
  };
}

function emptySummary(): OrganisationSummary {
  return {
    alive: 0,
    dead: 0,
    othersAlive: 0,
    silenceMaxMs: 0,
    silenceSumMs: 0,
    identities: 0,
    remainingMinMs: Number.POSITIVE_INFINITY,
    publicChecksum: 0,
    checksum: 0,
    neighbours: 0,
  };
}

function addMember(organisation: OrganisationSummary, member: Member, now: Now): void {
  if (member.status === "dead") {
    organisation.dead += 1;
    return;
  }
  const silenceMs = now.elapsedMs - member.lastSeenMs;
  organisation.alive += 1;
  organisation.othersAlive += 1;
  organisation.silenceMaxMs = Math.max(organisation.silenceMaxMs, silenceMs);
  organisation.silenceSumMs += silenceMs;
  addToView(organisation, member.pkiId, member.time.incNum, member.endpoint !== "");
}

const CHECKSUM_BITS = 48;
const CHECKSUM_RANGE = 2 ** CHECKSUM_BITS;
const CHECKSUM_HEX_DIGITS = CHECKSUM_BITS / 4;

/** A sum does not depend on the order; PKI-IDs are hashes, so two views have one by chance only. */
function addToView(
  organisation: OrganisationSummary,
  pkiId: string,
  incarnation: bigint,
  isExternal: boolean,
): void {
  const name = Number.parseInt(pkiId.slice(0, CHECKSUM_HEX_DIGITS), 16);
  const start = Number(BigInt.asUintN(CHECKSUM_BITS, incarnation));
  const term = (name + start) % CHECKSUM_RANGE;
  organisation.checksum = (organisation.checksum + term) % CHECKSUM_RANGE;
  if (!isExternal) return;
  organisation.publicChecksum = (organisation.publicChecksum + term) % CHECKSUM_RANGE;
}

function summariseConnections(connections: readonly ConnectionView[]): Summary["connections"] {
  let [outbound, queued, queuedMax] = [0, 0, 0];
  for (const connection of connections) {
    if (connection.outbound) outbound += 1;
    if (!connection.isPreferred) continue; // The other link to this peer shows the same queue.
    queued += connection.queued;
    queuedMax = Math.max(queuedMax, connection.queued);
  }
  return { inbound: connections.length - outbound, outbound, queued, queuedMax };
}

function countBacklog({ verificationQueue }: Core): number {
  let waiting =
    verificationQueue.backlog.length - verificationQueue.done + verificationQueue.rejudge.size;
  for (const { entries, done } of verificationQueue.lists.values())
    waiting += entries.length - done;
  return waiting;
}
