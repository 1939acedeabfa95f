/** Nothing a peer sends costs more memory or time than these limits allow. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "./decode.ts";
import * as messages from "./messages.ts";
import { message, repeated, type Schema, string, table } from "./schema.ts";
import { delimited } from "./testing.ts";
import { reject } from "./verdict.ts";

const { DATA_DIGEST, PEER_TIME, MEMBER, MEMBERSHIP_REQUEST, STATE_INFO } = messages;

/** `count` times the same bytes. */
function times(count: number, bytes: readonly number[]): number[] {
  return Array.from({ length: count }, () => bytes).flat();
}

describe("limits, each at its last good value and one beyond", () => {
  const list = table({ items: repeated(string(1, { bytesMax: 3 }), 2) });
  const leaf = table({ text: string(1) });
  /** A chain of `depth` messages. */
  const chain = (depth: number): Schema =>
    depth === 1 ? leaf : table({ inner: message(1, chain(depth - 1)) });
  const nested = (depth: number): number[] => (depth === 1 ? [] : delimited(1, nested(depth - 1)));
  const groups = (depth: number): number[] => [
    ...times(depth, [0x9b, 0x01]),
    ...times(depth, [0x9c, 0x01]),
  ];
  const digests = (count: number): number[] => times(count, [0x12, 1, 7]);
  const cases: { name: string; schema: Schema; good: number[]; bad: number[]; code: string }[] = [
    {
      name: "elements of a list",
      schema: list,
      good: times(2, delimited(1, [65])),
      bad: times(3, delimited(1, [65])),
      code: "too-many",
    },
    {
      name: "digests of a message",
      schema: DATA_DIGEST,
      good: digests(25_000),
      bad: digests(25_001),
      code: "too-many",
    },
    {
      name: "fields of a message",
      schema: PEER_TIME,
      good: times(60_000, [0x98, 1, 0]),
      bad: times(60_001, [0x98, 1, 0]),
      code: "too-many",
    },
    {
      name: "fields in groups",
      schema: PEER_TIME,
      good: times(30_000, [0x9b, 1, 0x9c, 1]),
      bad: times(30_001, [0x9b, 1, 0x9c, 1]),
      code: "too-many",
    },
    {
      name: "text looked at",
      schema: messages.ACKNOWLEDGEMENT,
      good: times(29, delimited(1, times(65_536, [65]))),
      bad: times(30, delimited(1, times(65_536, [65]))),
      code: "too-many",
    },
    {
      name: "embedded bytes joined",
      schema: MEMBERSHIP_REQUEST,
      good: times(1_900, delimited(1, [1])),
      bad: times(2_000, delimited(1, [1])),
      code: "too-many",
    },
    {
      name: "length of a text",
      schema: list,
      good: delimited(1, [65, 65, 65]),
      bad: delimited(1, [65, 65, 65, 65]),
      code: "too-large",
    },
    {
      name: "length of an endpoint",
      schema: MEMBER,
      good: delimited(1, times(512, [65])),
      bad: delimited(1, times(513, [65])),
      code: "too-large",
    },
    {
      name: "depth of messages",
      schema: chain(9),
      good: nested(8),
      bad: nested(9),
      code: "too-deep",
    },
    {
      name: "depth of groups",
      schema: PEER_TIME,
      good: groups(7),
      bad: groups(8),
      code: "too-deep",
    },
    {
      name: "depth of groups in messages",
      schema: STATE_INFO,
      good: delimited(5, delimited(3, groups(5))),
      bad: delimited(5, delimited(3, groups(6))),
      code: "too-deep",
    },
  ];
  for (const { name, schema, good, bad, code } of cases) {
    test(name, () => {
      assert.equal(decode(schema, Uint8Array.from(good)).ok, true);
      assert.deepEqual(decode(schema, Uint8Array.from(bad)), reject(code));
    });
  }

  test("every list of every message has one", () => {
    const tables = Object.values(messages).filter((value) => "slots" in value);
    for (const { slots } of tables) {
      for (const { field, itemsMax, name } of slots.filter((slot) => slot.itemsMax !== undefined)) {
        const bytes = Uint8Array.from(times((itemsMax ?? 0) + 1, delimited(field.number, [])));
        const schema: Schema | undefined = tables.find((candidate) => candidate.slots === slots);
        assert.deepEqual(schema && decode(schema, bytes), reject("too-many"), name);
      }
    }
  });
});

test("a hostile message of 100 MB is refused without being copied", () => {
  const bytes = new Uint8Array(100_000_000).fill(0x12);
  for (let i = 1; i < bytes.length; i += 2) bytes[i] = 0;
  const before = process.memoryUsage();
  assert.deepEqual(decode(DATA_DIGEST, bytes), reject("too-many"));
  const after = process.memoryUsage();
  assert.ok(after.arrayBuffers - before.arrayBuffers < 1_000_000);
});
