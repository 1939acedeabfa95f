/** Messages that are begun and never finished take so much memory together, and no more. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PartialFrameBudget } from "./limits.ts";

describe("unfinished messages", () => {
  function holders(unfinished: PartialFrameBudget, names: readonly string[]) {
    const gaveUp: string[] = [];
    const links = new Map(names.map((name) => [name, () => void gaveUp.push(name)]));
    const hold = (name: string, bytes: number): void =>
      unfinished.hold(links.get(name) ?? assert.fail(), bytes);
    return { gaveUp, hold };
  }

  test("may take so much together; then the largest is given up", () => {
    const { gaveUp, hold } = holders(new PartialFrameBudget(100), ["small", "large", "last"]);
    hold("small", 20);
    hold("large", 50);
    hold("last", 30);
    assert.deepEqual(gaveUp, []);
    hold("last", 31);
    assert.deepEqual(gaveUp, ["large"]);
    hold("last", 80);
    assert.deepEqual(gaveUp, ["large"]);
  });

  test("free their room when they are finished", () => {
    const { gaveUp, hold } = holders(new PartialFrameBudget(100), ["a", "b"]);
    for (let i = 0; i < 10; i++) {
      hold("a", 90);
      hold("a", 0);
      hold("b", 90);
      hold("b", 0);
    }
    assert.deepEqual(gaveUp, []);
  });

  test("of one alone may be given up too", () => {
    const { gaveUp, hold } = holders(new PartialFrameBudget(100), ["a"]);
    hold("a", 101);
    assert.deepEqual(gaveUp, ["a"]);
  });
});
