import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { ENVELOPE } from "./messages.ts";
import { readPlainEnvelope } from "./plain-envelope.ts";

const part = fc.oneof(
  fc.uint8Array({ maxLength: 3 }),
  fc.constantFrom(127, 128, 16_383, 16_384).map((length) => new Uint8Array(length).fill(7)),
);
const envelope = fc.record({
  payload: part,
  signature: part,
  secretEnvelope: fc.option(fc.record({ payload: part, signature: part }), { nil: undefined }),
});

/** Whatever is read in place, the decoder reads as well, with the same result. */
function assertAlike(bytes: Uint8Array): boolean {
  const plain = readPlainEnvelope(bytes);
  if (plain === undefined) return false;
  const decoded = decode(ENVELOPE, bytes);
  assert(decoded.ok);
  const { payload, signature, secretEnvelope } = decoded.value;
  const read = { payload: plain.payload, signature: plain.signature, secret: plain.secret };
  assert.deepEqual(read, { payload, signature, secret: secretEnvelope });
  assert.equal(plain.bytes, bytes);
  // Nothing else stands there, or those who keep the bytes would keep it too.
  assert.deepEqual(encode(ENVELOPE, decoded.value), bytes);
  return true;
}

describe("readPlainEnvelope()", () => {
  test("reads what Fabric writes, with a secret and without", () => {
    const signed = { payload: new Uint8Array(300).fill(1), signature: new Uint8Array(70).fill(2) };
    assert(assertAlike(encode(ENVELOPE, signed)));
    assert(assertAlike(encode(ENVELOPE, { ...signed, secretEnvelope: signed })));
  });

  test("reads envelopes as the decoder does, or leaves them to it", () => {
    fc.assert(fc.property(envelope, (value) => void assertAlike(encode(ENVELOPE, value))));
  });

  test("so it is with bytes cut off, added or changed", () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }), kind: fc.nat({ max: 2 }) });
    const short = fc.uint8Array({ minLength: 1, maxLength: 4 });
    const shortEnvelope = fc.record({
      payload: short,
      signature: short,
      secretEnvelope: fc.option(fc.record({ payload: short, signature: short }), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(shortEnvelope, change, (value, { at, to, kind }) => {
        const bytes = encode(ENVELOPE, value);
        const place = at % bytes.length;
        const changed = [...bytes];
        changed.splice(place, kind === 1 ? 0 : 1, ...(kind === 2 ? [] : [to]));
        assertAlike(Uint8Array.from(changed));
        assertAlike(bytes.subarray(0, place));
      }),
      { numRuns: 2_000 },
    );
  });

  test("and with any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void assertAlike(bytes)));
  });
});
