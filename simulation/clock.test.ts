import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createVirtualClock } from "./clock.ts";

describe("a virtual clock", () => {
  test("calls back in the order of due times, then of registration, cancelled ones not at all", () => {
    const timer = fc.record({
      delayMs: fc.integer({ min: 0, max: 20 }),
      isCancelled: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 200 }), (timers) => {
        const clock = createVirtualClock();
        const called: number[] = [];
        const cancels = timers.map(({ delayMs }, i) => clock.after(delayMs, () => called.push(i)));
        timers.forEach(({ isCancelled }, i) => {
          if (isCancelled) cancels[i]?.();
        });
        clock.advance(20);
        const expected = timers
          .map((entry, i) => ({ ...entry, i }))
          .filter(({ isCancelled }) => !isCancelled)
          .sort((a, b) => a.delayMs - b.delayMs || a.i - b.i)
          .map(({ i }) => i);
        assert.deepEqual(called, expected);
        assert.equal(clock.waiting, 0);
      }),
    );
  });

  test("stands at the due time while it calls back, and takes new timers then", () => {
    const clock = createVirtualClock(1_000);
    const seen: number[] = [];
    clock.after(5, () => {
      seen.push(clock.now().elapsedMs);
      clock.after(2, () => seen.push(clock.now().wallMs));
    });
    clock.advance(10);
    assert.deepEqual([seen, clock.now()], [[5, 1_007], { elapsedMs: 10, wallMs: 1_010 }]);
  });

  test("says whether anything ran, so that nobody waits for what did not happen", () => {
    const clock = createVirtualClock();
    clock.after(5, () => {});
    clock.after(7, () => {})();
    const ran = [4, 1, 5].map((ms) => clock.advance(ms));
    assert.deepEqual(ran, [false, true, false]);
  });

  test("does not keep what thousands of cancelled timers would need", () => {
    const clock = createVirtualClock();
    const kept: number[] = [];
    for (let i = 0; i < 10_000; i++) {
      const cancel = clock.after(1_000 + (i % 7), () => kept.push(i));
      if (i % 100 !== 0) cancel();
      cancel();
    }
    assert.equal(clock.waiting, 0);
    clock.after(1, () => kept.push(-1));
    assert.equal(clock.waiting, 1);
    clock.advance(2_000);
    assert.deepEqual(kept, [-1]);
  });
});
