import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../src/lib/errors.ts";
import { commandOf, parseSweep } from "./options.ts";

describe("the options of a simulation", () => {
  test("have defaults", () => {
    const { options, seeds } = parseSweep({});
    assert.deepEqual([options.scenario, options.strategy, seeds], ["mixed", "neighbours", [1, 1]]);
  });

  test("name every mistake at once", () => {
    const wrong = {
      scenario: "chaos",
      strategy: "psychic",
      nodes: "1",
      orgs: "0.5",
      minutes: "-3",
      seed: "x",
      seeds: "4",
    };
    assert.throws(
      () => parseSweep(wrong),
      (error) => error instanceof GossipError && error.problems.length === 6,
    );
  });

  for (const [words, problem] of [
    [{ nodes: "3", orgs: "4" }, /there are only 3 nodes/],
    [{ cores: "0" }, /--cores 0: give a number from 1/],
    [{ find: "1", seed: "2" }, /give one of --seed/],
    [{ find: "1", cores: "2" }, /--find runs one seed at a time/],
    [{ onlyMembers: "1,x" }, /--only-members 1,x: give numbers/],
    [{ onlyMembers: "" }, /--only-members: name at least two/],
    [{ onlyMembers: "0" }, /--only-members: name at least two/],
    [{ onlyMembers: "1,1" }, /--only-members: name at least two/],
    [
      { scenario: "churn", onlyMembers: "0,8,99" },
      /--only-members 8,99: not in the plan of seed 1, they are numbered 0 to 7/,
    ],
    [{ scenario: "calm", onlyFaults: "0" }, /--only-faults 0: not in .* seed 1, there are none/],
    [{ nodes: "3.5" }, /whole number/],
    [{ seedRange: "9..3" }, /first\.\.last/],
    [{ seedRange: "abc" }, /first\.\.last/],
    [{ seed: "" }, /--seed/],
    [{ minutes: "1e9" }, /--minutes/],
  ] as const) {
    test(`refuse ${JSON.stringify(words)}`, () => {
      assert.throws(() => parseSweep(words), problem);
    });
  }

  test("take one seed, the first so many, or a range", () => {
    assert.deepEqual(parseSweep({ seed: "42" }).seeds, [42, 42]);
    assert.deepEqual(parseSweep({ seeds: "200" }).seeds, [1, 200]);
    assert.deepEqual(parseSweep({ seedRange: "7..9" }).seeds, [7, 9]);
  });

  test("can be read back from the command that repeats a run", () => {
    const { options } = parseSweep({
      ...{ scenario: "churn", nodes: "9", orgs: "2", minutes: "1.5" },
      ...{ onlySeconds: "12.25", onlyMembers: "0,2,8", onlyFaults: "1" },
    });
    const command = commandOf({ ...options, seed: 5 });
    const camel = (flag = "") => flag.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
    const words = Object.fromEntries(
      [...command.matchAll(/--([\w-]+) (\S+)/g)].map(([, flag, word]) => [camel(flag), word]),
    );
    const again = parseSweep(words);
    assert.deepEqual([again.options, again.seeds], [options, [5, 5]]);
  });
});
