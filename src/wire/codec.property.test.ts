/** The codec against a decoder straight from the protobuf specification (testing-naive.ts). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { arbitraryValue, delimited, TABLES, varint } from "./testing.ts";
import { decodeNaively } from "./testing-naive.ts";

const UINT64_MAX = 2n ** 64n - 1n;

/** A field that no table has, in each wire type, groups included. */
const unknownField: fc.Arbitrary<number[]> = fc.oneof(
  fc.maxSafeNat().map((value) => [...varint(1_000 * 8), ...varint(value)]),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => delimited(1_000, bytes)),
  fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    .map((bytes) => [...varint(1_000 * 8 + 1), ...bytes]),
  fc
    .uint8Array({ minLength: 4, maxLength: 4 })
    .map((bytes) => [...varint(1_000 * 8 + 5), ...bytes]),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => {
    return [...varint(1_000 * 8 + 3), ...delimited(7, bytes), ...varint(1_000 * 8 + 4)];
  }),
);

/** Random fields with the numbers and wire types that tables have, and many that they have not. */
const { message: anyMessage } = fc.letrec<{ message: number[]; field: number[] }>((tie) => ({
  message: fc.array(tie("field"), { maxLength: 6 }).map((fields) => fields.flat()),
  field: fc.oneof(
    { depthSize: "small" },
    fc.tuple(fc.integer({ min: 1, max: 26 }), fc.maxSafeNat()).map(([number, value]) => {
      return [...varint(number * 8), ...varint(value)];
    }),
    fc
      .tuple(fc.integer({ min: 1, max: 26 }), fc.uint8Array({ maxLength: 8 }))
      .map(([number, bytes]) => delimited(number, bytes)),
    fc
      .tuple(fc.integer({ min: 1, max: 26 }), tie("message"))
      .map(([number, bytes]) => delimited(number, bytes)),
    unknownField,
    // Groups, which may end with another number than they began with.
    fc.tuple(fc.integer({ min: 6, max: 7 }), fc.integer({ min: 6, max: 7 })).map(([from, to]) => {
      return [...varint(from * 8 + 3), ...varint(to * 8 + 4)];
    }),
  ),
}));

for (const [name, schema] of TABLES) {
  describe(name, () => {
    const value = arbitraryValue(schema, UINT64_MAX);

    test("what is encoded is decoded as it was, by both decoders", () => {
      fc.assert(
        fc.property(value, (original) => {
          const bytes = encode(schema, original);
          assert.deepEqual(decode(schema, bytes), { ok: true, value: original });
          assert.deepEqual(decodeNaively(schema, bytes), original);
        }),
        { numRuns: 50 },
      );
    });

    test("unknown fields before and after make no difference", () => {
      fc.assert(
        fc.property(value, unknownField, unknownField, (original, before, after) => {
          const bytes = Uint8Array.from([...before, ...encode(schema, original), ...after]);
          assert.deepEqual(decode(schema, bytes), { ok: true, value: original });
        }),
        { numRuns: 50 },
      );
    });

    test("any fields, twice and out of order, are decoded as the specification says", () => {
      fc.assert(
        fc.property(fc.tuple(anyMessage, value, anyMessage), ([before, original, after]) => {
          const bytes = Uint8Array.from([...before, ...encode(schema, original), ...after]);
          const verdict = decode(schema, bytes);
          const naive = decodeNaively(schema, bytes);
          if (verdict.ok) assert.deepEqual(verdict.value, naive);
          else assert.ok(naive === undefined || verdict.code !== "malformed");
        }),
        { numRuns: 100 },
      );
    });
  });
}
