/** What an encoded Envelope is about, told from its first bytes: nothing is decoded for it. */
import { type Content, GOSSIP_MESSAGE } from "./messages.ts";

export type ContentType = Content["type"];

const LENGTH_DELIMITED = 2;
const PAYLOAD_TAG = (1 << 3) | LENGTH_DELIMITED;
/** A message has three fields besides its content; who sends more of them first is not understood. */
const FIELDS_MAX = 4;
const VARINT_BYTES_MAX = 10;
const BEFORE_CONTENT: ReadonlySet<number> = new Set([1 << 3, (2 << 3) | LENGTH_DELIMITED, 3 << 3]);

const TYPES: readonly (ContentType | undefined)[] = GOSSIP_MESSAGE.byNumber.map((slot) =>
  isContentType(slot?.type) ? slot.type : undefined,
);

function isContentType(type: string | undefined): type is ContentType {
  return type !== undefined && Object.hasOwn(GOSSIP_MESSAGE.fields.content.cases, type);
}

/** The type of the content; undefined if it is none that we know, or not where it should be. */
export function peekType(envelope: Uint8Array): ContentType | undefined {
  if (envelope[0] !== PAYLOAD_TAG) return undefined;
  const length = readVarint(envelope, 1);
  let at = length.end;
  const end = Math.min(envelope.length, at + length.value);
  for (let fields = 0; fields < FIELDS_MAX && at < end; fields++) {
    const tag = readVarint(envelope, at);
    const type = TYPES[tag.value >>> 3];
    const isDelimited = (tag.value & 7) === LENGTH_DELIMITED;
    if (type !== undefined) return isDelimited ? type : undefined;
    // Nonce and tag are numbers, the channel has a length; nothing else comes before the content.
    if (!BEFORE_CONTENT.has(tag.value)) return undefined;
    const next = readVarint(envelope, tag.end); // A length, or the value itself.
    at = isDelimited ? next.end + next.value : next.end;
  }
  return undefined;
}

/** Numbers up to 28 bits; of greater ones, which only a nonce may be, no more than the end. */
function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  let at = from;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[at++] ?? 0;
    if (index < 4) value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) break;
  }
  return { value, end: at };
}
