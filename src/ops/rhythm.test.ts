import assert from "node:assert/strict";
import { describe, test } from "node:test";

const { createRhythm } = await import(
  new URL("../dashboard/model-member.js", import.meta.url).href
);

describe("the age from which the page calls a heartbeat overdue", () => {
  /** Members that were heard at these seconds, with the numbers of their heartbeats. */
  const seen = (...heard: readonly (readonly [seconds: number, sequence: number])[]) =>
    heard.map(([seconds, sequence], at) => ({
      pkiId: String(at),
      self: false,
      incarnation: "1",
      sequence: String(sequence),
      lastSeen: new Date(seconds * 1_000).toISOString(),
    }));

  test("is unknown at first", () => {
    const overdueAfter = createRhythm();
    assert.equal(overdueAfter(seen([0, 1], [1, 1])), Number.POSITIVE_INFINITY);
  });

  test("is twice the interval between heartbeats, and a second more", () => {
    const overdueAfter = createRhythm();
    overdueAfter(seen([0, 1], [1, 1], [2, 1]));
    assert.equal(overdueAfter(seen([5, 2], [6, 2], [7, 2])), 11_000);
  });

  test("does not change when copies of a heartbeat come later", () => {
    const overdueAfter = createRhythm();
    overdueAfter(seen([0, 1], [1, 1], [2, 1]));
    assert.equal(overdueAfter(seen([0.02, 1], [1.03, 1], [2.1, 1])), Number.POSITIVE_INFINITY);
    assert.equal(overdueAfter(seen([5, 2], [6, 2], [7, 2])), 11_000);
  });

  test("is not shortened by heartbeats between the regular ones", () => {
    const overdueAfter = createRhythm();
    for (const [seconds, sequence] of [
      [0, 1],
      [5, 2],
      [6, 3],
      [10, 4],
    ] as const) {
      overdueAfter(seen([seconds, sequence]));
    }
    assert.equal(overdueAfter(seen([11, 5])), 11_000);
  });
});
