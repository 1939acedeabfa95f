import assert from "node:assert/strict";
import { sign, verify } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DER_TAG, encodeDer } from "./der.ts";
import {
  acceptableSignature,
  canonicalSignature,
  findCurve,
  isCanonical,
  toLowS,
} from "./signatures.ts";
import { makeKeys } from "./testing.ts";

const P256 = findCurve("prime256v1");
assert(P256);

/** A signature with these magnitudes, not caring whether it verifies. */
const signatureOf = (r: bigint, s: bigint) =>
  encodeDer(
    DER_TAG.sequence,
    ...[r, s].map((value) => encodeDer(DER_TAG.integer, magnitude(value))),
  );

function magnitude(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes;
}

function isItsCanonicalForm(bytes: Uint8Array): boolean {
  const canonical = canonicalSignature(bytes);
  return canonical !== undefined && Buffer.from(canonical).equals(bytes);
}

const toBigInt = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

describe("low S on every curve Fabric knows", () => {
  for (const name of ["P-224", "P-256", "P-384", "P-521"]) {
    test(`${name}: normalised signatures are low and verify, high ones are refused`, () => {
      const { privateKey, publicKey } = makeKeys(name);
      const curve = findCurve(publicKey.asymmetricKeyDetails?.namedCurve);
      assert(curve);
      let highs = 0;
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (payload) => {
          const made = sign("sha256", payload, privateKey);
          const low = toLowS(made, curve);
          assert(low);
          assert.equal(acceptableSignature(low, curve), low, "low and canonical");
          assert(verify("sha256", payload, publicKey, low));
          const isHigh = acceptableSignature(made, curve) === undefined;
          assert.equal(isHigh, !Buffer.from(made).equals(low));
          if (isHigh) highs++;
        }),
        { numRuns: 150 },
      );
      assert(highs > 20, "OpenSSL makes high S about half of the time");
    });
  }

  test("half of the order is the last low value", () => {
    const half = toBigInt(P256.halfOrder);
    assert(acceptableSignature(signatureOf(1n, half), P256));
    assert.equal(acceptableSignature(signatureOf(1n, half + 1n), P256), undefined);
  });

  test("a high s becomes order - s", () => {
    const order = toBigInt(P256.order);
    assert.deepEqual(toLowS(signatureOf(7n, order - 5n), P256), signatureOf(7n, 5n));
    assert.equal(toLowS(signatureOf(7n, order + 5n), P256), undefined);
  });
});

describe("what counts as a signature", () => {
  const good = signatureOf(0x80n, 1n);
  const r = encodeDer(DER_TAG.integer, Uint8Array.of(1));
  const cases: readonly { name: string; bytes: Uint8Array; want: Uint8Array | undefined }[] = [
    { name: "canonical", bytes: good, want: good },
    {
      name: "bytes after it are cut",
      bytes: Buffer.concat([good, Uint8Array.of(0, 9)]),
      want: good,
    },
    {
      name: "an element after s is cut",
      bytes: encodeDer(DER_TAG.sequence, good.subarray(2), r),
      want: good,
    },
    { name: "empty", bytes: new Uint8Array(0), want: undefined },
    { name: "truncated", bytes: good.subarray(0, -1), want: undefined },
    { name: "no s", bytes: encodeDer(DER_TAG.sequence, r), want: undefined },
    { name: "s is zero", bytes: signatureOf(1n, 0n), want: undefined },
    { name: "r is zero", bytes: signatureOf(0n, 1n), want: undefined },
    {
      name: "s is negative",
      bytes: encodeDer(DER_TAG.sequence, r, encodeDer(DER_TAG.integer, Uint8Array.of(0x80))),
      want: undefined,
    },
    {
      name: "r is padded",
      bytes: encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.integer, Uint8Array.of(0, 1)), r),
      want: undefined,
    },
    {
      name: "length in long form without need",
      bytes: Uint8Array.of(0x30, 0x81, 6, 2, 1, 1, 2, 1, 1),
      want: undefined,
    },
    {
      name: "indefinite length",
      bytes: Uint8Array.of(0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0),
      want: undefined,
    },
    { name: "raw 64 bytes", bytes: new Uint8Array(64).fill(1), want: undefined },
  ];
  for (const { name, bytes, want } of cases) {
    test(name, () => {
      assert.deepEqual(acceptableSignature(bytes, P256)?.slice(), want?.slice());
      assert.deepEqual(canonicalSignature(bytes)?.slice(), want?.slice());
      assert.equal(isCanonical(bytes), isItsCanonicalForm(bytes));
    });
  }

  test("canonical is what encoding r and s anew does not change", () => {
    const number = fc.bigInt({ min: 0n, max: (1n << 521n) - 1n });
    const rest = fc.uint8Array({ maxLength: 1 });
    fc.assert(
      fc.property(number, number, rest, rest, (r, s, inside, after) => {
        const both = [r, s].map((value) => encodeDer(DER_TAG.integer, magnitude(value)));
        const bytes = Buffer.concat([encodeDer(DER_TAG.sequence, ...both, inside), after]);
        assert.equal(isCanonical(bytes), isItsCanonicalForm(bytes));
        const isWhole = r > 0n && s > 0n && inside.length + after.length === 0;
        assert.equal(isCanonical(bytes), isWhole);
      }),
    );
  });

  test("random bytes never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const inSequence = encodeDer(DER_TAG.sequence, bytes);
        for (const candidate of [bytes, inSequence]) {
          acceptableSignature(candidate, P256);
          toLowS(candidate, P256);
          assert.equal(isCanonical(candidate), isItsCanonicalForm(candidate));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
