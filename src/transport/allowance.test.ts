import assert from "node:assert/strict";
import { test } from "node:test";
import { Allowance } from "./allowance.ts";

test("so much at once, then so much a second; what was not used is not saved beyond the burst", () => {
  const allowance = new Allowance(3, 2);
  const take = (amount: number, nowMs: number): boolean => allowance.take(amount, nowMs);
  assert.deepEqual([take(2, 0), take(1, 0), take(1, 0)], [true, true, false]);
  assert.equal(take(1, 1_000), true, "two have been paid off, of four");
  assert.equal(take(1, 1_100), false);
  assert.deepEqual([take(3, 100_000), take(1, 100_000)], [true, false]);
});

test("what was counted too early can be given back", () => {
  const allowance = new Allowance(10, 0);
  assert.deepEqual([allowance.take(10, 0), allowance.take(-10, 0)], [true, true]);
  assert.equal(allowance.take(10, 0), true);
});
