import assert from "node:assert/strict";
import { once } from "node:events";
import { url as inspectorUrl } from "node:inspector";
import { test } from "node:test";
import { aborted, listenToSignals } from "./signals.ts";

test("SIGUSR1, to which Node.js answers with a debugger, is answered with a sentence", async (t) => {
  const written = t.mock.method(process.stderr, "write", () => true);
  listenToSignals();
  process.kill(process.pid, "SIGUSR1");
  await once(process, "SIGUSR1");
  assert.match(String(written.mock.calls[0]?.arguments[0]), /^SIGUSR1 has no effect/);
  written.mock.restore();
  assert.equal(inspectorUrl(), undefined);
});

test("a SIGHUP that comes before anybody listens is not lost; SIGTERM stops", async () => {
  const signals = listenToSignals({ reloads: true });
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

test("SIGHUP, as of a terminal that closes, stops what has nothing to reload", () => {
  const signals = listenToSignals();
  process.emit("SIGHUP", "SIGHUP");
  assert.equal(signals.stop.aborted, true);
});
