/** A message of the playground for display: decoded, with names in place of hashes. */
import type { SimulatedAuthority } from "../../simulation/authority.ts";
import { EMPTY_BYTES, toHex } from "../wire/bytes.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { messageToJson } from "../wire/json.ts";

const TEXT_MAX = 24;
const HASH_BYTES = 32;

/** As JSON; null if it cannot be decoded. `nameOf`: the name of a member by its PKI-ID. */
export function describeForPage(
  bytes: Uint8Array,
  authority: SimulatedAuthority,
  nameOf: (pkiId: string) => string,
): unknown {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!envelope.ok || !message.ok) return null;
  const { signature, secret } = envelope.value;
  const shown = (text: string): string => show(text, authority, nameOf);
  return {
    message: readable(messageToJson(message.value), shown),
    signature: signature.length === 0 ? null : `${signature.length} bytes`,
    ...(secret ? { secret: `${secret.payload.length} bytes, for its organisation only` } : {}),
  };
}

/** PKI-ID of the author of an alive message; undefined if it is none. */
export function readAuthor(bytes: Uint8Array): string | undefined {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!message.ok || message.value.content?.type !== "alive") return undefined;
  return toHex(message.value.content.value.membership?.pkiId ?? EMPTY_BYTES);
}

function readable(json: unknown, shown: (text: string) => string): unknown {
  if (typeof json === "string") return shown(json);
  if (Array.isArray(json)) return json.map((item) => readable(item, shown));
  if (typeof json !== "object" || json === null) return json;
  const nested = "payload" in json && typeof json.payload === "string" && open(json.payload);
  if (nested)
    return { ...Object.fromEntries(entriesOf(json, shown)), payload: readable(nested, shown) };
  return Object.fromEntries(entriesOf(json, shown));
}

function entriesOf(json: object, shown: (text: string) => string): [string, unknown][] {
  return Object.entries(json).map(([name, value]) => [name, readable(value, shown)]);
}

/** An envelope within a message. */
function open(payload: string): unknown {
  const bytes = bytesOf(payload);
  const message = bytes && parseMessage(bytes);
  return message?.ok ? messageToJson(message.value) : undefined;
}

/** PKI-IDs and certificates as their owner's name, other long bytes shortened. */
function show(
  text: string,
  authority: SimulatedAuthority,
  nameOf: (pkiId: string) => string,
): string {
  const bytes = text.length > TEXT_MAX ? bytesOf(text) : undefined;
  if (bytes === undefined) return text;
  const hex = bytes.length === HASH_BYTES ? toHex(bytes) : "";
  if (authority.find(hex)) return nameOf(hex);
  const trusting = authority.crypto(() => true, new Map()).identify(bytes);
  if (trusting.ok) return `certificate of ${nameOf(trusting.value.pkiId)}`;
  return `${text.slice(0, TEXT_MAX)}… (${bytes.length} bytes)`;
}

function bytesOf(base64: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined;
  try {
    return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  } catch {
    return undefined; // It only resembled base64.
  }
}
