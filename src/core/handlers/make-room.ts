/**
 * Full tables: who gives way to a newcomer. Organisations share a table fairly, so that one that
 * fills it pushes out its own; within an organisation whoever proved least goes first.
 */

import { contactPkiId } from "../tables/contacts.ts";
import type { KnownIdentity } from "../tables/identities.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Core } from "./state.ts";

/** How much somebody has proven, least first. */
const WORTH = { heardOf: 0, dead: 1, alive: 2, met: 3, neighbour: 4 } as const;

/** This part of a full table leaves at once, so that it is not searched for every newcomer. */
const LEAVE_TOGETHER = 1 / 1_000;
/** After a search that found nobody, unless somebody comes or goes. */
const SEARCH_PAUSE_MS = 1_000;

/** A newcomer: told to be dead, heard of, or connected with us. */
export type Newcomer = "dead" | "absent" | "present";

/** Who of its own organisation leaves for a newcomer: whoever has proven so much or less. */
const GIVES_WAY: Readonly<Record<Newcomer, number>> = {
  dead: WORTH.heardOf,
  absent: WORTH.dead,
  present: WORTH.alive,
};

/**
 * Who has to leave so that one more of this organisation finds room in the table; nobody if there
 * is room, or if all have more right to be there.
 */
export function makeRoom(
  core: Core,
  table: "identities" | "members",
  mspId: string,
  newcomer: Newcomer,
  now: Now,
): readonly PkiId[] {
  const { crowd, members, options } = core;
  const { identitiesMax, membersMax } = options.limits;
  const max = table === "identities" ? identitiesMax : membersMax;
  const key = `${table} ${newcomer} ${mspId}`;
  const search = crowd.get(key);
  const isSearched = search?.version === members.version && search.untilMs > now.elapsedMs;
  if (core[table].table.size < max || isSearched) return [];
  const residents = residentsOf(core, table);
  const largest = largestOf(residents, mspId);
  const worthMax = largest === mspId ? GIVES_WAY[newcomer] : WORTH.neighbour;
  const leaving = leastOf(core, residents.get(largest) ?? [], worthMax);
  const { version } = members;
  const untilMs = now.elapsedMs + SEARCH_PAUSE_MS;
  if (leaving.length === 0) crowd.set(key, { version, untilMs });
  return leaving.slice(0, Math.ceil(max * LEAVE_TOGETHER));
}

/** By organisation all who may leave: not we, nor whom we were told to contact. */
function residentsOf(
  { contacts, identities, members, options }: Core,
  table: "identities" | "members",
): Map<string, KnownIdentity[]> {
  const staying = new Set([options.self.pkiId, ...contacts.map(contactPkiId)]);
  const residents = new Map<string, KnownIdentity[]>();
  for (const [pkiId, known] of identities.table) {
    if (staying.has(pkiId) || (table === "members" && !members.table.has(pkiId))) continue;
    const { mspId } = known.identity;
    const others = residents.get(mspId);
    if (others) others.push(known);
    else residents.set(mspId, [known]);
  }
  return residents;
}

/** The organisation that has most; the newcomer's own unless another one has more. */
function largestOf(residents: Map<string, KnownIdentity[]>, mspId: string): string {
  let [largest, most] = [mspId, residents.get(mspId)?.length ?? 0];
  for (const [other, { length }] of residents) {
    if (length > most + 1) [largest, most] = [other, length];
  }
  return largest;
}

/** Those that have proven least, whoever was not heard of or needed for longest first. */
function leastOf(core: Core, residents: readonly KnownIdentity[], worthMax: number): PkiId[] {
  let least: KnownIdentity[] = [];
  let leastWorth: number = worthMax;
  for (const known of residents) {
    const worth = worthOf(core, known);
    if (worth < leastWorth) [least, leastWorth] = [[], worth];
    if (worth === leastWorth) least.push(known);
  }
  return least
    .map(({ identity: { pkiId }, lastUsedMs }) => {
      return { pkiId, atMs: core.members.table.get(pkiId)?.lastSeenMs ?? lastUsedMs };
    })
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ pkiId }) => pkiId);
}

function worthOf({ members }: Core, { identity, hasConnected }: KnownIdentity): number {
  const member = members.table.get(identity.pkiId);
  if (member === undefined) return hasConnected ? WORTH.met : WORTH.heardOf;
  if (member.status === "dead") return WORTH.dead;
  return hasConnected ? WORTH.neighbour : WORTH.alive;
}
