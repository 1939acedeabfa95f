import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { watchEventLoop } from "./event-loop.ts";

test("work that holds the event loop up is seen as lag and as activity", async () => {
  await nextTurn(); // Before its first turn the loop has no activity.
  const eventLoop = watchEventLoop();
  const activeSeconds = eventLoop.activeSeconds();
  const endMs = performance.now() + 300;
  while (performance.now() < endMs); // The timer was due after 100 ms of this.
  while (eventLoop.lag.count === 0) await sleep(1);
  eventLoop.stop();
  assert.ok(eventLoop.lag.sum >= 0.15, `${eventLoop.lag.sum} s`);
  assert.ok(eventLoop.activeSeconds() - activeSeconds >= 0.25);
});
