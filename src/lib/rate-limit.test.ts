/** So much at once, then so much a second. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { charge, createRateLimit, isSpent, LeakyBucket } from "./rate-limit.ts";

const at = (elapsedMs: number) => ({ elapsedMs });

describe("an account of a rate limit", () => {
  const [a, b] = ["a", "b"];

  test("is full at first, spent when so much is gone, and refilled by time", () => {
    const limit = createRateLimit(10, 2);
    charge(limit, a, 19, at(0));
    assert.equal(isSpent(limit, a, at(0)), false);
    charge(limit, a, 2, at(0));
    assert.equal(isSpent(limit, a, at(0)), true);
    assert.equal(isSpent(limit, a, at(99)), true);
    assert.equal(isSpent(limit, a, at(101)), false);
  });

  test("is each peer's own", () => {
    const limit = createRateLimit(10, 2);
    charge(limit, a, 100, at(0));
    assert.deepEqual([isSpent(limit, a, at(0)), isSpent(limit, b, at(0))], [true, false]);
  });

  test("lets what is dearer than the rest be done, and paid off afterwards", () => {
    const limit = createRateLimit(10, 2);
    charge(limit, a, 50, at(0));
    assert.deepEqual(
      [2_999, 3_001].map((ms) => isSpent(limit, a, at(ms))),
      [true, false],
    );
  });

  test("remembers so many peers; beyond, the one that began to owe first is forgiven", () => {
    const limit = createRateLimit(1, 1);
    for (let i = 0; i < 10_001; i++) charge(limit, String(i), 10, at(0));
    assert.equal(limit.debts.size, 10_000);
    assert.deepEqual(
      [0, 1, 10_000].map((i) => isSpent(limit, String(i), at(0))),
      [false, true, true],
    );
  });

  test("does not remember those who have paid off what they owed", () => {
    const limit = createRateLimit(10, 2);
    for (let i = 0; i < 5_000; i++) charge(limit, String(i), 1, at(i * 1_000));
    assert.ok(limit.debts.size <= 64, `${limit.debts.size} are remembered`);
  });

  test("does what a naive bucket does", () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(3_000), cost: fc.nat(40) }));
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (list, perSecond) => {
        const limit = createRateLimit(perSecond, 2);
        let [nowMs, tokens] = [0, perSecond * 2];
        for (const { waitMs, cost } of list) {
          nowMs += waitMs;
          tokens = Math.min(perSecond * 2, tokens + (waitMs / 1_000) * perSecond) - cost;
          charge(limit, a, cost, at(nowMs));
          if (Math.abs(tokens) > 1e-6) assert.equal(isSpent(limit, a, at(nowMs)), tokens < 0);
        }
      }),
    );
  });
});

test("so much at once, then so much a second; what was not used is not saved beyond the burst", () => {
  const allowance = new LeakyBucket({ burst: 3, perSecond: 2 });
  const take = (amount: number, nowMs: number): boolean => allowance.take(amount, nowMs);
  assert.deepEqual([take(2, 0), take(1, 0), take(1, 0)], [true, true, false]);
  assert.equal(take(1, 1_000), true, "two have been paid off, of four");
  assert.equal(take(1, 1_100), false);
  assert.deepEqual([take(3, 100_000), take(1, 100_000)], [true, false]);
});

test("what was counted too early can be given back", () => {
  const allowance = new LeakyBucket({ burst: 10, perSecond: 0 });
  assert.deepEqual([allowance.take(10, 0), allowance.take(-10, 0)], [true, true]);
  assert.equal(allowance.take(10, 0), true);
});
