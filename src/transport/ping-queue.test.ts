/** A process that is busy must not get more to do because it is busy. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Clock } from "./network.ts";
import { PingQueue } from "./ping-queue.ts";
import { createVirtualClock } from "./testing.ts";

/** Pings of a process whose event loop is at work for this share of the time. */
function createQueue(busyShare?: number) {
  const virtual = createVirtualClock();
  const [share, started, ends] = [{ busy: busyShare ?? 0 }, [] as number[], new Map()];
  let busyMs = 0;
  const advance = (ms: number): void => {
    for (let i = 0; i < ms; i++) {
      busyMs += share.busy;
      virtual.advance(1);
    }
  };
  const clock: Clock = {
    now: virtual.now,
    after: virtual.after,
    ...(busyShare === undefined ? {} : { busyMs: () => busyMs }),
  };
  const queue = new PingQueue(clock);
  const take = (id: number, isNeeded = (): boolean => true) =>
    queue.take((ended) => {
      started.push(id);
      ends.set(id, ended);
    }, isNeeded);
  return { queue, share, started, take, advance, end: (id: number) => ends.get(id)() };
}

describe("many pings of one process", () => {
  test("begin at once if the clock does not tell how busy it is", () => {
    const { started, take } = createQueue();
    for (let i = 0; i < 100; i++) take(i);
    assert.equal(started.length, 100);
  });

  test("begin after a moment if it is not busy", () => {
    const { started, take, advance } = createQueue(0.4);
    for (let i = 0; i < 100; i++) take(i);
    assert.deepEqual(started, [0, 1]);
    advance(100);
    assert.equal(started.length, 100);
  });

  test("are two at a time as long as it is busy, in the order in which they came", () => {
    const { started, take, advance, end, share } = createQueue(1);
    for (let i = 0; i < 100; i++) take(i);
    advance(60_000);
    assert.deepEqual(started, [0, 1]);
    end(1);
    end(1);
    assert.deepEqual(started, [0, 1, 2]);
    share.busy = 0;
    advance(200);
    assert.equal(started.length, 100);
  });

  test("are left out if they are no longer needed when it is their turn", () => {
    const { started, take, advance, end } = createQueue(1);
    for (let i = 0; i < 5; i++) take(i, () => i === 0 || i === 1 || i === 4);
    advance(1_000);
    end(0);
    assert.deepEqual(started, [0, 1, 4]);
  });

  test("make room if they are cancelled", () => {
    const { started, take } = createQueue(1);
    const [first, , third] = [0, 1, 2, 3].map((id) => take(id));
    third?.();
    first?.();
    first?.();
    assert.deepEqual(started, [0, 1, 3]);
  });

  test("end with the process", () => {
    const { queue, started, take, advance, share } = createQueue(1);
    for (let i = 0; i < 5; i++) take(i);
    queue.close();
    share.busy = 0;
    advance(1_000);
    assert.equal(started.length, 2);
  });
});
