import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMPTY_BYTES, toHex } from "./bytes.ts";
import { decode } from "./decode.ts";
import { encode, encodeInField } from "./encode.ts";
import {
  DATA_DIGEST,
  ENVELOPE,
  GOSSIP_MESSAGE,
  type GossipMessageInit,
  PEER_TIME,
  SERIALIZED_IDENTITY,
} from "./messages.ts";
import { accept } from "./verdict.ts";

describe("encode()", () => {
  const cases: { name: string; message: GossipMessageInit; want: string }[] = [
    { name: "leaves defaults out", message: { nonce: 0n, channel: EMPTY_BYTES, tag: 0 }, want: "" },
    {
      name: "sends a content of defaults",
      message: { content: { type: "empty", value: {} } },
      want: "6a00",
    },
    {
      name: "sends a sub-message of defaults",
      message: { content: { type: "alive", value: { timestamp: {} } } },
      want: "2a021200",
    },
    {
      name: "sends an element of no bytes",
      message: { content: { type: "digest", value: { digests: [EMPTY_BYTES] } } },
      want: "52021200",
    },
    {
      name: "sends a negative enum as 64 bits",
      message: { tag: -1 },
      want: "18ffffffffffffffffff01",
    },
    { name: "sends fields in the table's order", message: { tag: 1, nonce: 2n }, want: "08021801" },
  ];
  for (const { name, message, want } of cases) {
    test(name, () => assert.equal(toHex(encode(GOSSIP_MESSAGE, message)), want));
  }

  test("grows with what is written, from either kind of growth", () => {
    for (const length of [1, 250, 256, 257, 10_000]) {
      const digests = [new Uint8Array(length).fill(1), ...Array(length).fill(Uint8Array.of(2))];
      const value = { nonce: 3n, digests, msgType: 1 };
      assert.deepEqual(decode(DATA_DIGEST, encode(DATA_DIGEST, value)), accept(value));
    }
  });

  test("gives a buffer that holds nothing else", () => {
    assert.equal(encode(PEER_TIME, { incNum: 1n }).buffer.byteLength, 2);
  });

  test("writes a message into a field of another as if it were written by itself first", () => {
    for (const length of [0, 1, 120, 127, 128, 5_000, 3_000_000, 5_000_000]) {
      const digests = length === 0 ? [] : [new Uint8Array(length).fill(1)];
      const payload = encode(DATA_DIGEST, { digests });
      const written = encodeInField(DATA_DIGEST, { digests }, 1);
      assert.deepEqual(written, encode(ENVELOPE, { payload }), `${length} bytes`);
      assert.equal(written.buffer.byteLength, written.length);
    }
  });

  for (const text of [
    "peer0:7051",
    "a".repeat(64),
    "a".repeat(65),
    "\u007f\u0080",
    "zürich",
    "节点",
    "🙂",
  ]) {
    test(`writes "${text}" in UTF-8`, () => {
      const idBytes = Uint8Array.of(1, 2);
      const bytes = new TextEncoder().encode(text);
      const written = encode(SERIALIZED_IDENTITY, { mspid: text, idBytes });
      assert.deepEqual(written, Uint8Array.of(10, bytes.length, ...bytes, 18, 2, 1, 2));
    });
  }

  test("writes numbers of 64 bits up to the greatest", () => {
    for (const incNum of [1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) {
      const value = { incNum, seqNum: incNum };
      assert.deepEqual(decode(PEER_TIME, encode(PEER_TIME, value)), accept(value));
    }
  });

  for (const incNum of [-1n, 2n ** 64n]) {
    test(`${incNum} is no uint64: the caller's mistake`, () => {
      assert.throws(() => encode(PEER_TIME, { incNum }), RangeError);
    });
  }
});
