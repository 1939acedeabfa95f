/** Selects valid StateInfo under a configuration: the newest of each peer. */

import type { InTurns } from "../channel/rules/in-turns.ts";
import {
  compareStateInfo,
  type StateInfoClaim,
  stateInfoFault,
} from "../channel/rules/state-info.ts";
import type { Identity } from "../core/types/host.ts";
import type { Trust } from "../following/trust.ts";
import { equalBytes } from "../wire/bytes.ts";
import type { Believed } from "./heights.ts";
import type { Told } from "./observe.ts";

interface JudgedClaims {
  readonly believed: readonly Believed[];
  readonly notes: readonly string[];
}

/** Maximum sentences about single peers; further ones are only counted. */
const TOLD_MAX = 20;

/** Judges received StateInfo. Known signatures are not checked again. */
export function* judgeClaims(
  { configuration }: Trust,
  told: readonly Told[],
  identities: ReadonlyMap<string, Identity>,
  before: Map<string, StateInfoClaim>,
): InTurns<JudgedClaims> {
  const notes = told.flatMap(({ stream, faults }) =>
    faults > 0 ? [`${stream.target.name}: ${faults} of its StateInfo cannot be read.`] : [],
  );
  const believed = new Map<string, Believed>();
  const unknown = new Set<string>();
  for (const claim of told.flatMap(({ claims }) => claims)) {
    const identity = identities.get(claim.pkiId);
    const order = orderOf(claim, believed.get(claim.pkiId)?.claim);
    if (identity === undefined) unknown.add(claim.pkiId);
    if (identity === undefined || order === "older") continue;
    const isKnown = isSame(claim, before.get(claim.pkiId));
    const fault = isKnown ? undefined : stateInfoFault(configuration, claim, identity);
    yield undefined;
    const who = `${identity.subject} of ${identity.mspId}`;
    if (fault !== undefined) notes.push(`${who}: ${FAULTS[fault]}.`);
    else if (order === "rival") notes.push(`${who} has signed two StateInfo of one moment.`);
    else believed.set(claim.pkiId, { identity, claim });
  }
  notes.push(...tellUnknown(unknown.size));
  before.clear();
  for (const [pkiId, { claim }] of believed) before.set(pkiId, claim);
  return { believed: [...believed.values()], notes: shorten(notes) };
}

function tellUnknown(count: number): readonly string[] {
  if (count === 0) return [];
  const who = count === 1 ? "one peer was" : `${count} peers were`;
  return [`The StateInfo of ${who} left out: nobody gave an identity for it.`];
}

/**
 * `rival`: of the same time with other content. Fabric signs one StateInfo several times, with
 * different signatures each time.
 */
function orderOf(claim: StateInfoClaim, known?: StateInfoClaim): "newer" | "older" | "rival" {
  if (known === undefined) return "newer";
  const order = compareStateInfo(claim, known);
  if (order === 0) {
    return equalBytes(claim.envelope.payload, known.envelope.payload) ? "older" : "rival";
  }
  return order > 0 ? "newer" : "older";
}

function shorten(notes: readonly string[]): readonly string[] {
  const unique = [...new Set(notes)];
  const more = unique.length - TOLD_MAX;
  return more > 0 ? [...unique.slice(0, TOLD_MAX), `And ${more} more.`] : unique;
}

const FAULTS = {
  "state-info-malformed": "its StateInfo cannot be read",
  "state-info-incomplete": "its StateInfo lacks author, channel or time",
  "state-info-channel": "its StateInfo is of another channel",
  "state-info-organisation": "it is no valid member of an organisation of the channel",
  "state-info-signature": "its StateInfo is not signed by it",
  "state-info-readers": "it may not read the channel",
} as const;

function isSame(a: StateInfoClaim, b: StateInfoClaim | undefined): boolean {
  return b !== undefined && equalBytes(a.envelope.bytes, b.envelope.bytes);
}
