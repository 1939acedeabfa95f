import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_BYTES } from "../src/wire/bytes.ts";
import { encodeUnsigned } from "../src/wire/envelope.ts";
import { type GossipMessage, PULL_TYPE, TAG } from "../src/wire/messages.ts";
import { readMessage } from "../src/wire/received.ts";
import { createSharedLists } from "./shared-lists.ts";

const bytesOf = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const entries = [bytesOf(900), bytesOf(900), bytesOf(900)];

const ids = Array.from({ length: 200 }, (_, i) => new Uint8Array(32).fill(i));

const LISTS: readonly GossipMessage["content"][] = [
  { type: "membership-response", value: { alive: entries, dead: [] } },
  { type: "membership-response", value: { alive: entries, dead: entries.slice(1) } },
  { type: "membership-response", value: { alive: [], dead: entries } },
  { type: "digest", value: { nonce: 3n, digests: ids, msgType: PULL_TYPE.identity } },
  { type: "update", value: { nonce: 2n ** 63n, data: entries, msgType: PULL_TYPE.identity } },
];

for (const [i, content] of LISTS.entries()) {
  test(`list ${i}, a ${content?.type}, is read as its bytes would be, and has their length and end`, () => {
    const message = { nonce: BigInt(i), channel: EMPTY_BYTES, tag: TAG.empty, content };
    const { read, write, messageOf, endOf } = createSharedLists(readMessage);
    const [written, bytes] = [write(message), encodeUnsigned(message)];
    assert.equal(written.length, bytes.length);
    assert.deepEqual(endOf(written).slice(-16), bytes.slice(-16));
    assert.equal(messageOf(written), message);
    const [received, decoded] = [read(written), readMessage(bytes)];
    assert.ok(received.ok && decoded.ok);
    assert.deepEqual(received.value.message, decoded.value.message);
    assert.deepEqual(received.value.alive, decoded.value.alive);
  });
}

test("other messages, and short lists, are bytes", () => {
  const { read, write, messageOf, endOf } = createSharedLists(readMessage);
  for (const content of [
    { type: "hello", value: { nonce: 5n, metadata: EMPTY_BYTES, msgType: PULL_TYPE.identity } },
    { type: "membership-request", value: { selfInformation: bytesOf(3_000), known: [] } },
    { type: "membership-response", value: { alive: entries.slice(1), dead: [] } },
  ] as const) {
    const message = { nonce: 0n, channel: EMPTY_BYTES, tag: TAG.empty, content };
    const bytes = write(message);
    assert.deepEqual(bytes, encodeUnsigned(message));
    assert.deepEqual(read(bytes), readMessage(bytes));
    assert.equal(messageOf(bytes), undefined);
    assert.equal(endOf(bytes), bytes);
  }
});

test("nobody else can send what stands for a list", () => {
  const { read, write } = createSharedLists(readMessage);
  const content = { type: "membership-response", value: { alive: entries, dead: [] } } as const;
  const bytes = write({ nonce: 0n, channel: EMPTY_BYTES, tag: TAG.empty, content });
  assert.deepEqual(read(new Uint8Array(bytes)), readMessage(new Uint8Array(bytes.length)));
});
