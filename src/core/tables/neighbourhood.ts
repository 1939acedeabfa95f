/** Our neighbours as last computed, and those that are connected. */
import { type Neighbours, NO_NEIGHBOURS } from "../rules/neighbours.ts";
import type { PkiId } from "../types/host.ts";

/** What neighbours are computed from, besides the members of this version. */
export interface NeighbourBasis {
  readonly membersVersion: number;
  /** Ours. */
  readonly certificate: string;
  readonly isExternal: boolean;
  readonly epochs: readonly number[];
}

export interface Neighbourhood {
  neighbours: Neighbours;
  basis: NeighbourBasis;
  /** Connected members; at most {@link CONNECTED_MAX}. */
  readonly connected: Set<PkiId>;
}

/** Maximum tracked connections; only small networks need them. */
const CONNECTED_MAX = 1_000;

export function createNeighbourhood(): Neighbourhood {
  return {
    neighbours: NO_NEIGHBOURS,
    basis: { membersVersion: -1, certificate: "", isExternal: false, epochs: [] },
    connected: new Set(),
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
