/** Messages of peers: every table, envelopes, alive messages. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { equalBytes } from "../../src/wire/bytes.ts";
import { decode } from "../../src/wire/decode.ts";
import { encode } from "../../src/wire/encode.ts";
import {
  type Envelope,
  encodeEnvelope,
  internalEndpointOf,
  isTagLegal,
  parseEnvelope,
  parseMessage,
  withoutSecret,
} from "../../src/wire/envelope.ts";
import { messageToJson } from "../../src/wire/json.ts";
import { ownedEnvelope } from "../../src/wire/kept-envelope.ts";
import { isPlain } from "../../src/wire/plain.ts";
import { type Alive, ownedAlive, parseAlive } from "../../src/wire/received.ts";
import type { Schema } from "../../src/wire/schema.ts";
import { arbitraryValue, readEnvelopeVectors, TABLES } from "../../src/wire/testing.ts";
import { decodeNaively } from "../../src/wire/testing-naive.ts";
import { bytesOf, readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { isTree, PROTOBUF } from "./tree.ts";

const tables: readonly Schema[] = TABLES.map(([, schema]) => schema);

const MESSAGES_MAX = 8;

/**
 * Bytes that a decoded value holds besides its views of the input. A message of two bytes becomes an
 * object with all its defaults, which is the most that can come of a byte.
 */
const FOOTPRINT_PER_BYTE = 200;
const FOOTPRINT_FREE = 2_000;
/** Longer messages are not read a second time by a decoder that is in no hurry. */
const NAIVE_BYTES_MAX = 500;

const dictionary: readonly Uint8Array[] = [
  ...["peer0.org1:7051", "Org1MSP", "\ufeff", "\u{10ffff}"].map(bytesOf),
  ...[
    [0x0a, 0x00],
    [0x18, 0x01],
    [0x2a, 0x00],
    [0x0b, 0x0c],
    [0xed, 0xa0, 0x80],
    [0xc0, 0x80],
  ].map((bytes) => Uint8Array.from(bytes)),
  new Uint8Array(32),
];

/** Roughly what a value occupies in memory, views of the input left out. */
function footprint(value: unknown, input: Uint8Array): number {
  if (value instanceof Uint8Array) {
    const start = value.byteOffset - input.byteOffset;
    if (value.buffer !== input.buffer || value.length === 0) return 100 + value.length;
    assert.ok(start >= 0 && start + value.length <= input.length, "shows bytes around the input");
    return 100;
  }
  if (typeof value === "string") return 16 + 2 * value.length;
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + footprint(item, input), 32);
  if (!isPlain(value)) return 16;
  return Object.values(value).reduce<number>((sum, held) => sum + 8 + footprint(held, input), 32);
}

/** The input with bytes before and after it, which nobody may see. */
function surrounded(bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(bytes.length + 64).fill(0x2a);
  around.set(bytes, 32);
  return around.subarray(32, 32 + bytes.length);
}

/** Decodes; what is accepted can be sent, and read again as the same. */
function checkTable(schema: Schema, bytes: Uint8Array): string {
  const input = surrounded(bytes);
  const verdict = decode(schema, input);
  const naive = bytes.length <= NAIVE_BYTES_MAX ? [decodeNaively(schema, bytes)] : [];
  if (!verdict.ok) {
    const isAccepted = verdict.code === "malformed" && naive.some((value) => value !== undefined);
    assert.ok(!isAccepted, "malformed, but not to the naive decoder");
    return verdict.code;
  }
  const size = footprint(verdict.value, input);
  const sizeMax = FOOTPRINT_FREE + FOOTPRINT_PER_BYTE * bytes.length;
  assert.ok(size <= sizeMax, `${size} bytes of memory for ${bytes.length} bytes`);
  const again = decode(schema, encode(schema, verdict.value));
  assert.ok(isDeepStrictEqual(again, verdict), "is another value when sent and read again");
  for (const other of naive) {
    assert.ok(isDeepStrictEqual(other, verdict.value), "is another value to the naive decoder");
  }
  return "accepted";
}

interface Sample {
  readonly schema: Schema;
  readonly bytes: Uint8Array;
}

/** The first fields of the input are messages of the table that their field number names. */
function samplesIn(input: Uint8Array): readonly Sample[] {
  const fields = PROTOBUF.parse(input) ?? [{ tag: 8 * input.length, body: input }];
  return fields.slice(0, MESSAGES_MAX).flatMap(({ tag, body }) => {
    const schema = tables[Math.floor(tag / 8) % tables.length];
    if (schema === undefined) return [];
    return [{ schema, bytes: isTree(body) ? PROTOBUF.write(body) : body }];
  });
}

