/** The metadata of members as their programs know them: tags, and what they publish besides. */
import {
  decodeMetadata,
  encodeMetadata,
  type Metadata,
  NO_TAGS,
  type Tags,
} from "../messaging/rules/metadata.ts";

/** Metadata never change: each is read once, however often its member is looked at. */
const read = new WeakMap<Uint8Array, Metadata | null>();

/** Undefined: of a member of another kind. */
export function metadataOf({ metadata }: { readonly metadata: Uint8Array }): Metadata | undefined {
  if (metadata.length === 0) return undefined; // Of most: the others of us have a mark.
  let known = read.get(metadata);
  if (known === undefined) {
    known = decodeMetadata(metadata) ?? null;
    read.set(metadata, known);
  }
  return known ?? undefined;
}

/** The same of any member. */
export function readMetadata(member: { readonly metadata: Uint8Array }): Metadata {
  return metadataOf(member) ?? { tags: NO_TAGS, own: member.metadata };
}

/** These metadata with other tags, or with something else besides. */
export function changeMetadata(
  member: { readonly metadata: Uint8Array },
  change: { readonly tags?: Tags; readonly own?: Uint8Array },
): Uint8Array {
  return encodeMetadata({ ...readMetadata(member), ...change });
}
