/**
 * Messages among members of our own kind: events, queries and what brings them to everybody. Fabric
 * has nothing like them. They travel as data messages of a channel that no Fabric peer is in; one that
 * gets such a message by mistake drops it without a warning.
 */
import { decode, type WireFault } from "./decode.ts";
import { encode } from "./encode.ts";
import { encodeEnvelope, MEMBER_CHANNEL } from "./envelope.ts";
import { GOSSIP_MESSAGE, type GossipMessage, PEER_TIME, TAG } from "./messages.ts";
import {
  bytes,
  type Init,
  message,
  oneof,
  repeated,
  string,
  table,
  uint64,
  type Value,
} from "./schema.ts";
import { accept, type Verdict } from "./verdict.ts";

/** Greatest payload of an event, a query or an answer, in bytes. */
export const MEMBER_PAYLOAD_BYTES_MAX = 16_384;
/** Greatest topic, in bytes of UTF-8. */
export const TOPIC_BYTES_MAX = 128;
/** Tags of one member, and tags that one filter asks for. */
export const TAGS_MAX = 64;
/** Organisations that one filter names. */
export const FILTER_ORGANISATIONS_MAX = 32;
/** Longest MSP-ID and reason, in bytes. */
const TEXT_BYTES_MAX = 256;
/** Ranges of one author in one digest or request. */
export const RANGES_MAX = 256;
/** Authors in one digest or request. */
const AUTHORS_MAX = 5_000;

const TAG_PAIR = table({
  key: string(1, { bytesMax: 512 }),
  value: string(2, { bytesMax: 512 }),
});
/** The metadata of our alive messages, behind their mark. */
export const MEMBER_METADATA = table({
  tags: repeated(message(1, TAG_PAIR), TAGS_MAX),
  /** What the program of the member publishes besides. */
  own: bytes(2),
});

/** What somebody says to all, or to those that its filter names. Signed by its author. */
const SAYING = {
  author: bytes(1),
  /** Incarnation of the author's process, and a number that grows by one with each saying. */
  time: message(2, PEER_TIME),
  topic: string(3, { bytesMax: TOPIC_BYTES_MAX }),
  payload: bytes(4),
  /** Milliseconds since the epoch, by the author's clock. */
  sentAt: uint64(5),
  organisations: repeated(string(6, { bytesMax: TEXT_BYTES_MAX }), FILTER_ORGANISATIONS_MAX),
  tags: repeated(message(7, TAG_PAIR), TAGS_MAX),
} as const;
const MEMBER_EVENT = table(SAYING);
const MEMBER_QUERY = table({ ...SAYING, timeoutMs: uint64(8) });
/** Sent to the author of the query alone; the connection says from whom it is. */
const MEMBER_ANSWER = table({
  query: message(1, PEER_TIME),
  payload: bytes(2),
  /** Why there is no payload; empty: there is one. */
  failure: string(3, { bytesMax: TEXT_BYTES_MAX }),
});
const RANGE = table({ first: uint64(1), last: uint64(2) });
const HELD = table({
  author: bytes(1),
  incarnation: uint64(2),
  ranges: repeated(message(3, RANGE), RANGES_MAX),
});
/** Sayings that the sender holds. */
const MEMBER_DIGEST = table({ held: repeated(message(1, HELD), AUTHORS_MAX) });
/** Sayings that the sender wants. */
const MEMBER_REQUEST = table({ wanted: repeated(message(1, HELD), AUTHORS_MAX) });

export const MEMBER_MESSAGE = table({
  content: oneof({
    event: message(1, MEMBER_EVENT),
    query: message(2, MEMBER_QUERY),
    answer: message(3, MEMBER_ANSWER),
    digest: message(4, MEMBER_DIGEST),
    request: message(5, MEMBER_REQUEST),
  }),
});

export type MemberEvent = Value<typeof MEMBER_EVENT>;
export type MemberQuery = Value<typeof MEMBER_QUERY>;
export type MemberAnswer = Value<typeof MEMBER_ANSWER>;
export type Held = Value<typeof HELD>;
export type MemberContent = NonNullable<Value<typeof MEMBER_MESSAGE>["content"]>;
export type MemberContentInit = NonNullable<Init<typeof MEMBER_MESSAGE>["content"]>;

/** The payload of an envelope that carries this: sign it, and send these very bytes. */
export function encodeMemberMessage(content: MemberContentInit): Uint8Array {
  const data = encode(MEMBER_MESSAGE, { content });
  return encode(GOSSIP_MESSAGE, {
    channel: MEMBER_CHANNEL,
    tag: TAG.chanAndOrg,
    content: { type: "data", value: { payload: { data } } },
  });
}

/** The same in an envelope without signature, for what goes to one peer over its connection. */
export function encodeMemberEnvelope(content: MemberContentInit): Uint8Array {
  return encodeEnvelope({ payload: encodeMemberMessage(content) }).bytes;
}

/**
 * The bytes of the member message in a gossip message; undefined: it carries none.
 */
export function memberDataOf({ channel, content }: GossipMessage): Uint8Array | undefined {
  if (content?.type !== "data" || channel.length !== MEMBER_CHANNEL.length) return undefined;
  for (let i = 0; i < channel.length; i++) if (channel[i] !== MEMBER_CHANNEL[i]) return undefined;
  return content.value.payload?.data;
}

export function parseMemberMessage(
  data: Uint8Array,
): Verdict<MemberContent | undefined, WireFault> {
  const verdict = decode(MEMBER_MESSAGE, data);
  return verdict.ok ? accept(verdict.value.content) : verdict;
}
