/** ECDSA signatures, against the low-S rule written with big numbers (spec A 4.2). */
import assert from "node:assert/strict";
import {
  acceptableSignature,
  canonicalSignature,
  findCurve,
  toLowS,
} from "../../src/msp/signatures.ts";
import { equalBytes } from "../../src/wire/bytes.ts";
import { parseEnvelope } from "../../src/wire/envelope.ts";
import { readEnvelopeVectors } from "../../src/wire/testing.ts";
import { bytesOf, readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { DER } from "./tree.ts";

const CURVES = ["secp224r1", "prime256v1", "secp384r1", "secp521r1"].flatMap(
  (name) => findCurve(name) ?? [],
);

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x00${Buffer.from(bytes).toString("hex")}`);
}

/** r and s of a canonical signature; undefined if it is none. */
function numbersOf(signature: Uint8Array): readonly [r: bigint, s: bigint] | undefined {
  const [sequence, ...more] = DER.parse(signature) ?? [];
  if (sequence?.tag !== 0x30 || more.length > 0 || !Array.isArray(sequence.body)) return undefined;
  const numbers = sequence.body.map(({ tag, body }) =>
    tag === 2 && body instanceof Uint8Array && body.length > 0 ? numberOf(body) : undefined,
  );
  const [r, s] = numbers;
  return numbers.length === 2 && r !== undefined && s !== undefined ? [r, s] : undefined;
}

function checkSignature(input: Uint8Array): string {
  const canonical = canonicalSignature(input);
  if (canonical === undefined) {
    for (const curve of CURVES) {
      assert.equal(acceptableSignature(input, curve), undefined);
      assert.equal(toLowS(input, curve), undefined);
    }
    return "refused";
  }
  const numbers = numbersOf(canonical);
  assert.ok(numbers, "what is canonical cannot be read");
  assert.ok(numbers[0] > 0n && numbers[1] > 0n, "not positive");
  assert.ok(canonical.length <= input.length, "longer than it was");
  assert.deepEqual(canonicalSignature(canonical), canonical, "canonical twice");
  return CURVES.map((curve) => checkOnCurve(input, canonical, numbers, curve)).join(" ");
}

function checkOnCurve(
  input: Uint8Array,
  canonical: Uint8Array,
  [r, s]: readonly [bigint, bigint],
  curve: (typeof CURVES)[number],
): string {
  const order = numberOf(curve.order);
  const isLow = s <= order / 2n;
  const acceptable = acceptableSignature(input, curve);
  assert.equal(acceptable !== undefined, isLow, "high S accepted, or low S refused");
  if (acceptable !== undefined) assert.ok(equalBytes(acceptable, canonical), "another signature");
  const low = toLowS(input, curve);
  if (s >= order) return "beyond"; // No signature of this curve; whatever becomes of it fails.
  assert.ok(low, "cannot be made low");
  assert.deepEqual(numbersOf(low), [r, isLow ? s : order - s], "another signature when made low");
  return isLow ? "low" : "high";
}

const signatures = readEnvelopeVectors().flatMap(({ bytes }) => {
  const envelope = parseEnvelope(bytes);
  return envelope.ok && envelope.value.signature.length > 0 ? [envelope.value.signature] : [];
});

/** Numbers at the edges of what is low, and of what is a signature at all. */
const edges = CURVES.flatMap(({ order, halfOrder }) =>
  [order, halfOrder].flatMap((edge) =>
    [-1n, 0n, 1n].map((offset) => signatureOf(7n, numberOf(edge) + offset)),
  ),
);

function signatureOf(...numbers: readonly bigint[]): Uint8Array {
  const body = numbers.map((number) => {
    const hex = number.toString(16);
    const bytes = Buffer.from(hex.length % 2 === 0 ? `00${hex}` : `0${hex}`, "hex");
    const isShort = (bytes[1] ?? 0) < 0x80 && bytes[0] === 0;
    return { tag: 2, body: new Uint8Array(isShort ? bytes.subarray(1) : bytes), lie: 0 };
  });
  return DER.write([{ tag: 0x30, body, lie: 0 }]);
}

export const signatureTargets: readonly Target[] = [
  {
    name: "signature",
    grammar: DER,
    corpus: [...signatures.map((bytes) => bytes.slice()), ...edges, ...readCorpus("signature")],
    dictionary: [
      ...CURVES.flatMap(({ order, halfOrder }) => [order, halfOrder]),
      Uint8Array.of(2, 1, 0),
      bytesOf("0"),
    ],
    bytesMax: 4_096,
    check: checkSignature,
  },
];
