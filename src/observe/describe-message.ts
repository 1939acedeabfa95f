/**
 * A message for people: protobuf JSON with Fabric's field names, in which nested envelopes are opened,
 * identities are described, and ids and hashes are hex.
 */

import type { Identity } from "../core/types/host.ts";
import { createCrypto } from "../msp/crypto.ts";
import { findCurve, toLowS } from "../msp/signatures.ts";
import { decode } from "../wire/decode.ts";
import { type Envelope, parseMessage } from "../wire/envelope.ts";
import { messageToJson, protobufToJson } from "../wire/json.ts";
import { type Content, type GossipMessage, SECRET } from "../wire/messages.ts";
import { describeBlock } from "./describe-block.ts";
import { describeCarried, readIdentity } from "./describe-identity.ts";
import { describeMemberMessage } from "./describe-member-message.ts";

/** Envelopes within envelopes that are opened; real ones have two. */
const DEPTH_MAX = 6;
const TEXT = new TextDecoder("utf-8", { fatal: true });
const NANOSECONDS_PER_MS = 1_000_000n;

/** The envelope and all that is in it. */
export function describeMessage(
  envelope: Envelope,
  message: GossipMessage,
  depth = 0,
): { readonly [part: string]: unknown } {
  const identity = carriedIdentity(message.content);
  const said = describeMemberMessage(message);
  return {
    message:
      said === undefined ? readable(messageToJson(message), depth) : { member_message: said },
    signature: describeSignature(envelope.payload, envelope.signature, identity),
    ...(envelope.secret
      ? { secret: describeSecret(envelope.secret.payload, envelope.secret.signature, identity) }
      : {}),
  };
}

/** The identity that a message brings along to prove whose it is. */
function carriedIdentity(content: Content | undefined): Identity | undefined {
  switch (content?.type) {
    case "alive":
    case "conn-establish":
      return readIdentity(content.value.identity)?.identity;
    case "peer-identity":
      return readIdentity(content.value.cert)?.identity;
    default:
      return undefined;
  }
}

function describeSecret(
  payload: Uint8Array,
  signature: Uint8Array,
  identity: Identity | undefined,
): unknown {
  const secret = decode(SECRET, payload);
  return {
    content: secret.ok ? protobufToJson(SECRET, secret.value) : base64(payload),
    signature: describeSignature(payload, signature, identity),
  };
}

function describeSignature(
  payload: Uint8Array,
  signature: Uint8Array,
  identity: Identity | undefined,
): unknown {
  if (signature.length === 0) return null;
  const shown = { hex: Buffer.from(signature).toString("hex"), ...shapeOf(signature) };
  if (identity === undefined) {
    return { ...shown, verified: null, note: "the identity of its author is not in the message" };
  }
  const isValid = createCrypto([]).verify(identity, payload, signature);
  return { ...shown, verified: isValid, by: identity.pkiId };
}

/** ECDSA over P-256 is what Fabric uses; there the half of the group decides about validity. */
function shapeOf(signature: Uint8Array): { readonly lowS?: boolean } {
  const curve = findCurve("prime256v1");
  const low = curve && toLowS(signature, curve);
  return low === undefined ? {} : { lowS: Buffer.from(low).equals(signature) };
}

/** Makes JSON of the codec readable: by field name, since names are unique in what they mean. */
function readable(json: unknown, depth: number): unknown {
  if (Array.isArray(json)) return json.map((item) => readable(item, depth));
  if (typeof json !== "object" || json === null) return json;
  const entries = Object.entries(json);
  if (depth < DEPTH_MAX && isEnvelope(json)) return openEnvelope(json, depth + 1);
  return Object.fromEntries(entries.map(([name, value]) => [name, field(name, value, depth)]));
}

/** Envelopes are the only messages whose `payload` is bytes. */
function isEnvelope(
  json: object,
): json is { readonly payload: string; readonly signature?: string } {
  return "payload" in json && typeof json.payload === "string";
}

interface EnvelopeJson {
  readonly payload: string;
  readonly signature?: string;
  readonly secret_envelope?: unknown;
}

function openEnvelope(json: EnvelopeJson, depth: number): unknown {
  const payload = Buffer.from(json.payload, "base64");
  const message = parseMessage(payload);
  if (!message.ok) return json;
  const signature = Buffer.from(json.signature ?? "", "base64");
  return describeMessage(
    { bytes: payload, payload, signature, secret: secretOf(json) },
    message.value,
    depth,
  );
}

function secretOf({ secret_envelope: secret }: EnvelopeJson): Envelope["secret"] {
  if (typeof secret !== "object" || secret === null || !isEnvelope(secret)) return undefined;
  const { payload, signature = "" } = secret;
  return { payload: Buffer.from(payload, "base64"), signature: Buffer.from(signature, "base64") };
}

function field(name: string, value: unknown, depth: number): unknown {
  if (typeof value === "string") return text(name, value);
  if (name === "digests" && Array.isArray(value)) return value.map(digest);
  if (name === "timestamp") return withStart(value);
  return readable(value, depth);
}

function text(name: string, value: string): unknown {
  switch (name) {
    case "pki_id":
    case "tls_cert_hash":
    case "channel_MAC":
      return Buffer.from(value, "base64").toString("hex");
    case "identity":
    case "cert":
      return describeCarried(Buffer.from(value, "base64")) ?? value;
    case "data":
      return describeBlock(Buffer.from(value, "base64")) ?? value;
    case "channel":
      return printable(Buffer.from(value, "base64")) ?? value;
    default:
      return value;
  }
}

/** PKI-IDs in hex; digests of blocks are numbers in decimal text. */
function digest(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const bytes = Buffer.from(value, "base64");
  return bytes.length === 32 ? bytes.toString("hex") : (printable(bytes) ?? value);
}

function printable(bytes: Uint8Array): string | undefined {
  try {
    const found = TEXT.decode(bytes);
    return /^[\x20-\x7e]*$/.test(found) ? found : undefined;
  } catch {
    return undefined; // No UTF-8.
  }
}

/**
 * The incarnation is the start of the process, or of the channel, in nanoseconds. The sequence of a
 * StateInfo is the moment of its last change; that of an alive message is a small number.
 */
function withStart(timestamp: unknown): unknown {
  if (typeof timestamp !== "object" || timestamp === null) return timestamp;
  if (!("inc_num" in timestamp)) return timestamp;
  const started = momentOf(timestamp.inc_num);
  const changed = "seq_num" in timestamp ? momentOf(timestamp.seq_num) : undefined;
  const isMoment = changed !== undefined && changed > TIMES_FROM;
  return {
    ...timestamp,
    ...(started === undefined ? {} : { started }),
    ...(isMoment ? { changed } : {}),
  };
}

/** Sequences that are times lie after this. */
const TIMES_FROM = "2015";

function momentOf(nanoseconds: unknown): string | undefined {
  if (typeof nanoseconds !== "string") return undefined;
  const date = new Date(Number(BigInt(nanoseconds) / NANOSECONDS_PER_MS));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
