/** What happens again and again, to more subjects than are remembered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRepeats } from "./repeats.ts";

const PAUSES = { firstMs: 60_000, maxMs: 3_600_000 };

/** How many of so many subjects are told at this time. */
function toldOf(repeats: ReturnType<typeof createRepeats>, count: number, atMs: number): number {
  let told = 0;
  for (let i = 0; i < count; i++) {
    if (repeats.note(`p${i}`, "unreachable", atMs) !== undefined) told++;
  }
  return told;
}

test("those above a thousand are told as one of them, not each time anew", () => {
  const repeats = createRepeats(PAUSES);
  assert.equal(toldOf(repeats, 3_000, 0), 1_001);
  assert.equal(toldOf(repeats, 3_000, 1_000), 0);
  assert.equal(repeats.note("p2999", "timeout", 1_000), 0, "another code is news");
});

test("whoever has been quiet longest gives way to others", () => {
  const repeats = createRepeats(PAUSES);
  assert.equal(toldOf(repeats, 1_000, 0), 1_000);
  assert.equal(repeats.note("p0", "unreachable", 60_000), 0);
  for (const name of ["new", "newer"]) {
    assert.equal(repeats.note(name, "unreachable", 60_000), 0);
    assert.equal(repeats.note(name, "unreachable", 60_001), undefined);
  }
  assert.equal(repeats.note("p0", "unreachable", 60_001), undefined, "it was told since");
  assert.equal(repeats.note("p1", "unreachable", 60_001), 0, "p1 gave way, and is news again");
});
