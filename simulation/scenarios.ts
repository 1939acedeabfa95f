/** Scenarios by name: members and faults. The seed decides the rest. */
import {
  type ChannelPlan,
  drawChannels,
  drawFollowed,
  withRevocation,
} from "./channels/channel-plan.ts";
import { EPOCH_MS } from "./epoch.ts";
import type { SimulatedFault } from "./fault.ts";
import { drawFaults, type FaultKind } from "./fault-generator.ts";
import { HABITS } from "./habits.ts";
import { CONTACTS, type LayoutOptions, layOut, type Seat } from "./layout.ts";
import { type PartOfPlan, type ScenarioPlan, takePart } from "./part-of-plan.ts";
import { createSeededRandom, type SeededRandom } from "./random.ts";

export type { ScenarioPlan } from "./part-of-plan.ts";

export interface PlanOptions {
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly nodes: number | undefined;
  readonly orgs: number | undefined;
  readonly minutes: number | undefined;
  readonly channels?: number | undefined;
  readonly only?: PartOfPlan | undefined;
}

interface Scenario extends Partial<LayoutOptions> {
  /** Share of members that sign for each request, and of hostile ones that wait for a death. */
  readonly cunning?: Cunning;
  readonly delay?: Delay;
  readonly minutes?: number;
  /** Whether members send events and queries to each other. */
  readonly talks?: boolean;
  /** Number of channels. */
  readonly channels?: number;
  /** Whether these keep their configuration, and have one history. */
  readonly isSteady?: boolean;
  /** Share of the packets that are lost from the beginning to the end of the first phase. */
  readonly loss?: number;
  /** Mean number of faults per minute, by kind. */
  readonly faultsPerMinute?: Partial<Record<FaultKind, number>>;
}

interface Cunning {
  readonly afresh: number;
  readonly habits: number;
}

/** Minimum network delay and jitter, in milliseconds. */
type Delay = readonly [number, number];

const ROOM: Delay = [0.2, 0.3];
const CITY: Delay = [2, 3];
const CONTINENT: Delay = [40, 30];
const STARTS_WITHIN_MS = 2_000;
/** Share of the lurking members that wait until others have died. */
const LATE = 0.4;

