/** A link is read at a pace: short bursts at once, floods no faster than so much a second. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MESSAGE_COST_BYTES, readingRate } from "./limits.ts";

describe("a pace of 1,000,000 bytes a second", () => {
  /** Milliseconds until so many messages of this length are read, if there are always more. */
  function readingTakes(messages: number, bytes: number): number {
    const pace = readingRate(1_000_000);
    let nowMs = 5_000;
    for (let i = 0; i < messages; i++) {
      nowMs += pace.waitMs(nowMs);
      pace.take(bytes + MESSAGE_COST_BYTES, nowMs);
    }
    return nowMs - 5_000;
  }

  const cases = [
    { name: "a list of four seconds' worth comes at once", messages: 1, bytes: 3_999_000, ms: 0 },
    { name: "so does a burst of small messages", messages: 5_000, bytes: 300, ms: 0 },
    { name: "a flood of small messages is slowed down", messages: 50_000, bytes: 100, ms: 21_000 },
    { name: "a flood of long ones too", messages: 50, bytes: 1_000_000, ms: 45_019.6 },
  ];
  for (const { name, messages, bytes, ms } of cases) {
    test(name, () => {
      const taken = readingTakes(messages, bytes);
      assert.ok(Math.abs(taken - ms) <= 1_001, `${taken} ms`);
    });
  }

  test("is regained in silence", () => {
    const pace = readingRate(1_000_000);
    pace.take(6_000_000, 0);
    assert.deepEqual([pace.waitMs(0), pace.waitMs(1_500), pace.waitMs(2_000)], [2_000, 500, 0]);
  });
});
