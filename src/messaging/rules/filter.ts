/** The audience of a message: members with these tags, of these organisations. */
import type { Tags } from "./metadata.ts";

/** Empty: all members of our kind. */
export interface Filter {
  /** Tags with these values, all of them. Default: any. */
  readonly tags?: Tags;
  /** MSP-IDs, one of which must match. Default: any. Other organisations do not even relay it. */
  readonly organisations?: readonly string[];
}

interface Addressee {
  readonly mspId: string | null;
  readonly tags: Tags;
}

export function matches(filter: Filter, member: Addressee): boolean {
  return isOfOrganisation(filter, member) && hasTags(filter.tags, member.tags);
}

/** Whether the audience includes its organisation. */
export function isOfOrganisation(
  { organisations = [] }: Filter,
  { mspId }: Pick<Addressee, "mspId">,
): boolean {
  return organisations.length === 0 || (mspId !== null && organisations.includes(mspId));
}

function hasTags(wanted: Tags = {}, tags: Tags): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    return tags[key] === value;
  });
}
