/**
 * Compares the newest block of one channel at two members, now and then. Nobody signs validation codes
 * and commit hashes; but a commit hash covers everything that was committed before, so that one
 * comparison in an interval finds members that differ.
 */
import { parseBlockInTurns } from "../channel/rules/read-block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { BlockPeer } from "../following/block-peer.ts";
import { compareCopy } from "../following/compare.ts";
import type { Trust } from "../following/trust.ts";
import type { ReadBlock } from "../following/views.ts";
import { turnsOf } from "../lib/slices.ts";
import type { Clock } from "../transport/network.ts";

/** A member, and how many blocks it says it has. */
interface CopyHolder {
  readonly peer: BlockPeer;
  readonly height: bigint;
}

export interface Difference {
  readonly kind: "fork" | "results" | "forged";
  readonly number: bigint;
  /** Who gave the second copy. */
  readonly peer: BlockPeer;
  readonly code: string;
  readonly reason: string;
}

interface ComparisonOptions {
  readonly host: ChannelHost;
  readonly clock: Clock;
  /** Between two comparisons; also how long a member has to publish the height of a block. */
  readonly intervalMs: number;
  /** Both members have the block, and so all before it, alike. */
  readonly agreed: (one: BlockPeer, other: BlockPeer) => void;
  readonly differed: (difference: Difference) => void;
}

/** A block that another member is to be asked for, as soon as it says that it has it. */
interface Pending {
  readonly number: bigint;
  readonly raw: Uint8Array;
  readonly giver: BlockPeer;
  /** In force when it was verified. */
  readonly trust: Trust;
  readonly sinceMs: number;
}

export class CopyComparison {
  readonly #options: ComparisonOptions;
  /** When each member was last chosen: the one whose turn is longest ago comes first. */
  readonly #turns = new Map<string, number>();
  #turn = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #pending: Pending | undefined;

  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  /** A block that was verified just now, which `from` gave; `holders`: who is there. */
  verified(
    { block: { number, from }, raw }: ReadBlock,
    trust: Trust | undefined,
    holders: readonly CopyHolder[],
  ): void {
    const sinceMs = this.#options.clock.now().elapsedMs;
    const giver = holders.find(({ peer }) => peer.name === from)?.peer;
    // While blocks are caught up with, each would be the newest for a moment.
    const isNewest = holders.every(({ height }) => height <= number + 1n);
    const isAlone = holders.length < 2;
    if (giver === undefined || trust === undefined || !isNewest || isAlone) return;
    if (sinceMs - this.#startedMs < this.#options.intervalMs) return;
    this.heard(holders);
    this.#startedMs = sinceMs;
    this.#pending = { number, raw, giver, trust, sinceMs };
    this.heard(holders);
  }

  /** Members have published heights: the one whose turn it is is asked once it has the block, or another in its place. */
  heard(holders: readonly CopyHolder[]): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const others = holders
      .filter(({ peer }) => peer.pkiId !== pending.giver.pkiId)
      .toSorted((a, b) => this.#turnOf(a) - this.#turnOf(b));
    const [first] = others;
    const waitedMs = this.#options.clock.now().elapsedMs - pending.sinceMs;
    const isOver = waitedMs >= this.#options.intervalMs;
    const has = ({ height }: CopyHolder): boolean => height > pending.number;
    // Whoever publishes first would be compared each time, and those who are slow never.
    if (first === undefined || (!isOver && !has(first))) return;
    this.#pending = undefined;
    this.#turns.set(first.peer.pkiId, ++this.#turn);
    const chosen = others.find(has);
    if (chosen !== undefined) void this.#compare(pending, chosen.peer);
  }

  /** The member is gone. */
  gone(pkiId: string): void {
    this.#turns.delete(pkiId);
  }

  #turnOf({ peer }: CopyHolder): number {
    return this.#turns.get(peer.pkiId) ?? 0;
  }

  async #compare({ number, raw, giver, trust }: Pending, other: BlockPeer): Promise<void> {
    const { host, clock, agreed, differed } = this.#options;
    this.#turns.set(other.pkiId, ++this.#turn);
    const given = await other.request({ from: number, to: number });
    const bytes = given.ok ? given.value[0]?.bytes : undefined;
    const first = await turnsOf(parseBlockInTurns(raw), clock);
    const second = bytes && (await turnsOf(parseBlockInTurns(bytes), clock));
    if (!first.ok || !second?.ok || second.value.header.number !== number) return;
    const comparison = compareCopy(
      host,
      trust,
      { peer: giver.name, mspId: giver.mspId, block: first.value },
      { peer: other.name, mspId: other.mspId, block: second.value },
    );
    const conflict = await turnsOf(comparison, clock);
    if (conflict === undefined) return agreed(giver, other);
    const { kind, code, reason, fault = reason } = conflict;
    differed({ kind, number, peer: other, code, reason: kind === "forged" ? fault : reason });
  }
}
