/**
 * The metadata of a member of our kind: a mark, its tags, and what its program publishes besides.
 * Metadata without the mark belong to somebody else, a Fabric peer for instance.
 */
import { EMPTY_BYTES } from "../../wire/bytes.ts";
import { decode } from "../../wire/decode.ts";
import { encode } from "../../wire/encode.ts";
import { MEMBER_METADATA } from "../../wire/member-messages.ts";

/** Small named values that a member publishes of itself. */
export type Tags = Readonly<Record<string, string>>;

export interface Metadata {
  readonly tags: Tags;
  /** What the program of the member publishes besides its tags. */
  readonly own: Uint8Array;
}

/** Greatest size of encoded tags, in bytes. */
export const TAGS_BYTES_MAX = 512;
/** "fgm", and the version of the messages that this member understands. */
const MARK = Uint8Array.of(0x66, 0x67, 0x6d, 1);
/** The last byte of the mark is the version: later ones may add to what this one knows. */
const MARK_ALIKE = MARK.length - 1;
export const NO_TAGS: Tags = Object.freeze({});

/** What a member of our kind publishes. */
export function encodeMetadata({ tags, own }: Metadata): Uint8Array {
  const body = encode(MEMBER_METADATA, { tags: pairsOf(tags), own });
  const metadata = new Uint8Array(MARK.length + body.length);
  metadata.set(MARK);
  metadata.set(body, MARK.length);
  return metadata;
}

/** How many bytes the tags take of {@link TAGS_BYTES_MAX}. */
export function tagBytes(tags: Tags): number {
  return encode(MEMBER_METADATA, { tags: pairsOf(tags) }).length;
}

/** The tags as they travel, in one order whatever theirs. */
export function pairsOf(tags: Tags): { key: string; value: string }[] {
  const pairs = Object.entries(tags).map(([key, value]) => ({ key, value }));
  return pairs.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The tags that travelled as pairs. No key of theirs reaches a prototype. */
export function tagsOf(pairs: readonly { readonly key: string; readonly value: string }[]): Tags {
  if (pairs.length === 0) return NO_TAGS;
  const tags: Record<string, string> = Object.create(null);
  for (const { key, value } of pairs) if (key !== "") tags[key] = value;
  return Object.freeze(tags);
}

/**
 * Reads the metadata of an alive message; undefined: its member is of another kind. What bears our mark
 * and cannot be read is empty: one can talk to its member all the same.
 */
export function decodeMetadata(metadata: Uint8Array): Metadata | undefined {
  if (metadata.length < MARK.length) return undefined;
  for (let i = 0; i < MARK_ALIKE; i++) if (metadata[i] !== MARK[i]) return undefined;
  const verdict = decode(MEMBER_METADATA, metadata.subarray(MARK.length));
  if (!verdict.ok) return { tags: NO_TAGS, own: EMPTY_BYTES };
  const tags = tagsOf(verdict.value.tags);
  const { own } = verdict.value;
  return { tags: tagBytes(tags) > TAGS_BYTES_MAX ? NO_TAGS : tags, own };
}
