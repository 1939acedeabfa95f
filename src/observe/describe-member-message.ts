/** Messages among members of our own kind, for people: events, queries, answers and what is held. */
import { looksLikeMemberMessage, parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { protobufToJson } from "../wire/json.ts";
import { MEMBER_MESSAGE, memberDataOf, parseMemberMessage } from "../wire/member-messages.ts";
import type { GossipMessage } from "../wire/messages.ts";

const TEXT = new TextDecoder("utf-8", { fatal: true });

/** `member-event`, `member-query`, ...; undefined: the encoded envelope carries no such message. */
export function memberTypeOf(bytes: Uint8Array): string | undefined {
  if (!looksLikeMemberMessage(bytes)) return undefined;
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  const content = message.ok ? contentOf(message.value) : undefined;
  return content === undefined ? undefined : `member-${content.type}`;
}

/** What a message carries, with ids in hex and payloads as text where they are one; else undefined. */
export function describeMemberMessage(message: GossipMessage): unknown {
  const content = contentOf(message);
  if (content === undefined) return undefined;
  const json = readable(protobufToJson(MEMBER_MESSAGE, { content }));
  // It has one field, which does not say what it is.
  return { [content.type]: Object.values(Object(json))[0] };
}

function contentOf(message: GossipMessage) {
  const data = memberDataOf(message);
  const content = data && parseMemberMessage(data);
  return content?.ok ? content.value : undefined;
}

function readable(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(readable);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, field(name, value)]),
  );
}

function field(name: string, value: unknown): unknown {
  if (typeof value !== "string") return readable(value);
  const bytes = Buffer.from(value, "base64");
  if (name === "author") return bytes.toString("hex");
  return name === "payload" ? (textOf(bytes) ?? value) : value;
}

function textOf(bytes: Uint8Array): { readonly text: string } | undefined {
  try {
    return { text: TEXT.decode(bytes) };
  } catch {
    return undefined; // It stays base64.
  }
}
