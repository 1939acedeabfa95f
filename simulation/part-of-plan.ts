/** The plan of a run, and parts of it: a failure is easier to see with fewer members and faults. */
import type { ChannelPlan } from "./channels/channel-plan.ts";
import type { SimulatedFault } from "./fault.ts";
import type { Seat } from "./layout.ts";

export interface ScenarioPlan {
  readonly seats: readonly Seat[];
  readonly faults: readonly SimulatedFault[];
  /** When the last fault ends. */
  readonly firstPhaseMs: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Whether members send events and queries to each other. */
  readonly talks: boolean;
  /** Channels that members follow. */
  readonly channels: readonly ChannelPlan[];
  /** When the certificate of a member expires, in milliseconds since the epoch, if soon. */
  readonly notAfterMs: ReadonlyMap<number, number>;
}

/** Parts to keep; undefined = all. Members and faults are indices from 0 in plan order. */
export interface PartOfPlan {
  /** The first phase ends after so many seconds. */
  readonly seconds: number | undefined;
  readonly members: readonly number[] | undefined;
  readonly faults: readonly number[] | undefined;
}

/** Omitted members never exist: they are nobody's contact and suffer no fault. */
export function takePart(plan: ScenarioPlan, part: PartOfPlan): ScenarioPlan {
  const firstPhaseMs = Math.round((part.seconds ?? Number.POSITIVE_INFINITY) * 1_000);
  const faults = plan.faults.filter((_, index) => part.faults?.includes(index) ?? true);
  const shorter = { ...plan, faults, firstPhaseMs: Math.min(plan.firstPhaseMs, firstPhaseMs) };
  return part.members === undefined ? shorter : keepMembers(shorter, part.members);
}

function keepMembers(plan: ScenarioPlan, members: readonly number[]): ScenarioPlan {
  const kept = plan.seats.map((_, index) => index).filter((index) => members.includes(index));
  const places = new Map(kept.map((index, place) => [index, place]));
  const gone = new Set(
    plan.seats
      .filter((_, index) => !places.has(index))
      .flatMap(({ internalEndpoint, externalEndpoint }) => [internalEndpoint, externalEndpoint]),
  );
  const without = (endpoints: readonly string[]): readonly string[] =>
    endpoints.filter((endpoint) => !gone.has(endpoint));
  return {
    ...plan,
    seats: plan.seats
      .filter((_, index) => places.has(index))
      .map((seat) => ({
        ...seat,
        bootstrap: without(seat.bootstrap),
        anchorPeers: without(seat.anchorPeers),
      })),
    faults: plan.faults.flatMap((fault) => renumber(fault, places) ?? []),
    notAfterMs: new Map(
      [...plan.notAfterMs].flatMap(([member, atMs]) => {
        const place = places.get(member);
        return place === undefined ? [] : [[place, atMs] as const];
      }),
    ),
  };
}

/** The fault restricted to the remaining members; undefined if it concerns none of them. */
function renumber(
  fault: SimulatedFault,
  places: ReadonlyMap<number, number>,
): SimulatedFault | undefined {
  if (fault.type === "cut") {
    const left = (members: readonly number[]): readonly number[] =>
      members.flatMap((member) => places.get(member) ?? []);
    return { ...fault, from: left(fault.from), to: left(fault.to) };
  }
  if (!("member" in fault)) return fault;
  const member = places.get(fault.member);
  return member === undefined ? undefined : { ...fault, member };
}
