/** Generates random faults: kind, frequency, start, duration and affected members. */
import type { SimulatedFault } from "./fault.ts";
import { CONTACTS, type Seat } from "./layout.ts";
import type { SeededRandom } from "./random.ts";

export type FaultKind =
  | Exclude<SimulatedFault["type"], "cut">
  /** A crash by a power cut, long enough for others to notice: nothing is heard any more. */
  | "outage"
  /** A symmetric and an asymmetric cut. */
  | "partition"
  | "one-way";

interface Draw {
  readonly seats: readonly Seat[];
  readonly random: SeededRandom;
  /** No fault starts after this moment. */
  readonly endMs: number;
  /** Members with a permanent fault; they receive no other faults. */
  readonly doomed: Set<number>;
}

/** Fault-free time at the start, in which the network forms. */
const QUIET_MS = 5_000;

/** Draws faults at the given mean rates per minute. */
export function drawFaults(
  perMinute: Partial<Record<FaultKind, number>>,
  seats: readonly Seat[],
  firstPhaseMs: number,
  random: SeededRandom,
): readonly SimulatedFault[] {
  const draw: Draw = { seats, random, endMs: firstPhaseMs, doomed: new Set() };
  const faults: SimulatedFault[] = [];
  // Draw permanent faults first, because their members receive no other faults.
  for (const kind of [...FINAL, ...PASSING]) {
    const mean = ((perMinute[kind] ?? 0) * firstPhaseMs) / 60_000;
    const count = Math.floor(mean) + (random.chance(mean % 1) ? 1 : 0);
    for (let i = 0; i < count; i++) {
      const fault = drawOne(kind, draw);
      if (fault !== undefined) faults.push(fault);
    }
  }
  return faults.map((fault) => withMemory(fault, faults)).toSorted((a, b) => a.fromMs - b.fromMs);
}

/** A member that loses its incarnation while its clock goes back stays stale until the clock catches up. */
function withMemory(fault: SimulatedFault, faults: readonly SimulatedFault[]): SimulatedFault {
  if (fault.type !== "crash") return fault;
  const { member } = fault;
  const isSkewed = faults.some((other) => other.type === "skew" && other.member === member);
  return isSkewed ? { ...fault, remembersIncarnation: true } : fault;
}

const FINAL = ["hostile", "leave", "revoke", "expire"] as const;
const PASSING = [
  "crash",
  "outage",
  "stall",
  "partition",
  "one-way",
  "loss",
  "slow",
  "break",
  "skew",
  "renew",
  "metadata",
] as const;

function drawOne(kind: FaultKind, draw: Draw): SimulatedFault | undefined {
  const { random, seats } = draw;
  const { fromMs, untilMs } = drawSpan(draw);
  switch (kind) {
    case "hostile":
    case "leave":
    case "revoke":
    case "expire":
      return drawFinal(kind, draw);
    case "partition":
    case "one-way": {
      const [from, to] = split(seats, random);
      if (from.length === 0 || to.length === 0) return undefined;
      return { type: "cut", fromMs, untilMs, from, to, isMutual: kind === "partition" };
    }
    case "loss":
      return { type: kind, fromMs, untilMs, probability: random.pick([0.01, 0.05, 0.2, 0.4]) };
    case "slow":
      return { type: kind, fromMs, untilMs, factor: random.pick([3, 10, 30]) };
    default:
      return drawForOne(kind, draw, fromMs, untilMs);
  }
}

/** A temporary fault of one member. */
function drawForOne(
  type: "crash" | "outage" | "stall" | "break" | "skew" | "renew" | "metadata",
  draw: Draw,
  fromMs: number,
  untilMs: number,
): SimulatedFault | undefined {
  const { random } = draw;
  const member = pickMember(draw, () => true);
  if (member === undefined) return undefined;
  switch (type) {
    case "crash": {
      const isPowerCut = random.chance(0.3);
      return {
        type,
        fromMs,
        untilMs,
        member,
        isPowerCut,
        remembersIncarnation: random.chance(0.7),
      };
    }
    case "outage": {
      const lastMs = fromMs + random.between(20_000, 60_000);
      const cut = { member, isPowerCut: true, remembersIncarnation: true };
      return { type: "crash", fromMs, untilMs: Math.min(draw.endMs, lastMs), ...cut };
    }
    case "skew":
      return { type, fromMs, untilMs, member, skewMs: random.pick(SKEWS_MS) };
    case "stall":
      return { type, fromMs, untilMs, member };
    default:
      return { type, fromMs, untilMs: fromMs, member };
  }
}

const SKEWS_MS = [-3_600_000, -300_000, -30_000, -2_000, 2_000, 30_000, 300_000, 3_600_000];

function drawFinal(
  type: "hostile" | "leave" | "revoke" | "expire",
  draw: Draw,
): SimulatedFault | undefined {
  const { random, doomed, endMs, seats } = draw;
  // Contacts stay: an isolated member needs them to rejoin.
  const member = pickMember(draw, ({ place }) => place >= CONTACTS);
  if (member === undefined || doomed.size >= seats.length / 2) return undefined;
  doomed.add(member);
  const lastMs = Math.max(QUIET_MS, endMs - 10_000);
  const fromMs = type === "hostile" ? 0 : random.between(QUIET_MS, lastMs);
  const untilMs = type === "revoke" ? Math.min(endMs, fromMs + random.below(15_000)) : NEVER;
  if (type === "hostile") return { type, fromMs, untilMs: endMs, member, habit: undefined };
  return { type, fromMs, untilMs, member };
}

const NEVER = Number.POSITIVE_INFINITY;

function pickMember(
  { seats, random, doomed }: Draw,
  isEligible: (seat: Seat) => boolean,
): number | undefined {
  const eligible = seats
    .map((seat, index) => ({ seat, index }))
    .filter(({ seat, index }) => !doomed.has(index) && isEligible(seat));
  return eligible.length === 0 ? undefined : random.pick(eligible).index;
}

/** Most faults are short; some outlast the time until a member is declared dead. */
function drawSpan({ random, endMs }: Draw): { readonly fromMs: number; readonly untilMs: number } {
  const fromMs = random.between(Math.min(QUIET_MS, endMs), endMs);
  const durationMs = random.pick([300, 2_000, 8_000, 20_000, 40_000, 90_000]) * random.fraction();
  return { fromMs, untilMs: Math.min(endMs, fromMs + Math.round(durationMs)) };
}

/** Splits members into two groups: random ones, or one organisation against the rest. */
function split(
  seats: readonly Seat[],
  random: SeededRandom,
): readonly [readonly number[], readonly number[]] {
  const [one, other]: [number[], number[]] = [[], []];
  const org = random.pick(seats).org;
  const isByOrg = random.chance(0.3);
  seats.forEach((seat, index) => {
    const isInOne = isByOrg ? seat.org === org : random.chance(0.5);
    (isInOne ? one : other).push(index);
  });
  return [one, other];
}
