import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSeededRandom } from "./random.ts";

function throwsOf(seed: number, count = 1_000): number[] {
  const random = createSeededRandom(seed);
  return Array.from({ length: count }, () => random.below(100));
}

describe("seeded dice", () => {
  test("fall the same from the same seed, and differently from another", () => {
    assert.deepEqual(throwsOf(7), throwsOf(7));
    for (const other of [8, 7 + 2 ** 32]) assert.notDeepEqual(throwsOf(7), throwsOf(other));
  });

  test("show every side about equally often", () => {
    const counts = new Array<number>(10).fill(0);
    for (const side of throwsOf(1, 100_000)) counts[side % 10] = (counts[side % 10] ?? 0) + 1;
    for (const count of counts) assert.ok(count > 9_500 && count < 10_500, String(count));
  });

  test("of a part of the world do not depend on what the rest throws afterwards", () => {
    const [one, other] = [createSeededRandom(3), createSeededRandom(3)];
    const [part, same] = [one.fork(), other.fork()];
    for (let i = 0; i < 10; i++) one.uint64();
    assert.deepEqual([part.uint64(), part.uint64()], [same.uint64(), same.uint64()]);
  });

  test("keep to their bounds", () => {
    const random = createSeededRandom(1);
    for (let i = 0; i < 1_000; i++) {
      const value = random.between(3, 5);
      assert.ok(value >= 3 && value <= 5);
      assert.ok(random.below(1) === 0);
    }
    assert.throws(() => random.pick([]), RangeError);
  });
});
