/** Our neighbours, as last computed. */
import { type Neighbours, NO_NEIGHBOURS } from "../rules/neighbours.ts";

/** Our neighbours as last computed, and from what. */
export interface Neighbourhood {
  neighbours: Neighbours;
  membersVersion: number;
  isExternal: boolean;
  readonly epochs: readonly number[];
}

export function createNeighbourhood(): Neighbourhood {
  return { neighbours: NO_NEIGHBOURS, membersVersion: -1, isExternal: false, epochs: [0, 0] };
}
