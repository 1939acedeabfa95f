import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeUnsigned, parseMessage, peekType } from "./envelope.ts";
import { GOSSIP_MESSAGE, type GossipMessageInit, TAG } from "./messages.ts";

type Content = NonNullable<GossipMessageInit["content"]>;

const TYPES = GOSSIP_MESSAGE.slots.flatMap(({ type }) => type ?? []);

function messageOf(type: string, more: Omit<GossipMessageInit, "content">): Uint8Array {
  return encodeUnsigned({ ...more, content: { type, value: {} } as Content });
}

describe("the type of a message is told from its first bytes", () => {
  for (const type of TYPES) {
    test(`${type}, whatever comes before it`, () => {
      const channel = new Uint8Array(300);
      assert.deepEqual(
        [
          peekType(messageOf(type, {})),
          peekType(messageOf(type, { tag: TAG.chanOrOrg })),
          peekType(messageOf(type, { nonce: 2n ** 64n - 1n, channel, tag: TAG.empty })),
        ],
        [type, type, type],
      );
    });
  }

  test("nothing is told of any bytes in which the decoder finds no content", () => {
    const payloads = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(...TYPES).map((type) => messageOf(type, { nonce: 1n }).subarray(2)),
    );
    fc.assert(
      fc.property(payloads, (payload) => {
        const message = parseMessage(payload);
        const peeked = peekType(Uint8Array.of(0x0a, payload.length, ...payload));
        assert.ok(!message.ok || peeked === undefined || message.value.content !== undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a nonce without end and fields without number are not read for long", () => {
    assert.equal(peekType(new Uint8Array(1_000_000).fill(0x0a, 0, 1).fill(0xff, 1)), undefined);
    const unknownFields = Uint8Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0 ? 0x20 : 1,
    );
    assert.equal(peekType(Uint8Array.of(0x0a, 0xca, 0x01, ...unknownFields, 0x2a, 0)), undefined);
  });
});
