import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeEnvelope, encodeMessage, encodeUnsigned } from "../src/wire/envelope.ts";
import { type GossipMessageInit, PULL_TYPE, TAG } from "../src/wire/messages.ts";
import { createAuthority } from "./authority.ts";
import { glance, type Kind } from "./wire-kind.ts";

const CASES: readonly (readonly [NonNullable<GossipMessageInit["content"]>, Kind])[] = [
  [{ type: "alive", value: {} }, "alive"],
  [{ type: "membership-request", value: {} }, "membership-request"],
  [{ type: "membership-response", value: {} }, "membership-response"],
  [{ type: "hello", value: { nonce: 2n ** 63n, msgType: PULL_TYPE.identity } }, "hello"],
  [{ type: "digest", value: {} }, "digest"],
  [{ type: "request", value: {} }, "request"],
  [{ type: "update", value: {} }, "update"],
  [{ type: "conn-establish", value: {} }, "handshake"],
  [{ type: "state-info", value: {} }, "state-info"],
  [{ type: "data", value: {} }, "other"],
  [{ type: "leadership", value: {} }, "other"],
  [{ type: "empty", value: {} }, "other"],
];

describe("a glance at an envelope", () => {
  for (const [content, kind] of CASES) {
    test(`tells ${content.type} by its number, whatever comes before it`, () => {
      const message = { content, tag: TAG.chanOrOrg };
      const plain = encodeUnsigned(message);
      const full = encodeUnsigned({
        ...message,
        nonce: 2n ** 64n - 1n,
        channel: new Uint8Array(9),
      });
      assert.deepEqual([glance(plain).kind, glance(full).kind], [kind, kind]);
    });
  }

  test("reads the number in a signature of this world", () => {
    const notAfterMs = 2e12;
    const { sign } = createAuthority(1).issue({ mspId: "A", name: "a", owner: 0, notAfterMs });
    const payload = encodeMessage({ tag: TAG.empty, content: { type: "alive", value: {} } });
    const { bytes } = encodeEnvelope({ payload, signature: sign(payload, 3_000_000_000) });
    assert.deepEqual(glance(bytes), { kind: "alive", number: 3_000_000_000 });
  });

  test("survives any bytes", () => {
    for (let length = 0; length < 300; length++) {
      for (const fill of [0x00, 0x0a, 0x12, 0x80, 0xff]) {
        assert.equal(glance(new Uint8Array(length).fill(fill)).kind, "other");
      }
    }
  });
});
