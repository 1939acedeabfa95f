/** Hostile bytes at random: a decoder may refuse them, and must do nothing worse. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { parseEnvelope, parseMessage } from "./envelope.ts";
import { messageToJson } from "./json.ts";
import * as messages from "./messages.ts";
import { isPlain, type Schema } from "./schema.ts";
import { isTagLegal } from "./tags.ts";
import { delimited, readEnvelopeVectors, varint } from "./testing.ts";

const tables: Schema[] = Object.values(messages).filter((value) => "slots" in value);
const recorded = readEnvelopeVectors().flatMap(({ bytes }) => {
  const envelope = parseEnvelope(bytes);
  return envelope.ok ? [bytes, envelope.value.payload] : [];
});

/** Every byte array in a value. */
function arraysIn(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  if (Array.isArray(value)) return value.flatMap(arraysIn);
  return isPlain(value) ? Object.values(value).flatMap(arraysIn) : [];
}

/** Nothing of `value` shows bytes around `input`: it is inside, or a copy no longer than the input. */
function assertInside(value: unknown, input: Uint8Array): void {
  for (const array of arraysIn(value)) {
    const start = array.byteOffset - input.byteOffset;
    const isView = array.buffer === input.buffer && array.length > 0;
    assert.ok(!isView || (start >= 0 && start + array.length <= input.length));
    assert.ok(array.length <= input.length);
  }
}

/** Decodes with bytes before and after the input, which nobody may see. */
function attack(schema: Schema, bytes: Uint8Array): void {
  const surrounded = new Uint8Array(bytes.length + 64).fill(0x2a);
  surrounded.set(bytes, 32);
  const input = surrounded.subarray(32, 32 + bytes.length);
  const verdict = decode(schema, input);
  if (!verdict.ok) return;
  assertInside(verdict.value, input);
  const again = encode(schema, verdict.value);
  assert.deepEqual(decode(schema, again), verdict, "what was accepted can be sent and read again");
}

/** The whole way of a message from a peer. */
function attackMessage(bytes: Uint8Array): void {
  attack(messages.ENVELOPE, bytes);
  attack(messages.GOSSIP_MESSAGE, bytes);
  const envelope = parseEnvelope(bytes);
  const message = parseMessage(envelope.ok ? envelope.value.payload : bytes);
  if (!message.ok) return;
  isTagLegal(message.value);
  messageToJson(message.value);
}

describe("no bytes make the decoder throw, or return what was not sent", () => {
  test("random bytes, every message", () => {
    const property = fc.property(fc.constantFrom(...tables), fc.uint8Array(), attack);
    fc.assert(property, { numRuns: 10_000 });
  });

  test("random fields, every message", () => {
    const number = fc.integer({ min: 1, max: 26 });
    const { message } = fc.letrec<{ message: number[]; field: number[] }>((tie) => ({
      message: fc.array(tie("field"), { maxLength: 6 }).map((fields) => fields.flat()),
      field: fc.oneof(
        { depthSize: "small" },
        fc.tuple(number, fc.maxSafeNat()).map(([n, value]) => [...varint(n * 8), ...varint(value)]),
        fc.tuple(number, fc.uint8Array({ maxLength: 8 })).map(([n, bytes]) => delimited(n, bytes)),
        fc.tuple(number, tie("message")).map(([n, bytes]) => delimited(n, bytes)),
      ),
    }));
    const bytes = message.map((list) => Uint8Array.from(list));
    fc.assert(fc.property(fc.constantFrom(...tables), bytes, attack), { numRuns: 5_000 });
  });

  const vector = fc.constantFrom(...recorded);
  const position = fc.nat(2_000);

  test("a recorded message with bits flipped", () => {
    const flips = fc.array(fc.tuple(position, fc.nat(7)), { minLength: 1, maxLength: 4 });
    const property = fc.property(vector, flips, (original, places) => {
      const bytes = original.slice();
      for (const [at, bit] of places) {
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      }
      attackMessage(bytes);
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  test("a recorded message cut at any place", () => {
    for (const original of recorded.filter(({ length }) => length < 200)) {
      for (let end = 0; end < original.length; end++) attackMessage(original.subarray(0, end));
    }
  });

  test("two recorded messages spliced", () => {
    const property = fc.property(vector, vector, position, position, (left, right, end, start) => {
      const head = left.subarray(0, end % left.length);
      attackMessage(Uint8Array.from([...head, ...right.subarray(start % right.length)]));
    });
    fc.assert(property, { numRuns: 5_000 });
  });
});
