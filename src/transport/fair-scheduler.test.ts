/** All share the event loop fairly: nobody waits long, and nobody is forgotten. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { FairScheduler } from "./limits.ts";

function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe("turns", () => {
  test("end when all links together have used a round up, and begin anew after it", async () => {
    const turns = new FairScheduler();
    assert.equal(turns.isOver, false);
    work(6);
    assert.equal(turns.isOver, true);
    assert.equal(turns.isOver, true);
    await nextRound();
    assert.equal(turns.isOver, false);
  });

  test("go round: who waits comes before who has just had one", async () => {
    const turns = new FairScheduler();
    const order: string[] = [];
    const busy = (name: string, times: number): void => {
      if (times === 0) return;
      turns.wait(() => {
        order.push(name);
        work(6);
        busy(name, times - 1);
      });
    };
    assert.equal(turns.isOver, false); // Begins a round, in which the two are too late.
    busy("a", 3);
    busy("b", 3);
    for (let i = 0; i < 8; i++) await nextRound();
    assert.deepEqual(order, ["a", "b", "a", "b", "a", "b"]);
  });

  test("let timers and sockets in between", async () => {
    const turns = new FairScheduler();
    let [timers, worked] = [0, 0];
    const timer = setInterval(() => {
      timers += 1;
    }, 1);
    const go = (): void =>
      turns.wait(() => {
        worked += 1;
        work(6);
        if (worked < 10) go();
      });
    assert.equal(turns.isOver, false);
    go();
    while (worked < 10) await nextRound();
    clearInterval(timer);
    assert.ok(timers >= 9, `${timers} timers in ${worked} rounds`);
  });
});
