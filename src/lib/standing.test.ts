import assert from "node:assert/strict";
import { test } from "node:test";
import { Standing } from "./standing.ts";

test("the worst has most that are here or have failed lately", () => {
  let nowMs = 0;
  const standing = new Standing(() => nowMs);
  assert.equal(standing.worstOf([]), undefined);
  assert.equal(standing.worstOf(["a", "b", "c"]), "a", "of equals the first");
  assert.equal(standing.worstOf(["a", "b", "c", "b"]), "b");
  standing.failed("c");
  assert.equal(standing.worstOf(["a", "b", "c"]), "c");
  assert.equal(standing.worstOf(["a", "b", "c", "b"]), "b");
  nowMs = 9_999;
  assert.equal(standing.worstOf(["a", "b", "c"]), "c");
  nowMs = 10_000;
  assert.equal(standing.worstOf(["a", "b", "c"]), "a", "a failure is forgotten after 10 s");
});

test("a hundred failures are remembered", () => {
  let nowMs = 0;
  const standing = new Standing(() => nowMs);
  for (let i = 0; i < 100_000; i++) standing.failed("crowd");
  const others = (count: number) => ["crowd", ...Array.from({ length: count }, () => "others")];
  assert.equal(standing.worstOf(others(100)), "crowd");
  assert.equal(standing.worstOf(others(102)), "others");
  nowMs = 999_999;
  assert.equal(standing.worstOf(["new", "crowd"]), "crowd");
  nowMs = 1_000_000;
  assert.equal(standing.worstOf(["new", "crowd"]), "new");
});

test("of more than 10,000 origins, whose last failure is longest ago is forgotten", () => {
  const standing = new Standing(() => 0);
  for (const origin of ["first", "second", "first"]) standing.failed(origin);
  for (let i = 0; i < 9_999; i++) standing.failed(String(i));
  assert.equal(standing.worstOf(["new", "second"]), "new");
  assert.equal(standing.worstOf(["new", "first"]), "first");
});
