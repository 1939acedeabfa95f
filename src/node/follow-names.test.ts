/** Names are resolved again and again, in virtual time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createVirtualClock } from "../transport/testing.ts";
import { followNames } from "./follow-names.ts";

interface Followed {
  /** What the name server answers: endpoints, or the code of an error. */
  answer: readonly string[] | string;
  isAlone: boolean;
  readonly asked: number[];
  readonly resolved: (readonly string[])[];
  readonly failed: string[];
  readonly unresolved: () => string;
  readonly stop: () => void;
  readonly waiting: () => number;
  run(ms: number): Promise<void>;
}

function follow(...names: readonly string[]): Followed {
  const clock = createVirtualClock(1_800_000_000_000);
  const state: Pick<Followed, "answer" | "isAlone"> = { answer: "ENOTFOUND", isAlone: true };
  const [asked, resolved, failed]: [number[], (readonly string[])[], string[]] = [[], [], []];
  const addresses = async (): Promise<readonly string[]> => {
    asked.push(clock.now().elapsedMs);
    if (typeof state.answer !== "string") return state.answer;
    throw Object.assign(new Error("no"), { code: state.answer });
  };
  const { unresolved, stop } = followNames({
    names,
    clock,
    service: { addresses, services: () => new Promise(() => {}) },
    isAlone: () => state.isAlone,
    resolved: (endpoints) => resolved.push(endpoints),
    failed: (name, code) => failed.push(`${name} ${code}`),
  });
  return Object.assign(state, {
    ...{ asked, resolved, failed, stop },
    unresolved: () =>
      unresolved()
        .map(({ name, code }) => `${name} ${code}`)
        .join(),
    waiting: () => clock.waiting,
    async run(ms: number) {
      for (let left = ms; left > 0; left -= 250) {
        clock.advance(250);
        await new Promise(setImmediate);
      }
    },
  });
}

describe("names of bootstrap peers", () => {
  test("lead to ten thousand endpoints together at most, each to its share", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `n${i}.test:1`);
    const followed = follow(...names);
    followed.answer = Array.from({ length: 200 }, (_, i) => `10.0.0.${i}`);
    await followed.run(2_000);
    const all = followed.resolved.at(-1) ?? [];
    assert.equal(all.length, 10_000);
    for (const name of ["n0.test", "n99.test"]) {
      assert.equal(all.filter((endpoint) => endpoint.startsWith(`${name}/`)).length, 100);
    }
    followed.stop();
  });

  test("are resolved every second while nobody else is alive, and every 30 s otherwise", async () => {
    const followed = follow("a.test:1");
    await followed.run(10_000);
    assert.deepEqual(followed.asked.length, 11);
    followed.isAlone = false;
    followed.answer = ["10.0.0.1"];
    await followed.run(95_000);
    assert.deepEqual(followed.asked.length, 14);
    followed.isAlone = true;
    await followed.run(5_000);
    assert.deepEqual(followed.asked.length, 19);
    followed.stop();
    await followed.run(60_000);
    assert.deepEqual([followed.asked.length, followed.waiting()], [19, 0]);
  });

  test("that DNS does not answer for lead where they led before; ones it does not know lead nowhere", async () => {
    const followed = follow("a.test:1");
    followed.answer = ["10.0.0.1", "10.0.0.2"];
    await followed.run(1_000);
    const before = ["a.test/10.0.0.1:1", "a.test/10.0.0.2:1"];
    assert.deepEqual(followed.resolved.at(-1), before);
    for (const code of ["ESERVFAIL", "ETIMEOUT", "EAI_AGAIN", "ECONNREFUSED", "EREFUSED"]) {
      followed.answer = code;
      await followed.run(1_000);
      assert.deepEqual(
        [followed.resolved.at(-1), followed.unresolved()],
        [before, `a.test:1 ${code}`],
      );
    }
    for (const code of ["ENOTFOUND", "ENODATA"]) {
      followed.answer = code;
      await followed.run(1_000);
      assert.deepEqual([followed.resolved.at(-1), followed.unresolved()], [[], `a.test:1 ${code}`]);
    }
  });

  test("that lead nowhere are told once for each reason", async () => {
    const followed = follow("a.test:1");
    assert.equal(followed.unresolved(), "a.test:1 pending");
    await followed.run(10_000);
    followed.answer = "ESERVFAIL";
    await followed.run(10_000);
    followed.answer = ["10.0.0.1"];
    await followed.run(3_000);
    assert.equal(followed.unresolved(), "");
    followed.answer = "ESERVFAIL";
    await followed.run(10_000);
    assert.deepEqual(followed.failed, [
      "a.test:1 ENOTFOUND",
      "a.test:1 ESERVFAIL",
      "a.test:1 ESERVFAIL",
    ]);
  });

  test("one that is never answered is asked for once and holds up no other", async () => {
    const followed = follow("_never._tcp.test", "a.test:1", "b.test:2");
    followed.answer = ["10.0.0.1"];
    await followed.run(5_000);
    assert.deepEqual(followed.resolved.at(-1), ["a.test/10.0.0.1:1", "b.test/10.0.0.1:2"]);
    assert.equal(followed.unresolved(), "_never._tcp.test pending");
  });
});
