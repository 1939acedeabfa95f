/**
 * Metadata of a member of our kind: a mark, its tags, and the metadata of its program. Metadata
 * without the mark belong to other members, such as Fabric peers.
 */
import { EMPTY_BYTES } from "../../wire/bytes.ts";
import { decode } from "../../wire/decode.ts";
import { encode } from "../../wire/encode.ts";
import { MEMBER_METADATA } from "../../wire/member-messages.ts";

/** Small named values that a member publishes. */
export type Tags = Readonly<Record<string, string>>;

export interface Metadata {
  readonly tags: Tags;
  /** Metadata of the member's program besides its tags. */
  readonly own: Uint8Array;
}

/** Maximum size of encoded tags, in bytes. */
export const TAGS_BYTES_MAX = 512;
/** "fgm", and the highest message version that this member understands. */
const MARK = Uint8Array.of(0x66, 0x67, 0x6d, 1);
/** The last byte of the mark is the version: later versions may add fields. */
const MARK_ALIKE = MARK.length - 1;
export const NO_TAGS: Tags = Object.freeze({});

/** The metadata of a member of our kind. */
export function encodeMetadata({ tags, own }: Metadata): Uint8Array {
  const body = encode(MEMBER_METADATA, { tags: pairsOf(tags), own });
  const metadata = new Uint8Array(MARK.length + body.length);
  metadata.set(MARK);
  metadata.set(body, MARK.length);
  return metadata;
}

/** Encoded size of the tags, to compare with {@link TAGS_BYTES_MAX}. */
export function tagBytes(tags: Tags): number {
  return encode(MEMBER_METADATA, { tags: pairsOf(tags) }).length;
}

/** The encoded tags, in a canonical order. */
export function pairsOf(tags: Tags): { key: string; value: string }[] {
  const pairs = Object.entries(tags).map(([key, value]) => ({ key, value }));
  return pairs.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Tags from encoded pairs: a plain object, whatever their names are. */
export function tagsOf(pairs: readonly { readonly key: string; readonly value: string }[]): Tags {
  if (pairs.length === 0) return NO_TAGS;
  return Object.freeze(Object.fromEntries(pairs.map(({ key, value }) => [key, value])));
}

/**
 * Reads the metadata of an alive message; undefined: its member is of another kind. Unreadable
 * metadata behind our mark count as empty: the member can still be addressed.
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
