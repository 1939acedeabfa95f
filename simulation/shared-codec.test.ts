import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_BYTES } from "../src/wire/bytes.ts";
import { encodeUnsigned } from "../src/wire/envelope.ts";
import { type GossipMessage, PULL_TYPE, TAG } from "../src/wire/messages.ts";
import { readMessage } from "../src/wire/received.ts";
import { createSharedCodec } from "./shared-codec.ts";

const bytesOf = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const entries = [bytesOf(900), bytesOf(900), bytesOf(900)];

const CONTENTS: readonly GossipMessage["content"][] = [
  { type: "membership-response", value: { alive: entries, dead: [] } },
  { type: "membership-request", value: { selfInformation: bytesOf(3_000), known: [] } },
  { type: "digest", value: { nonce: 3n, digests: entries, msgType: PULL_TYPE.identity } },
  { type: "update", value: { nonce: 4n, data: entries, msgType: PULL_TYPE.identity } },
  { type: "hello", value: { nonce: 5n, metadata: EMPTY_BYTES, msgType: PULL_TYPE.identity } },
];

for (const content of CONTENTS) {
  const message = { nonce: 9n, channel: EMPTY_BYTES, tag: TAG.empty, content };

  test(`a ${content?.type} is read as its bytes say`, () => {
    const { read, write } = createSharedCodec();
    const bytes = write(message);
    assert.deepEqual(bytes, encodeUnsigned(message));
    assert.deepEqual(read(bytes), readMessage(bytes));
  });
}

test("what is in a long list is what its sender holds; equal bytes of another sender are read anew", () => {
  const { read, write } = createSharedCodec();
  const content = { type: "membership-response", value: { alive: entries, dead: [] } } as const;
  const bytes = write({ nonce: 0n, channel: EMPTY_BYTES, tag: TAG.empty, content });
  const listIn = (list: Uint8Array): readonly Uint8Array[] => {
    const received = read(list);
    assert.ok(received.ok && received.value.message.content?.type === "membership-response");
    return received.value.message.content.value.alive;
  };
  assert.equal(listIn(bytes)[1], entries[1]);
  const copy = new Uint8Array(bytes);
  assert.notEqual(listIn(copy)[1], entries[1]);
  assert.deepEqual(listIn(copy), entries);
});
