/** Measures how long members live, and how soon others know of the end of a process. */

import type { Figures } from "./dissemination.ts";
import { createNumberCounts } from "./histogram.ts";
import type { Watcher } from "./watcher.ts";
import type { World } from "./world.ts";

export interface DeathFigures extends Figures {
  /** Members times deaths: each observer counts. */
  readonly count: number;
  /** Each of them in tenths of a second, so that several runs can be added up. */
  readonly ticks: readonly number[];
}

export interface Lifetimes {
  readonly watcher: Watcher;
  /** Call once per virtual second. */
  second(): void;
  /** Time in which members lived, added up over all of them. */
  memberHours(): number;
  /** The same at {@link LOSSY} or more. */
  lossyMemberHours(): number;
  /** Seconds from the end of a process until another member, which knew it alive, calls it dead. */
  deathsKnown(): DeathFigures;
}

/** Packet loss from which an hour counts as lossy. */
const LOSSY = 0.05;
/** Resolution and maximum of the times until deaths are known. */
const TICKS_PER_SECOND = 10;
const TICKS_MAX = 120 * TICKS_PER_SECOND;
const HOUR_SECONDS = 3_600;

export function createLifetimes(world: World): Lifetimes {
  const endedMs = new Map<string, number>();
  /** Observers that first heard of somebody who had gone already: they notice no death. */
  const learntLate = new Set<string>();
  const delays = createNumberCounts(TICKS_MAX);
  const ticks: number[] = [];
  let [livedSeconds, lossySeconds] = [0, 0];
  return {
    watcher: {
      began: ({ member }) => endedMs.delete(member.issued.identity.pkiId),
      ended: (member, nowMs) => endedMs.set(member.issued.identity.pkiId, nowMs),
      event({ bornMs, number }, event, atMs) {
        if (event.type !== "member-dead" && event.type !== "member-joined") return;
        const sinceMs = endedMs.get(event.member.pkiId);
        if (sinceMs === undefined || bornMs > sinceMs) return;
        const pair = `${number} ${event.member.pkiId} ${sinceMs}`;
        if (event.type === "member-joined") {
          if (atMs > sinceMs) learntLate.add(pair);
          return;
        }
        if (learntLate.has(pair) || event.reason === "listed-dead") return;
        const after = Math.min(
          TICKS_MAX,
          Math.round(((atMs - sinceMs) / 1_000) * TICKS_PER_SECOND),
        );
        ticks.push(after);
        delays.add(after);
      },
    },
    second() {
      const living = world.members.filter(({ life }) => life !== undefined).length;
      livedSeconds += living;
      if (world.network.loss >= LOSSY) lossySeconds += living;
    },
    memberHours: () => livedSeconds / HOUR_SECONDS,
    lossyMemberHours: () => lossySeconds / HOUR_SECONDS,
    deathsKnown() {
      const { mean, p50, p99, max } = delays.figures();
      const seconds = (ticks: number): number => ticks / TICKS_PER_SECOND;
      return {
        count: ticks.length,
        ticks,
        mean: seconds(mean),
        p50: seconds(p50),
        p99: seconds(p99),
        max: seconds(max),
      };
    },
  };
}