/** Which message was timed last: to find it in the input takes the harness longer than the decoder. */
let timed: { readonly input: Uint8Array; readonly sample: Sample | undefined } | undefined;

function readFirstTable(input: Uint8Array): void {
  if (timed?.input !== input) timed = { input, sample: samplesIn(input)[0] };
  if (timed.sample !== undefined) decode(timed.sample.schema, timed.sample.bytes);
}

function checkTables(input: Uint8Array): string {
  const outcomes = samplesIn(input).map(({ schema, bytes }) => checkTable(schema, bytes));
  return outcomes.at(-1) ?? "nothing";
}

/** A message of each table in a field of its own, with every field filled. */
function tableSeeds(): readonly Uint8Array[] {
  return tables.flatMap((schema, i) => {
    const values = fc.sample(arbitraryValue(schema, 2n ** 64n - 1n), { seed: 5, numRuns: 3 });
    const tag = 8 * (i === 0 ? tables.length : i) + 2;
    return values.map((value) =>
      PROTOBUF.write([{ tag, body: encode(schema, value).slice(0, 2_000), lie: 0 }]),
    );
  });
}

/** The way of a message from a peer, up to the state it would change. */
function checkEnvelope(bytes: Uint8Array): string {
  const input = surrounded(bytes);
  const envelope = parseEnvelope(input);
  if (!envelope.ok) return envelope.code;
  checkParts(envelope.value);
  checkAlive(input);
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return `payload ${message.code}`;
  const json = JSON.stringify(messageToJson(message.value));
  assert.ok(json.length <= 64 + 8 * bytes.length, "JSON much longer than the message");
  const { content } = message.value;
  const legality = isTagLegal(message.value) ? "legal" : "illegal";
  return `${content?.type ?? "no content"}, ${legality}`;
}

/** Payload and signature are untouched whatever is done to an envelope. */
function checkParts(envelope: Envelope): void {
  const { payload, signature, secret } = envelope;
  const owned = ownedEnvelope(envelope);
  assert.equal(owned.bytes.buffer.byteLength, owned.bytes.length);
  const bare = withoutSecret(envelope);
  const made = encodeEnvelope({ payload, signature, secret });
  const read = parseEnvelope(made.bytes);
  assert.ok(read.ok, "what is made of the parts cannot be read");
  for (const other of [owned, bare, read.value]) {
    assert.ok(equalBytes(other.payload, payload), "another payload");
    assert.ok(equalBytes(other.signature, signature), "another signature");
  }
  assert.equal(bare.secret, undefined);
  const reread = parseEnvelope(bare.bytes);
  assert.ok(reread.ok && reread.value.secret === undefined, "the secret travels all the same");
  assert.ok(secret !== undefined || internalEndpointOf(secret) === undefined);
}

function checkAlive(input: Uint8Array): void {
  const alive = parseAlive(input);
  if (!alive.ok) return;
  const { value } = alive;
  assert.match(value.pkiId, /^[0-9a-f]{64}$/);
  assert.notEqual(value.internalEndpoint, "");
  assert.ok(value.envelope.signature.length > 0, "believed without signature");
  const copy = withParts(ownedAlive(value));
  assert.ok(isDeepStrictEqual(copy, withParts(value)), "a copy is another message");
}

/** Envelopes of equal parts may know in different ways where these are. */
function withParts(alive: Alive): object {
  const { bytes, payload, signature, secret } = alive.envelope;
  return { ...alive, envelope: { bytes, payload, signature, secret } };
}

const recorded = readEnvelopeVectors().map(({ bytes }) => bytes);

export const wireTargets: readonly Target[] = [
  {
    name: "tables",
    grammar: PROTOBUF,
    corpus: [...tableSeeds(), ...readCorpus("tables")],
    dictionary,
    bytesMax: 65_536,
    check: checkTables,
    read: readFirstTable,
  },
  {
    name: "envelope",
    grammar: PROTOBUF,
    corpus: [...recorded, ...readCorpus("envelope")],
    dictionary,
    bytesMax: 65_536,
    check: checkEnvelope,
    read: (input) => {
      const envelope = parseEnvelope(input);
      const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
      return message.ok ? messageToJson(message.value) : message;
    },
  },
];
