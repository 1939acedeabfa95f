/** One envelope in words (product 2, `decode`): message, signature, certificates, nested envelopes. */

import { describeMessage } from "./describe-message.ts";
import { GossipError } from "./errors.ts";
import { parseEnvelope, parseMessage } from "./wire/envelope.ts";
import type { GossipMessage } from "./wire/messages.ts";

/** As long as the longest message a node takes by default. */
const BYTES_MAX = 33_554_432;
const FRAME_BYTES = 5;

const REMEDY = "give one as hex, base64 or the bytes themselves";

/**
 * Reads an envelope in hex, base64 (either alphabet) or binary, with or without the frame that gRPC
 * puts before it. Throws `config-invalid` if it is none of these.
 */
export function decodeEnvelope(input: Uint8Array): unknown {
  if (input.length === 0) throw wrong("There is nothing to decode");
  if (input.length > 2 * BYTES_MAX) throw wrong(`More than ${2 * BYTES_MAX} bytes are no envelope`);
  let fault = "malformed";
  for (const bytes of candidates(input)) {
    const envelope = parseEnvelope(bytes);
    if (!envelope.ok || envelope.value.payload.length === 0) continue;
    const message = parseMessage(envelope.value.payload);
    if (!message.ok) fault = `its payload is ${message.code}`;
    else if (isSomething(message.value)) return describeMessage(envelope.value, message.value);
  }
  throw wrong(`That is no gossip envelope (${fault})`);
}

function wrong(what: string): GossipError {
  return new GossipError("config-invalid", `${what}: ${REMEDY}.`);
}

/** Protobuf takes nearly nothing for something: at least one known field must be there. */
function isSomething({ content, tag, nonce, channel }: GossipMessage): boolean {
  return content !== undefined || tag !== 0 || nonce !== 0n || channel.length > 0;
}

/** What the input may mean, the likeliest first. */
function candidates(input: Uint8Array): readonly Uint8Array[] {
  const text = textOf(input);
  const found: Uint8Array[] = [];
  if (text !== undefined) {
    const hex = text.replace(/^0x/i, "");
    if (hex.length % 2 === 0 && /^[0-9a-f]+$/i.test(hex)) found.push(Buffer.from(hex, "hex"));
    if (/^[\w+/-]+={0,2}$/.test(text)) found.push(Buffer.from(text, "base64"));
  }
  found.push(input);
  return found.flatMap((bytes) =>
    isFramed(bytes) ? [bytes, bytes.subarray(FRAME_BYTES)] : [bytes],
  );
}

/** The characters of a text without spaces and line ends; undefined if there are others than ASCII. */
function textOf(input: Uint8Array): string | undefined {
  if (input.some((byte) => byte > 0x7e)) return undefined;
  return Buffer.from(input).toString("latin1").replace(/\s+/g, "");
}

/** A zero, the length of the rest in four bytes, the rest. */
function isFramed(bytes: Uint8Array): boolean {
  if (bytes.length <= FRAME_BYTES || bytes[0] !== 0) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint32(1) === bytes.length - FRAME_BYTES;
}
