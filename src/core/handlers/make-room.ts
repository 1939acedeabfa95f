/**
 * Full tables: who gives way to a newcomer. Organisations share a table fairly, so that one that
 * fills it pushes out its own; within an organisation whoever proved least goes first.
 */

import { contactPkiId } from "../tables/contacts.ts";
import type { KnownIdentity } from "../tables/identities.ts";
import { isVain, noteVain } from "../tables/vain-searches.ts";
import type { PkiId } from "../types/host.ts";
import type { Core } from "./state.ts";

/** Strength of proof, weakest first. */
const WORTH = { heardOf: 0, dead: 1, alive: 2, met: 3, neighbour: 4 } as const;

/** Fraction of a full table removed at once, so that not every newcomer causes a search. */
const LEAVE_TOGETHER = 1 / 1_000;

/** Proof of a newcomer: listed as dead, heard of, or connected. */
export type Newcomer = "dead" | "absent" | "present";

/** Maximum proof of members that a newcomer of their own organisation displaces. */
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
): readonly PkiId[] {
  const { vainSearches, members, options } = core;
  const { identitiesMax, membersMax } = options.limits;
  const max = table === "identities" ? identitiesMax : membersMax;
  const key = `${table} ${newcomer} ${mspId}`;
  const { version } = members;
  if (core[table].table.size < max || isVain(vainSearches, key, version, core.now)) return [];
  const residents = residentsOf(core, table);
  const largest = largestOf(residents, mspId);
  const worthMax = largest === mspId ? GIVES_WAY[newcomer] : WORTH.neighbour;
  const leaving = leastOf(core, residents.get(largest) ?? [], worthMax);
  if (leaving.length === 0) noteVain(vainSearches, key, version, core.now);
  return leaving.slice(0, Math.ceil(max * LEAVE_TOGETHER));
}

/** Removable entries by organisation: all but ourselves and contacts. */
function residentsOf(
  { contacts, identities, members, options }: Core,
  table: "identities" | "members",
): Map<string, KnownIdentity[]> {
  const staying = new Set([options.self.pkiId, ...contacts.map(contactPkiId)]);
  const leavable = [...identities.table.values()].filter(
    ({ identity: { pkiId } }) =>
      !staying.has(pkiId) && (table === "identities" || members.table.has(pkiId)),
  );
  return Map.groupBy(leavable, ({ identity }) => identity.mspId);
}

/** The largest organisation; on a tie, the newcomer's own. */
function largestOf(residents: Map<string, KnownIdentity[]>, mspId: string): string {
  let [largest, most] = [mspId, residents.get(mspId)?.length ?? 0];
  for (const [other, { length }] of residents) {
    if (length > most + 1) [largest, most] = [other, length];
  }
  return largest;
}

/** Entries with the weakest proof, least recently used first. */
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
