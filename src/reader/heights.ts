/** From verified StateInfo to the table of a channel. */
import type { StateInfoClaim } from "../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { Identity } from "../core/types/host.ts";
import { chaincodesOf, dateOf, msOf } from "../following/describe-state-info.ts";
import type { ChannelMember } from "../following/views.ts";
import { BLOCK_NUMBER, type OptionKinds } from "../lib/arguments.ts";
import type { ChannelHeights } from "./views.ts";

/** The newest StateInfo of an author, signed by it; the author may read the channel. */
export interface Believed {
  readonly identity: Identity;
  readonly claim: StateInfoClaim;
}

/** Limits beyond which a peer lags; undefined: never. */
export interface LagLimits {
  readonly behindMax?: bigint | undefined;
  readonly lagMaxMs?: number | undefined;
}

export const LAG_LIMITS: OptionKinds<LagLimits> = {
  behindMax: { ...BLOCK_NUMBER, words: "a number of blocks as a bigint, such as 10n" },
  lagMaxMs: {
    words: "milliseconds from 0",
    fits: (value) => typeof value === "number" && value >= 0,
  },
};

interface HeightsInput {
  readonly configuration: ChannelConfiguration;
  readonly trust: string;
  readonly believed: readonly Believed[];
  /** The endpoints of peers that answered. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** Number of the newest verified block, plus one. */
  readonly provenHeight: bigint;
  /** Peers that could not serve the block that their height implies. */
  readonly disproved: ReadonlySet<string>;
  /** Creation times of known blocks by number, in milliseconds since the epoch. */
  readonly madeAtMs: ReadonlyMap<bigint, number>;
  readonly limits: LagLimits;
  readonly nowMs: number;
  readonly notes: readonly string[];
}

export function describeHeights(input: HeightsInput): ChannelHeights {
  const { configuration, trust, believed, provenHeight, notes } = input;
  const highest = highestOf(input);
  const members = believed
    .map((one) => describeMember(one, highest, input))
    .toSorted((a, b) => compare(a.mspId, b.mspId) || compare(a.subject, b.subject));
  const organisations = configuration.organisations.map(({ mspId, anchors }) => {
    const own = members.filter((member) => member.mspId === mspId);
    const heights = own.map(({ height }) => height);
    return {
      mspId,
      anchors: anchors.map(({ host, port }) => `${host}:${port}`),
      members: own.length,
      heightMax: heights.reduce(maxOf, 0n),
    };
  });
  return {
    name: configuration.channel,
    role: null,
    blocks: null,
    configSequence: configuration.sequence,
    height: provenHeight,
    organisations,
    members,
    trust,
    notes,
    problems: [],
  };
}

/** The reference for lag: the highest published height that was not disproved. */
export function highestOf({
  believed,
  provenHeight,
  disproved,
}: Pick<HeightsInput, "believed" | "provenHeight" | "disproved">): bigint {
  const credible = believed.filter(
    ({ identity, claim }) => !disproved.has(identity.pkiId) && !claim.hasLeft,
  );
  return credible.map(({ claim }) => claim.height).reduce(maxOf, provenHeight);
}

function describeMember(
  { identity, claim }: Believed,
  highest: bigint,
  { endpoints, limits, madeAtMs, nowMs, disproved }: HeightsInput,
): ChannelMember {
  const { pkiId, mspId, subject } = identity;
  const { height, hasLeft: leftChannel, changedAtNs, loadedAtNs } = claim;
  const isBehind = height < highest && !disproved.has(pkiId);
  const behind = isBehind ? highest - height : 0n;
  const missingSinceMs = madeAtMs.get(height);
  // Without the block itself, we know only that it came after the peer's last change.
  const sinceMs = missingSinceMs ?? msOf(changedAtNs);
  const lagMs = isBehind ? Math.max(0, Math.round(nowMs - sinceMs)) : null;
  const endpoint = endpoints.get(pkiId) ?? null;
  return {
    pkiId,
    mspId,
    subject,
    endpoint,
    status: endpoint === null ? "unknown" : "alive",
    self: false,
    height,
    behind,
    committedAt: dateOf(changedAtNs),
    loadedAt: dateOf(loadedAtNs),
    lagMs,
    lagging: !leftChannel && exceeds(limits, behind, lagMs),
    leftChannel,
    chaincodes: chaincodesOf(claim),
  };
}

function exceeds(limits: LagLimits, behind: bigint, lagMs: number | null): boolean {
  const { behindMax, lagMaxMs } = limits;
  if (behindMax !== undefined && behind > behindMax) return true;
  return lagMaxMs !== undefined && lagMs !== null && lagMs > lagMaxMs;
}

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
