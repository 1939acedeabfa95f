/** Draws the channels of a run, their organisations, and each member's role on them. */
import type { SeededRandom } from "../random.ts";

export interface ChannelPlan {
  readonly name: string;
  /** Organisations of its first configuration. */
  readonly mspIds: readonly string[];
  readonly blocksPerMinute: number;
  readonly changes: readonly PlannedChange[];
  /** Whether the orderers sometimes sign two blocks with the same number. */
  readonly forks: boolean;
}

/** A change of the configuration. */
export interface PlannedChange {
  readonly atMs: number;
  /** The organisation that is removed; undefined: anchor peers change. */
  readonly removed: string | undefined;
  /** Name of the member whose certificate is revoked from then on. */
  readonly revoked?: string;
}

/** A channel as one member follows it. */
export interface FollowedPlan {
  readonly name: string;
  readonly role: "observer" | "listed";
  readonly blocks: "none" | "verify" | "keep";
  /** Whether it gets blocks from the orderers and serves them, as a Fabric peer does. */
  readonly isFed: boolean;
  /** Period without new blocks, in milliseconds since the start. */
  readonly unfed?: readonly [number, number];
  /** Whether its user has configured the first block; otherwise it asks members of its organisation. */
  readonly hasConfigBlock: boolean;
}

/** Properties of a member that the channel plan depends on. */
interface Place {
  readonly mspId: string;
  /** Whether it is a contact of its organisation, which never leaves for good. */
  readonly isContact: boolean;
}

/** Share of the members, apart from contacts, that follow a channel of their organisation. */
const FOLLOWS = 0.85;
/** Share of the channels that revoke a member. */
const REVOKES = 0.6;
/** Share of the channels that lose an organisation, or whose orderers fork; of fed members that lag. */
const [REMOVED, FORKS, UNFED] = [0.3, 0.25, 0.3];
const HABITS = [
  { role: "observer", blocks: "none" },
  { role: "observer", blocks: "verify" },
  { role: "observer", blocks: "keep" },
  { role: "listed", blocks: "keep" },
] as const;

/** All organisations are on the first channel, some of them on each other one. */
export function drawChannels(
  count: number,
  mspIds: readonly string[],
  firstPhaseMs: number,
  random: SeededRandom,
): readonly ChannelPlan[] {
  return Array.from({ length: count }, (_, i) => {
    const some = mspIds.filter(() => random.chance(0.6));
    const first = random.pick(mspIds);
    const all = i === 0 ? mspIds : some.length > 0 ? some : [first];
    const blocksPerMinute = random.pick([6, 20, 40]);
    const changes = drawChanges(all, firstPhaseMs, random);
    const forks = random.chance(FORKS);
    return { name: `ch${i + 1}`, mspIds: all, blocksPerMinute, changes, forks };
  });
}

function drawChanges(
  mspIds: readonly string[],
  firstPhaseMs: number,
  random: SeededRandom,
): readonly PlannedChange[] {
  const changes: PlannedChange[] = Array.from({ length: random.below(4) }, () => ({
    atMs: random.below(firstPhaseMs),
    removed: undefined,
  }));
  const atMs = random.below(firstPhaseMs);
  const isRemoved = random.chance(REMOVED) && mspIds.length > 1;
  if (isRemoved) changes.push({ atMs, removed: random.pick(mspIds) });
  return changes;
}

/**
 * Adds a revocation to the first channel, where all organisations are: whoever follows it knows of it from
 * there alone. If an organisation is removed, its members do not hear of it any more; then there is none.
 */
export function withRevocation(
  channels: readonly ChannelPlan[],
  revocable: readonly string[],
  firstPhaseMs: number,
  random: SeededRandom,
): readonly ChannelPlan[] {
  const [isDrawn, atMs] = [random.chance(REVOKES), random.below(firstPhaseMs)];
  const [first, ...others] = channels;
  const isRemoving = first?.changes.some(({ removed }) => removed !== undefined);
  if (first === undefined || !isDrawn || isRemoving || revocable.length === 0) return channels;
  const change = { atMs, removed: undefined, revoked: random.pick(revocable) };
  return [{ ...first, changes: [...first.changes, change] }, ...others];
}

export function drawFollowed(
  channels: readonly ChannelPlan[],
  { mspId, isContact }: Place,
  firstPhaseMs: number,
  random: SeededRandom,
): readonly FollowedPlan[] {
  return channels.flatMap(({ name, mspIds }): readonly FollowedPlan[] => {
    const [follows, habit] = [random.chance(FOLLOWS), random.pick(HABITS)];
    const hasConfigBlock = random.chance(0.5);
    const [fromMs, isUnfed] = [random.below(firstPhaseMs), random.chance(UNFED)];
    const unfed = [fromMs, fromMs + random.below(firstPhaseMs)] as const;
    if (!mspIds.includes(mspId)) return [];
    const fed = { role: "listed", blocks: "verify", isFed: true, hasConfigBlock: true } as const;
    if (isContact) return [{ name, ...fed, ...(isUnfed ? { unfed } : {}) }];
    return follows ? [{ name, ...habit, isFed: false, hasConfigBlock }] : [];
  });
}
