/** Who our neighbours are at this moment. */
import {
  findNeighbours,
  isElsewhere,
  type Neighbours,
  type Resident,
} from "../rules/neighbours.ts";
import { changedSince } from "../tables/changes.ts";
import { keepNeighbours } from "../tables/neighbourhood.ts";
import type { Now } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Core } from "./state.ts";

/** Our neighbours; recomputed when members change or a ring is reordered. */
export function currentNeighbours(core: Core): Neighbours {
  const { members, neighbourhood, now, options } = core;
  const isExternal = core.self.externalEndpoint !== "";
  const epochs = epochsAt(options.timing.neighbourRefreshMs, now);
  const { basis } = neighbourhood;
  const isSamePlace =
    basis.isExternal === isExternal &&
    basis.epochs[0] === epochs[0] &&
    basis.epochs[1] === epochs[1];
  if (isSamePlace && basis.membersVersion === members.version) return neighbourhood.neighbours;
  const { pkiId, mspId, certificate } = options.self;
  const self = { pkiId, certificate, mspId, isExternal };
  const isUnmoved =
    isSamePlace && basis.certificate === certificate && areElsewhere(core, self, epochs);
  const neighbours = isUnmoved
    ? neighbourhood.neighbours
    : findNeighbours(self, residents(core), epochs);
  const kept = { membersVersion: members.version, certificate, isExternal, epochs };
  return keepNeighbours(neighbourhood, neighbours, kept);
}

/** Whether none of those that have changed since may be a neighbour of ours, or has been. */
function areElsewhere(core: Core, self: Resident, epochs: readonly number[]): boolean {
  const { members, neighbourhood } = core;
  const { basis, neighbours } = neighbourhood;
  const changed = changedSince(members, basis.membersVersion);
  return (
    changed?.every((pkiId) => {
      const member = members.table.get(pkiId);
      const other = member && isReachable(member) ? residentOf(core, member) : undefined;
      return isElsewhere(self, pkiId, other, neighbours, epochs);
    }) === true
  );
}

function residents(core: Core): readonly Resident[] {
  const found: Resident[] = [];
  for (const member of core.members.table.values()) {
    if (isReachable(member)) found.push(residentOf(core, member));
  }
  return found;
}

/** An alive member that we cannot reach is no neighbour. */
function isReachable({ status, isCutOff }: Member): boolean {
  return status === "alive" && !isCutOff;
}

function residentOf({ identities }: Core, { pkiId, mspId, endpoint }: Member): Resident {
  const certificate = identities.table.get(pkiId)?.identity.certificate ?? pkiId;
  return { pkiId, certificate, mspId, isExternal: endpoint !== "" };
}

/** Epochs follow from the clock. The rings change alternately, so that one is always stable. */
export function epochsAt(refreshMs: number, { wallMs }: Now): readonly [number, number] {
  return [Math.floor(wallMs / refreshMs), Math.floor(wallMs / refreshMs + 0.5)];
}
