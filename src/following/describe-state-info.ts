/** A StateInfo for display. */
import type { StateInfoClaim } from "../channel/rules/state-info.ts";

const NANOSECONDS_PER_MS = 1_000_000n;
/** The last time that a Date can hold: a peer may sign any number. */
const DATE_MS_MAX = 8_640_000_000_000_000;

export function msOf(nanoseconds: bigint): number {
  return Number(nanoseconds / NANOSECONDS_PER_MS);
}

export function dateOf(nanoseconds: bigint): Date {
  return new Date(Math.min(msOf(nanoseconds), DATE_MS_MAX));
}

/** Without `_lifecycle`, which every peer has. */
export function chaincodesOf({
  chaincodes,
}: StateInfoClaim): readonly { readonly name: string; readonly sequence: string }[] {
  return chaincodes
    .filter(({ name }) => name !== "_lifecycle")
    .map(({ name, version: sequence }) => ({ name, sequence }));
}
