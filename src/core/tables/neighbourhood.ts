/** Our neighbours as last computed, and what shows that the network is still forming. */
import { type Neighbours, NO_NEIGHBOURS } from "../rules/neighbours.ts";
import type { Now, PkiId } from "../types/host.ts";

/** What neighbours are computed from, besides the members of this version. */
export interface NeighbourBasis {
  readonly membersVersion: number;
  readonly isExternal: boolean;
  readonly epochs: readonly number[];
}

export interface Neighbourhood {
  neighbours: Neighbours;
  basis: NeighbourBasis;
  /** Connected members; at most {@link CONNECTED_MAX}. */
  readonly connected: Set<PkiId>;
  /** Until when the network counts as forming unless somebody else arrives, in elapsed milliseconds. */
  formingUntilMs: number;
}

/** Maximum tracked connections; only small networks need them. */
const CONNECTED_MAX = 1_000;

export function createNeighbourhood(): Neighbourhood {
  return {
    neighbours: NO_NEIGHBOURS,
    basis: { membersVersion: -1, isExternal: false, epochs: [] },
    connected: new Set(),
    formingUntilMs: Number.NEGATIVE_INFINITY,
  };
}

export function keepNeighbours(
  neighbourhood: Neighbourhood,
  neighbours: Neighbours,
  basis: NeighbourBasis,
): Neighbours {
  neighbourhood.neighbours = neighbours;
  neighbourhood.basis = basis;
  return neighbours;
}

export function noteConnected({ connected }: Neighbourhood, pkiId: PkiId): void {
  if (connected.size < CONNECTED_MAX) connected.add(pkiId);
}

export function noteClosed({ connected }: Neighbourhood, pkiId: PkiId): void {
  connected.delete(pkiId);
}

/**
 * After so long without an arrival the network has its shape; where members are slow to arrive, after
 * as long as they took.
 */
const CALM_MS = 2_000;
/** In a network in which somebody arrives again and again, its first minute counts. */
const FORMING_MS_MAX = 60_000;

/**
 * Somebody has become alive. Where we, who are new in this span of time, see a network form, it goes on
 * doing so: on a machine with too much to do, members may arrive for longer than we are new.
 */
export function noteArrival(
  neighbourhood: Neighbourhood,
  [fromMs, untilMs]: readonly [number, number],
  { elapsedMs }: Now,
): void {
  if (elapsedMs >= Math.max(untilMs, neighbourhood.formingUntilMs)) return;
  const calmMs = Math.min(Math.max(CALM_MS, elapsedMs - fromMs), untilMs - fromMs);
  neighbourhood.formingUntilMs = Math.min(elapsedMs + calmMs, fromMs + FORMING_MS_MAX);
}
