/**
 * Dissemination of heartbeats in networks too large to simulate whole: real neighbour function,
 * links of 1 to 5 ms, real waiting times and copy suppression.
 */

import { createSeededRandom } from "../simulation/random.ts";
import { ROUTINE_WAIT, sparing } from "../src/core/handlers/audience.ts";
import { findNeighbours, type Rings } from "../src/core/rules/neighbours.ts";
import { ROUTINE_BATCH } from "../src/core/tables/routine-queue.ts";
import type { PkiId } from "../src/core/types/host.ts";
import { DEFAULT_TIMING } from "../src/core/types/options.ts";
import { mean, round } from "./measure.ts";

export interface SpreadResult {
  readonly members: number;
  readonly strategy: string;
  readonly heartbeats: number;
  /** Share of the other members that a heartbeat reaches; mean and worst. */
  readonly coverage: number;
  readonly coverageMin: number;
  readonly hopsMean: number;
  readonly hopsMax: number;
  /** Milliseconds until the last member has it; mean and worst. */
  readonly lastMs: number;
  readonly lastMsMax: number;
  /** Copies of a heartbeat per member. */
  readonly copies: number;
  readonly linksMean: number;
}

/** Milliseconds for which a member holds a message. */
type Wait = () => number;

/** The members to which one relays the routine heartbeat of this author and sequence. */
type Choose = (member: number, author: number, sequence: bigint) => readonly number[];

const HEARTBEATS = 200;
const FANOUT = 3;

export function benchSpread(members: number, strategy: "neighbours" | "random"): SpreadResult {
  const { below } = createSeededRandom(1);
  const overlay = strategy === "neighbours" ? createOverlay(members, below) : undefined;
  const choose: Choose = overlay?.choose ?? ((member) => draw(members, member, below));
  const burst: Wait = () => 1 + below(DEFAULT_TIMING.burstLatencyMs);
  const wait = strategy === "neighbours" ? routineWait(members, below) : burst;
  const beats = Array.from({ length: HEARTBEATS }, (_, i) =>
    spread(members, choose, burst, wait, BigInt(i), below),
  );
  const shares = beats.map(({ reached }) => reached / (members - 1));
  return {
    members,
    strategy,
    heartbeats: HEARTBEATS,
    coverage: round(mean(shares), 4),
    coverageMin: round(Math.min(...shares), 4),
    hopsMean: round(mean(beats.map(({ hopsMean }) => hopsMean)), 1),
    hopsMax: Math.max(...beats.map(({ hopsMax }) => hopsMax)),
    lastMs: Math.round(mean(beats.map(({ lastMs }) => lastMs))),
    lastMsMax: Math.round(Math.max(...beats.map(({ lastMs }) => lastMs))),
    copies: round(mean(beats.map(({ copies, reached }) => copies / reached)), 2),
    linksMean: overlay ? round(overlay.linksMean, 2) : members - 1,
  };
}

type Below = (limit: number) => number;

/** What waits leaves at regular moments, or when a batch is complete. */
function routineWait(members: number, below: Below): Wait {
  const { aliveIntervalMs } = DEFAULT_TIMING;
  const fullMs = (ROUTINE_BATCH * aliveIntervalMs) / members;
  const wholeMs = Math.max(1, Math.min(aliveIntervalMs * ROUTINE_WAIT, fullMs));
  return () => Math.ceil((wholeMs * below(1_000)) / 1_000);
}

interface Overlay {
  readonly choose: Choose;
  readonly linksMean: number;
}

function createOverlay(members: number, below: Below): Overlay {
  const hex = (): string =>
    below(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const all = Array.from({ length: members }, () => {
    const pkiId = Array.from({ length: 8 }, hex).join("") as PkiId;
    return { pkiId, certificate: pkiId, mspId: "Org1MSP", isExternal: true };
  });
  const indexOf = new Map(all.map(({ pkiId }, index) => [pkiId, index]));
  const rings = all.map((self): Rings => {
    const others = all.filter((other) => other !== self);
    return findNeighbours(self, others, [1, 1]).home;
  });
  const idOf = (member: number): PkiId => all[member]?.pkiId ?? ("" as PkiId);
  return {
    choose(member, author, sequence) {
      const own = rings[member] ?? [];
      // The author uses all of its links.
      const isAuthor = member === author;
      const to = isAuthor ? own.flat() : sparing(own, idOf(member), idOf(author), sequence);
      return [...new Set(to)].map((pkiId) => indexOf.get(pkiId) ?? 0);
    },
    linksMean: mean(rings.map((own) => new Set(own.flat()).size)),
  };
}

function draw(members: number, self: number, below: Below): readonly number[] {
  const drawn = new Set<number>();
  while (drawn.size < Math.min(FANOUT, members - 1)) {
    const member = below(members);
    if (member !== self) drawn.add(member);
  }
  return [...drawn];
}

interface Beat {
  readonly reached: number;
  readonly copies: number;
  readonly hopsMean: number;
  readonly hopsMax: number;
  readonly lastMs: number;
}

/** One heartbeat, copy by copy in the order of arrival. */
function spread(
  members: number,
  choose: Choose,
  authorWait: Wait,
  wait: Wait,
  sequence: bigint,
  below: Below,
): Beat {
  const author = below(members);
  const has = new Map<number, { hops: number; senders: Set<number> }>();
  /** Events per millisecond. */
  const underway: (() => void)[][] = [];
  let [copies, lastMs] = [0, 0];
  const later = (atMs: number, run: () => void): void => {
    const moment = underway[atMs];
    if (moment) moment.push(run);
    else underway[atMs] = [run];
  };
  const pass = (member: number, hops: number, senders: Set<number>, nowMs: number): void =>
    later(nowMs + (member === author ? authorWait : wait)(), () => {
      for (const to of choose(member, author, sequence)) {
        if (!senders.has(to)) later(clockMs + 1 + below(5), () => arrive(to, member, hops + 1));
      }
    });
  const arrive = (to: number, from: number, hops: number): void => {
    copies += 1;
    const known = has.get(to);
    if (known) known.senders.add(from);
    else if (to !== author) {
      const senders = new Set([from, author]);
      has.set(to, { hops, senders });
      lastMs = clockMs;
      pass(to, hops, senders, clockMs);
    }
  };
  let clockMs = 0;
  pass(author, 0, new Set(), 0);
  for (; clockMs < underway.length; clockMs++) {
    const moment = underway[clockMs] ?? [];
    for (let run = moment.pop(); run; run = moment.pop()) run();
  }
  const hops = [...has.values()].map((one) => one.hops);
  return {
    reached: has.size,
    copies,
    hopsMean: mean(hops),
    hopsMax: Math.max(...hops),
    lastMs,
  };
}