const TABLE = {
  calm: {},
  "cold-start": { startsWithinMs: 0 },
  churn: { faultsPerMinute: { crash: 6, leave: 0.5 } },
  partition: { minutes: 3, faultsPerMinute: { partition: 1 } },
  "one-way": { minutes: 3, faultsPerMinute: { "one-way": 1.5 } },
  loss: { oddShare: 0.2, faultsPerMinute: { loss: 1, slow: 0.5, break: 4 } },
  silence: { nodes: 10, minutes: 5, loss: 0.05, faultsPerMinute: { outage: 0.5 } },
  stall: { faultsPerMinute: { stall: 3 } },
  clocks: { faultsPerMinute: { skew: 3, crash: 1.5, renew: 0.5 } },
  renewal: { faultsPerMinute: { renew: 3, crash: 0.5, metadata: 1 } },
  revocation: { orgs: 2, faultsPerMinute: { revoke: 1, crash: 0.5 } },
  expiry: { faultsPerMinute: { expire: 1, skew: 1 } },
  hostile: { orgs: 2, faultsPerMinute: { hostile: 1, metadata: 1 } },
  organisations: {
    orgs: 3,
    nodes: 12,
    hiddenShare: 0.4,
    faultsPerMinute: { crash: 1, partition: 0.3, hostile: 0.3, metadata: 1 },
  },
  replay: {
    nodes: 10,
    cunning: { afresh: 0.5, habits: 1 },
    faultsPerMinute: { hostile: 1, crash: 4, break: 1 },
  },
  messages: {
    orgs: 2,
    nodes: 10,
    minutes: 4,
    hiddenShare: 0.2,
    talks: true,
    faultsPerMinute: {
      ...{ crash: 1, stall: 0.3, partition: 0.3, loss: 0.3, break: 2 },
      ...{ skew: 0.3, renew: 0.3, hostile: 0.3, metadata: 0.5 },
    },
  },
  channels: {
    orgs: 3,
    nodes: 10,
    hiddenShare: 0.2,
    channels: 2,
    faultsPerMinute: {
      ...{ crash: 1.5, stall: 0.5, partition: 0.5, "one-way": 0.3, loss: 0.5, break: 2 },
      hostile: 0.7,
    },
  },
  "many-channels": { orgs: 2, nodes: 12, channels: 3, minutes: 1, isSteady: true },
  consortium: { orgs: 4, nodes: 24, hiddenShare: 1 },
  mixed: {},
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof TABLE;
export const SCENARIOS = Object.keys(TABLE) as readonly ScenarioName[];
export const hasChannels = (name: ScenarioName): boolean => "channels" in TABLE[name];

/** Defaults that the seed draws unless the scenario sets them. */
function drawMixed(random: SeededRandom): Scenario {
  const often = (): number => (random.chance(0.4) ? random.fraction() * 2 : 0);
  return {
    nodes: random.between(3, 9),
    orgs: random.pick([1, 1, 2, 3]),
    minutes: random.between(4, 10) / 4,
    startsWithinMs: random.pick([0, 500, 5_000, 20_000]),
    hiddenShare: random.pick([0, 0.3, 0.7]),
    oddShare: random.pick([0, 0, 0.2, 0.5]),
    delay: random.pick([ROOM, CITY, CONTINENT]),
    faultsPerMinute: {
      crash: often() * 1.5,
      leave: often() / 2,
      stall: often(),
      partition: often() / 2,
      "one-way": often() / 2,
      loss: often() / 2,
      slow: often() / 2,
      break: often() * 3,
      skew: often(),
      renew: often() / 2,
      revoke: often() / 3,
      expire: often() / 3,
      hostile: often() / 2,
      metadata: often(),
    },
  };
}

function lossOf({ loss }: Scenario, untilMs: number): readonly SimulatedFault[] {
  return loss === undefined ? [] : [{ type: "loss", fromMs: 0, untilMs, probability: loss }];
}

/** Drawn after everything else, so that older seeds keep their plan. */
function drawCunning(options: PlanOptions, { cunning }: Scenario, random: SeededRandom): Cunning {
  if (cunning !== undefined) return cunning;
  const dice = random.fork();
  if (options.scenario !== "mixed") return { afresh: 0, habits: 0 };
  return { afresh: dice.pick([0, 0.5, 1]), habits: dice.pick([0, 1]) };
}

function withCunning(
  seats: readonly Seat[],
  faults: readonly SimulatedFault[],
  { afresh, habits }: Cunning,
  random: SeededRandom,
): Pick<ScenarioPlan, "seats" | "faults"> {
  const signing = seats.map((seat) => ({ ...seat, signsAfresh: random.chance(afresh) }));
  const lurking = faults.map((fault) => {
    const lurks = fault.type === "hostile" && random.chance(habits);
    return lurks ? { ...fault, habit: random.pick(HABITS) } : fault;
  });
  // Drawn last, as above.
  const dice = random.fork();
  return {
    seats: signing,
    faults: lurking.map((fault) => {
      const isLate = fault.type === "hostile" && fault.habit !== undefined && dice.chance(LATE);
      return isLate ? { ...fault, habit: "late" } : fault;
    }),
  };
}

/** Drawn after everything else, so that older seeds keep their plan. */
function withChannels(
  plan: Omit<ScenarioPlan, "channels">,
  { channels = 0, isSteady = false }: Scenario,
  wanted: number | undefined,
  random: SeededRandom,
): ScenarioPlan {
  const count = wanted ?? channels;
  if (count === 0) return { ...plan, channels: [] };
  const mspIds = [...new Set(plan.seats.map(({ mspId }) => mspId))];
  const dice = random.fork();
  const drawn = drawChannels(count, mspIds, plan.firstPhaseMs, dice);
  const plans: readonly ChannelPlan[] = isSteady
    ? drawn.map((one) => ({ ...one, changes: [], forks: false }))
    : drawn;
  const seats = plan.seats.map((seat) => {
    const place = { mspId: seat.mspId, isContact: seat.place < CONTACTS };
    return { ...seat, channels: drawFollowed(plans, place, plan.firstPhaseMs, dice) };
  });
  if (isSteady) return { ...plan, seats, channels: plans };
  // Drawn last, as above.
  const hostile = new Set(plan.faults.flatMap((one) => (one.type === "hostile" ? one.member : [])));
  const revocable = seats
    .filter(({ place }, index) => place >= CONTACTS && !hostile.has(index))
    .map(({ name }) => name);
  return { ...plan, seats, channels: withRevocation(plans, revocable, plan.firstPhaseMs, dice) };
}

/** The plan of a run, or the requested part of it. */
export function makePlan(options: PlanOptions): ScenarioPlan {
  const drawn = drawPlan(options);
  const plan = options.only === undefined ? drawn : takePart(drawn, options.only);
  // In a run that is shorter than the time in which members start, the last ones start at its end.
  const { firstPhaseMs } = plan;
  const seats = plan.seats.map((seat) => ({
    ...seat,
    startMs: Math.min(seat.startMs, firstPhaseMs),
  }));
  return { ...plan, seats };
}

/** The complete plan of a run, drawn from the seed in advance. */
function drawPlan(options: PlanOptions): ScenarioPlan {
  const random = createSeededRandom(options.seed).fork();
  const scenario: Scenario =
    options.scenario === "mixed" ? drawMixed(random) : TABLE[options.scenario];
  const nodes = options.nodes ?? Math.max(options.orgs ?? 0, scenario.nodes ?? 8);
  const orgs = options.orgs ?? Math.min(nodes, scenario.orgs ?? 1);
  const minutes = options.minutes ?? scenario.minutes ?? 2;
  const seats = layOut(
    {
      nodes,
      orgs,
      startsWithinMs: scenario.startsWithinMs ?? STARTS_WITHIN_MS,
      hiddenShare: scenario.hiddenShare ?? 0,
      oddShare: scenario.oddShare ?? 0,
    },
    random.fork(),
  );
  const firstPhaseMs = Math.round(minutes * 60_000);
  const drawn = drawFaults(scenario.faultsPerMinute ?? {}, seats, firstPhaseMs, random.fork());
  const faults = [...drawn, ...lossOf(scenario, firstPhaseMs)];
  const cast = withCunning(seats, faults, drawCunning(options, scenario, random), random.fork());
  const notAfterMs = new Map<number, number>();
  for (const fault of faults) {
    if (fault.type === "expire") notAfterMs.set(fault.member, EPOCH_MS + fault.fromMs);
  }
  const [delayMs, jitterMs] = scenario.delay ?? CITY;
  const talks = scenario.talks === true;
  const plan = { ...cast, firstPhaseMs, notAfterMs, delayMs, jitterMs, talks };
  return withChannels(plan, scenario, options.channels, random);
}
