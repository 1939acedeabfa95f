import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeathReason } from "../src/core/types/event.ts";
import { die, type Stage, stage, tell, viewOf } from "./checkers/testing.ts";
import { createLifetimes, type Lifetimes } from "./lifetimes.ts";

/** When `b` ends. */
const ENDED_MS = 10_000;

describe("the time until a death is known", () => {
  let lifetimes: Lifetimes;

  /** What the watcher is told of `b`, by whom it outlives; the seconds counted. */
  async function counted(heard: (set: Stage) => void): Promise<readonly number[]> {
    const set = await stage((world) => {
      lifetimes = createLifetimes(world);
      return { watcher: lifetimes.watcher };
    });
    heard(set);
    return lifetimes.deathsKnown().ticks.map((ticks) => ticks / 10);
  }

  const joins = (set: Stage, atMs: number): void => tell(set, "member-joined", viewOf(set.b), atMs);
  const ends = (set: Stage): void => lifetimes.watcher.ended?.(set.b, ENDED_MS);
  const isCalledDead = (set: Stage, atMs: number, reason: DeathReason): void =>
    die(set, viewOf(set.b, { status: "dead" }), atMs, reason);

  test("begins with the end of the process", async () => {
    const seconds = await counted((set) => {
      joins(set, 5_000);
      ends(set);
      isCalledDead(set, 22_500, "unreachable");
    });
    assert.deepEqual(seconds, [12.5]);
  });

  test("is none of an observer that first heard of the member after its end", async () => {
    const seconds = await counted((set) => {
      ends(set);
      joins(set, 11_000);
      isCalledDead(set, 24_000, "unreachable");
    });
    assert.deepEqual(seconds, []);
  });

  test("is none of an observer that knew the member only from a list of the dead", async () => {
    const seconds = await counted((set) => {
      ends(set);
      isCalledDead(set, 26_700, "listed-dead");
    });
    assert.deepEqual(seconds, []);
  });

  test("counts a join that was told late, but came before the end", async () => {
    const seconds = await counted((set) => {
      ends(set);
      joins(set, 9_950);
      isCalledDead(set, 22_000, "unreachable");
    });
    assert.deepEqual(seconds, [12]);
  });
});
