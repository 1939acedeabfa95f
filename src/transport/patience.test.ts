import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createGrpcNetwork } from "./grpc.ts";
import { createMemoryHub } from "./memory.ts";
import { afterPatiently, loopBusyMs } from "./patience.ts";
import { createVirtualClock } from "./testing.ts";

/** When the limit of 100 ms is over, for a loop that is at work for this share of the time. */
function limitMs(busyShare: number | undefined): number {
  const clock = createVirtualClock();
  const elapsedMs = (): number => clock.now().elapsedMs;
  const busyMs = (): number => elapsedMs() * (busyShare ?? 0);
  let endedMs = 0;
  afterPatiently(
    { after: clock.after, ...(busyShare === undefined ? {} : { busyMs }) },
    100,
    () => {
      endedMs = elapsedMs();
    },
  );
  for (let i = 0; i < 1_000; i++) clock.advance(1);
  return endedMs;
}

/** Before its first turn, a loop does not tell. */
const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a limit for what others do", () => {
  const cases = [
    ["a loop that has nothing to do", 0, 100],
    ["a loop that is at work for half of the time", 0.5, 100],
    ["a clock that does not tell", undefined, 100],
    ["a loop that is at work most of the time: longer, but not for ever", 0.51, 400],
    ["a loop that never rests", 1, 400],
  ] as const;
  for (const [name, share, expectedMs] of cases) {
    test(name, () => assert.equal(limitMs(share), expectedMs));
  }

  test("if the loop was busy for a while only, it holds for the time after that", () => {
    const clock = createVirtualClock();
    let busyMs = 0;
    let isOver = false;
    afterPatiently({ after: clock.after, busyMs: () => busyMs }, 100, () => {
      isOver = true;
    });
    busyMs = 80;
    clock.advance(150);
    busyMs = 90;
    clock.advance(49);
    assert.equal(isOver, false);
    clock.advance(1);
    assert.equal(isOver, true);
  });

  test("it can be cancelled, before and after it was extended", () => {
    for (const cancelMs of [50, 150]) {
      const clock = createVirtualClock();
      const busyMs = (): number => clock.now().elapsedMs;
      const cancel = afterPatiently({ after: clock.after, busyMs }, 100, () => assert.fail());
      clock.advance(cancelMs);
      cancel();
      clock.advance(1_000);
    }
  });

  test("a loop that computes is at work", async () => {
    await turnOfLoop();
    const [before, startMs] = [loopBusyMs(), performance.now()];
    while (performance.now() - startMs < 20);
    assert.ok(loopBusyMs() - before >= 19);
  });
});

test("a dial does not fail because we were busy ourselves when it should have ended", async (t) => {
  const listen = { host: "127.0.0.1", port: 0 };
  const server = createGrpcNetwork({ listen });
  const client = createGrpcNetwork({ listen, timeouts: { dialTimeoutMs: 500 } });
  t.after(() => Promise.all([server.close(), client.close()]));
  await server.listen(() => {});
  await turnOfLoop();
  const dialled = new Promise<string>((resolve) => {
    client.dial(`127.0.0.1:${server.port}`, {
      opened: () => resolve("opened"),
      failed: (fault) => resolve(fault),
    });
  });
  const startMs = performance.now();
  while (performance.now() - startMs < 600);
  assert.equal(await dialled, "opened");
});

test("a ping of somebody who does not answer is over before a dial would be", async () => {
  const clock = createVirtualClock();
  // The way there and back is part of its time, as it is of that of a socket.
  const hub = createMemoryHub({ clock, route: () => "lose", latencyMs: () => 600 });
  const network = hub.network({ endpoints: ["a:1"], certificate: new Uint8Array(1) });
  const failed: string[] = [];
  network.ping("b:1", () => failed.push("ping"));
  network.dial("b:1", { opened: () => failed.push("opened"), failed: () => failed.push("dial") });
  clock.advance(2_099);
  assert.deepEqual(failed, []);
  clock.advance(2);
  assert.deepEqual(failed, ["ping"]);
  clock.advance(900);
  assert.deepEqual(failed, ["ping", "dial"]);
  await network.close();
});
