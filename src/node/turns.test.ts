/** Members of one thread share what its event loop has left for work that can wait. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Turns } from "./turns.ts";

/** A loop whose rounds are called by hand, and members that work for so long in each turn. */
function createLoop() {
  const rounds: (() => void)[] = [];
  const order: string[] = [];
  let nowMs = 1_000;
  const turns = new Turns(
    () => nowMs,
    (round) => rounds.push(round),
  );
  return {
    order,
    turns,
    /** Takes so many turns, one after another. */
    work(name: string, times: number, ms: number): void {
      turns.take(() => {
        order.push(name);
        nowMs += ms;
        if (times > 1) this.work(name, times - 1, ms);
      });
    },
    /** A round of the loop in which everything else takes so long; what ran in it. */
    round(elseMs = 0): string {
      nowMs += elseMs;
      const before = order.length;
      assert.ok(rounds.length <= 1);
      rounds.shift()?.();
      return order.slice(before).join("");
    },
  };
}

describe("turns", () => {
  test("come one a round for whoever is alone", () => {
    const loop = createLoop();
    loop.work("a", 3, 1);
    loop.round();
    assert.deepEqual([loop.round(), loop.round(), loop.round()], ["a", "a", ""]);
  });

  test("go to whoever has begun, until it is done", () => {
    const loop = createLoop();
    for (const name of ["a", "b", "c"]) loop.work(name, 2, 3);
    loop.round(); // The first round finds that nothing else has run for long.
    for (let i = 0; i < 4; i++) loop.round();
    assert.equal(loop.order.join(""), "aabbcc");
  });

  test("go to the next one when somebody has had its time", () => {
    const loop = createLoop();
    loop.work("a", 100, 60);
    loop.work("b", 1, 60);
    while (!loop.order.includes("b")) loop.round();
    assert.equal(loop.order.indexOf("b"), 4);
  });

  test("take no more of a round than everything else, but a little in any case", () => {
    const loop = createLoop();
    loop.work("a", 1, 1);
    loop.round();
    for (const name of ["a", "b"]) loop.work(name, 1_000, 1);
    assert.deepEqual(
      [0, 2, 20, 1_000].map((elseMs) => loop.round(elseMs).length),
      [5, 5, 20, 100],
    );
  });

  test("are left out when they are cancelled", () => {
    const loop = createLoop();
    const cancel = loop.turns.take(() => assert.fail());
    loop.work("a", 1, 1);
    cancel();
    loop.round();
    assert.equal(loop.order.join(""), "a");
    cancel();
  });
});
