import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outgoing } from "../core/types/effect.ts";
import { createSendQueue, type SendQueue } from "./peer.ts";

const message = (length: number, replaces?: string): Outgoing => ({
  bytes: new Uint8Array(length),
  ...(replaces === undefined ? {} : { replaces }),
});
function lengths(queue: SendQueue): number[] {
  const all: number[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    all.push(next.bytes.length);
  }
  return all;
}

describe("a send queue", () => {
  test("holds so many messages, and drops the newest", () => {
    const queue = createSendQueue({ queuedMessagesMax: 3, queuedBytesMax: 100 });
    assert.deepEqual(
      [1, 2, 3, 4].map((length) => queue.push(message(length))),
      [true, true, true, false],
    );
    assert.deepEqual(lengths(queue), [1, 2, 3]);
  });

  test("holds so many bytes, but always one message", () => {
    const queue = createSendQueue({ queuedMessagesMax: 9, queuedBytesMax: 100 });
    assert.equal(queue.push(message(500)), true);
    assert.equal(queue.push(message(1)), false);
    queue.shift();
    assert.deepEqual(
      [60, 40, 1].map((length) => queue.push(message(length))),
      [true, true, false],
    );
    assert.deepEqual(lengths(queue), [60, 40]);
    assert.equal(queue.push(message(100)), true);
  });

  test("replaces in place, even when full, unless that makes it too long", () => {
    const queue = createSendQueue({ queuedMessagesMax: 2, queuedBytesMax: 100 });
    queue.push(message(10, "alive"));
    queue.push(message(20));
    assert.equal(queue.push(message(30, "alive")), true);
    assert.equal(queue.push(message(90, "alive")), false);
    assert.equal(queue.size, 2);
    assert.deepEqual(lengths(queue), [30, 20]);
  });

  test("takes back what was not sent to the front, unless something newer came", () => {
    const queue = createSendQueue({ queuedMessagesMax: 5, queuedBytesMax: 100 });
    queue.push(message(2, "alive"));
    queue.unshift(message(1));
    queue.unshift(message(3, "alive"));
    assert.deepEqual(lengths(queue), [1, 2]);
  });
});
