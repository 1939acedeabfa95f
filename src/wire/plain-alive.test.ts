import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { GOSSIP_MESSAGE, type GossipMessageInit, SECRET } from "./messages.ts";
import { readPlainAlive, readPlainSecret } from "./plain-alive.ts";

const text = fc.oneof(
  fc.string({ maxLength: 4, unit: "binary" }),
  fc.constantFrom(24, 127, 128, 512, 513).map((length) => "a".repeat(length)),
);
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 300n }),
);
const part = fc.oneof(
  fc.uint8Array({ maxLength: 4 }),
  fc.constantFrom(32, 127, 128, 16_384).map((length) => new Uint8Array(length).fill(7)),
);
const alive = fc.record(
  {
    membership: fc.record({ endpoint: text, metadata: part, pkiId: part }, { requiredKeys: [] }),
    timestamp: fc.record({ incNum: uint64, seqNum: uint64 }, { requiredKeys: [] }),
    identity: fc.uint8Array({ maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const message: fc.Arbitrary<GossipMessageInit> = fc.record({
  tag: fc.integer({ min: 0, max: 300 }),
  content: fc.record({ type: fc.constant("alive" as const), value: alive }),
});

/** Somewhere within other bytes, as an envelope holds it. */
function within(bytes: Uint8Array): { whole: Uint8Array; start: number; end: number } {
  const whole = new Uint8Array(bytes.length + 7).fill(0x0a);
  whole.set(bytes, 3);
  return { whole, start: 3, end: 3 + bytes.length };
}

/** Whatever is read in place, the decoder reads as well, with the same result. */
function assertAlike(bytes: Uint8Array): boolean {
  const { whole, start, end } = within(bytes);
  const plain = readPlainAlive(whole, start, end);
  if (plain !== undefined)
    assert.deepEqual({ ok: true, value: plain }, decode(GOSSIP_MESSAGE, bytes));
  return plain !== undefined;
}

function assertSecretAlike(bytes: Uint8Array): boolean {
  const { whole, start, end } = within(bytes);
  const internalEndpoint = readPlainSecret(whole, start, end);
  if (internalEndpoint !== undefined)
    assert.deepEqual({ ok: true, value: { internalEndpoint } }, decode(SECRET, bytes));
  return internalEndpoint !== undefined;
}

function heartbeat(value: object): Uint8Array {
  return encode(GOSSIP_MESSAGE, { tag: 1, content: { type: "alive", value } });
}

describe("readPlainAlive()", () => {
  const membership = { endpoint: "peer0.org1.example.com:7051", pkiId: new Uint8Array(32).fill(5) };
  const timestamp = { incNum: 1_800_000_000_000_000_000n, seqNum: 3n };

  test("reads heartbeats as Fabric and we write them", () => {
    assert(assertAlike(heartbeat({ membership, timestamp })));
    const metadata = new Uint8Array(200).fill(9);
    assert(assertAlike(heartbeat({ membership: { ...membership, metadata }, timestamp })));
    assert(assertAlike(heartbeat({ membership: { ...membership, endpoint: "" }, timestamp })));
  });

  test("leaves those with a certificate to the decoder", () => {
    assert(!assertAlike(heartbeat({ membership, timestamp, identity: Uint8Array.of(1) })));
  });

  test("reads any of them as the decoder does, or leaves it to it", () => {
    fc.assert(fc.property(message, (value) => void assertAlike(encode(GOSSIP_MESSAGE, value))));
  });

  test("so it is with bytes cut off, added or changed", () => {
    const bytes = heartbeat({ membership, timestamp });
    const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }), kind: fc.nat({ max: 2 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const changed = [...bytes];
        for (const { at, to, kind } of changes) {
          changed.splice(at % bytes.length, kind === 1 ? 0 : 1, ...(kind === 2 ? [] : [to]));
        }
        assertAlike(Uint8Array.from(changed));
      }),
      { numRuns: 5_000 },
    );
    for (let length = 0; length < bytes.length; length++) assertAlike(bytes.subarray(0, length));
  });

  test("and with any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void assertAlike(bytes)));
  });
});

describe("readPlainSecret()", () => {
  test("reads an endpoint", () => {
    assert(assertSecretAlike(encode(SECRET, { internalEndpoint: "127.0.0.1:7051" })));
  });

  test("reads any secret as the decoder does, or leaves it to it", () => {
    const secret = fc.oneof(
      text.map((internalEndpoint) => encode(SECRET, { internalEndpoint })),
      fc.uint8Array({ maxLength: 6 }),
    );
    fc.assert(fc.property(secret, (bytes) => void assertSecretAlike(bytes)));
  });
});
