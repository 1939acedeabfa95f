import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dateOf } from "../observe/snapshots.ts";
import { createSystemClock } from "./runtime.ts";

describe("the clock of this machine", () => {
  test("gives a moment the same date at each call", () => {
    const clock = createSystemClock();
    const { elapsedMs } = clock.now();
    const dates = new Set<string>();
    while (clock.now().elapsedMs < elapsedMs + 20) {
      dates.add(dateOf(elapsedMs, clock.now()).toISOString());
    }
    assert.equal(dates.size, 1, [...dates].join());
  });

  test("moves dates with the wall clock when that is set, not when the process is held up", (t) => {
    let setMs = 0;
    const realNow = Date.now;
    t.mock.method(Date, "now", () => realNow() + setMs);
    const clock = createSystemClock();
    const { elapsedMs } = clock.now();
    const before = dateOf(elapsedMs, clock.now()).getTime();
    setMs = 30;
    assert.equal(dateOf(elapsedMs, clock.now()).getTime(), before);
    setMs = -3_600_000;
    const after = dateOf(elapsedMs, clock.now()).getTime();
    assert.ok(Math.abs(after - before - setMs) < 100, `${after - before}`);
    assert.equal(dateOf(elapsedMs, clock.now()).getTime(), after);
  });
});
