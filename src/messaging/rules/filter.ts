/** Whom something is for: members with these tags, of these organisations. */
import type { Tags } from "./metadata.ts";

/** Empty: everybody of our kind. */
export interface Filter {
  /** All of these, with these values. Default: any. */
  readonly tags?: Tags;
  /** MSP-IDs; a member of one of these. Default: any. Others do not even carry it. */
  readonly organisations?: readonly string[];
}

interface Addressee {
  readonly mspId: string | null;
  readonly tags: Tags;
}

export function matches(filter: Filter, member: Addressee): boolean {
  return isOfOrganisation(filter, member) && hasTags(filter.tags, member.tags);
}

/** Whether its organisation is one of those meant. */
export function isOfOrganisation(
  { organisations = [] }: Filter,
  { mspId }: Pick<Addressee, "mspId">,
): boolean {
  return organisations.length === 0 || (mspId !== null && organisations.includes(mspId));
}

function hasTags(wanted: Tags = {}, tags: Tags): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    return Object.hasOwn(tags, key) && tags[key] === value;
  });
}
