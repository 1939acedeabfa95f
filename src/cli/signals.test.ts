import assert from "node:assert/strict";
import { test } from "node:test";
import { aborted, listenToSignals } from "./signals.ts";

test("a SIGHUP that comes before anybody listens is not lost; SIGTERM stops", async () => {
  const signals = listenToSignals();
  process.emit("SIGHUP", "SIGHUP");
  let hangups = 0;
  signals.onHangup(() => {
    hangups += 1;
  });
  assert.equal(hangups, 1);
  process.emit("SIGHUP", "SIGHUP");
  assert.deepEqual([hangups, signals.stop.aborted], [2, false]);
  const stopped = aborted(signals.stop);
  process.emit("SIGTERM", "SIGTERM");
  await stopped;
  await aborted(signals.stop);
});
