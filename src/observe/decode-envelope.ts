/** One envelope or block in words (`decode`): message, signature, certificates, nested envelopes. */

import { GossipError } from "../lib/errors.ts";
import { decodePem } from "../msp/pem.ts";
import { isDerCertificate } from "../msp/unusable.ts";
import { decode } from "../wire/decode.ts";
import { encodeEnvelope, parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { GOSSIP_MESSAGE, type GossipMessage, SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { describeBlock, describeTransaction } from "./describe-block.ts";
import { describeMessage } from "./describe-message.ts";
import { bytesMissing, spellingsOf } from "./spellings.ts";

/** As long as the longest message a node takes by default. */
const BYTES_MAX = 33_554_432;

const REMEDY = "give one as hex, base64 or the bytes themselves";

/**
 * Reads an envelope, a block or a transaction as people have it ({@link spellingsOf}), or the message
 * in an envelope alone. Throws
 * `config-invalid` if it is none of these.
 */
export function decodeEnvelope(input: Uint8Array): unknown {
  if (input.length === 0) throw wrong("There is nothing to decode");
  if (input.length > 2 * BYTES_MAX) throw wrong(`More than ${2 * BYTES_MAX} bytes are no envelope`);
  let fault = "malformed";
  const spellings = spellingsOf(input);
  const ofChannel = spellings.map(describeOfChannel).find((described) => described !== undefined);
  if (ofChannel !== undefined) return ofChannel;
  for (const bytes of spellings) {
    const envelope = parseEnvelope(bytes);
    if (!envelope.ok || envelope.value.payload.length === 0) continue;
    const message = parseMessage(envelope.value.payload);
    if (!message.ok) fault = `its payload is ${message.code}`;
    else if (isSomething(message.value)) {
      return withUnknown(describeMessage(envelope.value, message.value), envelope.value.payload);
    }
  }
  const bare = spellings.map(describeBare).find((described) => described !== undefined);
  if (bare !== undefined) return bare;
  throw somethingElse(input, spellings) ?? wrong(`That is no gossip envelope (${fault})`);
}

/** A message without its envelope. */
function describeBare(bytes: Uint8Array): unknown {
  const message = parseMessage(bytes);
  if (!message.ok || message.value.content === undefined) return undefined;
  return { bare: true, ...describeMessage(encodeEnvelope({ payload: bytes }), message.value) };
}

/** A block looks like an envelope, but no envelope looks like a block. */
function describeOfChannel(bytes: Uint8Array): unknown {
  return describeBlock(bytes) ?? describeTransaction(bytes);
}

function wrong(what: string): GossipError {
  return new GossipError("config-invalid", `${what}: ${REMEDY}.`);
}

interface Other {
  /** After "That is". */
  readonly what: string;
  readonly isIt: (input: Uint8Array) => boolean;
}

const OTHERS: readonly Other[] = [
  { what: "compressed with gzip", isIt: ([a, b]) => a === 0x1f && b === 0x8b },
  {
    what: "a certificate in DER form, no gossip envelope; openssl shows what is in it",
    isIt: (input) => input[0] === 0x30 && isDerCertificate(input),
  },
  { what: "JSON without an envelope in it", isIt: isJson },
  {
    what: "the beginning of a buffer, as Node.js shows long ones",
    isIt: (input) => /\.\.\. \d+ more (?:byte|item)s?/.test(startOf(input)),
  },
  { what: "a capture of packets, no gossip envelope", isIt: isCapture },
  {
    what: "hex with an odd number of digits",
    isIt: (input) => /^(?:0x)?[0-9a-f\s:]{9,}$/i.test(startOf(input)) && digitsIn(input) % 2 === 1,
  },
];

/** Blanks, line ends and colons between them do not count; the x of 0x makes up for its 0. */
function digitsIn(hex: Uint8Array): number {
  return hex.reduce((digits, byte) => (byte > 0x20 && byte !== 0x3a ? digits + 1 : digits), 0);
}

/** Files of tcpdump, in either byte order and both precisions, and of Wireshark. */
const CAPTURES = ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a"];

function isCapture(input: Uint8Array): boolean {
  return CAPTURES.includes(Buffer.from(input.subarray(0, 4)).toString("hex"));
}

const START_MAX = 65_536;

function startOf(input: Uint8Array): string {
  return new TextDecoder().decode(input.subarray(0, START_MAX)).trim();
}

function isJson(input: Uint8Array): boolean {
  if (!/^[{[]/.test(startOf(input)) || input.length > START_MAX) return false;
  try {
    return typeof JSON.parse(startOf(input)) === "object";
  } catch {
    return false;
  }
}

/** What people give by mistake, named. */
function somethingElse(
  input: Uint8Array,
  spellings: readonly Uint8Array[],
): GossipError | undefined {
  const pem = decodePem(input);
  if (pem !== undefined) {
    const kind = pem.type.slice(0, 40);
    return wrong(`That is a PEM block (${kind}), no gossip envelope; openssl shows what is in it`);
  }
  const other = OTHERS.find(({ isIt }) => isIt(input));
  if (other !== undefined) return wrong(`That is ${other.what}`);
  for (const bytes of spellings) {
    const identity = decode(SERIALIZED_IDENTITY, bytes);
    if (identity.ok && decodePem(identity.value.idBytes) !== undefined) {
      return wrong(`That is a serialized identity of ${identity.value.mspid}, no gossip envelope`);
    }
    const missing = bytesMissing(bytes) ?? 0;
    if (missing < 0 && isEnvelope(bytes.subarray(5, bytes.length + missing))) {
      return wrong(`More than one frame of gRPC is there (${-missing} bytes follow the first)`);
    }
    const lacking = missing > 0 && missing <= BYTES_MAX ? missing : bytesLacking(bytes);
    if (lacking !== undefined) {
      const what = `That is cut short (${lacking} bytes are missing): copy all of it.`;
      return new GossipError("config-invalid", what);
    }
  }
  return undefined;
}

function isEnvelope(bytes: Uint8Array): boolean {
  const envelope = parseEnvelope(bytes);
  return envelope.ok && envelope.value.payload.length > 0;
}

const PAYLOAD_TAG = 0x0a;

/** How much of the payload is missing at the end, if it begins like an envelope. */
function bytesLacking(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== PAYLOAD_TAG) return undefined;
  let length = 0;
  for (let i = 1; i < Math.min(bytes.length, 5); i++) {
    const byte = bytes[i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * (i - 1));
    if (byte >= 0x80) continue;
    const lacking = i + 1 + length - bytes.length;
    // What begins like a message of a gossip network, and is not longer than one.
    return lacking > 0 && length <= BYTES_MAX && bytes.length > 8 ? lacking : undefined;
  }
  return undefined;
}

/** Names a content that this version does not know: perhaps a later one does. */
function withUnknown(described: object, payload: Uint8Array): object {
  const field = unknownField(payload);
  return field === undefined
    ? described
    : { ...described, unknown: `content of an unknown kind, field ${field}` };
}

/** The first field of a message that is in no table of ours; undefined if there is none. */
function unknownField(payload: Uint8Array): number | undefined {
  const { slots } = GOSSIP_MESSAGE;
  const known = new Set(slots.map(({ field }) => field.number));
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < payload.length; scale *= 128) {
      const byte = payload[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < payload.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (!known.has(number)) return number;
    const wireType = tag % 8;
    if (wireType !== 0 && wireType !== 2) return undefined; // No field of ours: the message was read, so it is none that matters.
    const value = varint(); // Before its bytes are passed over: it moves on, too.
    if (wireType === 2) at += value;
  }
  return undefined;
}

/** Protobuf takes nearly nothing for something: at least one known field must be there. */
function isSomething({ content, tag, nonce, channel }: GossipMessage): boolean {
  return content !== undefined || tag !== 0 || nonce !== 0n || channel.length > 0;
}
