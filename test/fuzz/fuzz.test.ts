/** Every decoder against its corpus and a fixed number of changed inputs. By hand: run.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { examine, fuzz, inputOf, minimise, type Target } from "./fuzz.ts";
import { targets } from "./targets.ts";
import { isTree, PROTOBUF } from "./tree.ts";

/** Another seed than the usual one by hand, so that both see something new. */
const SEED = 42;
const INPUTS = 5_000;
/** Fewer of those that take longest, so that all together take about 20 s. */
const INPUTS_OF: Readonly<Record<string, number>> = {
  core: 2_000,
  "one-certificate": 400,
  config: 1_000,
  configuration: 1_000,
  block: 2_000,
  http2: 100,
};

describe("no bytes make a decoder throw, or break the rules that hold for what it accepts", () => {
  for (const target of targets) {
    test(`${target.name}: the corpus`, async () => {
      for (const input of target.corpus) {
        const { reason } = await examine(target, input);
        assert.equal(reason, undefined, `${Buffer.from(input).toString("hex")}: ${reason}`);
      }
    });

    test(`${target.name}: changed inputs`, async () => {
      const inputs = INPUTS_OF[target.name] ?? INPUTS;
      const { failures, outcomes } = await fuzz(target, { seed: SEED, inputs });
      const told = failures.map(({ iteration, reason }) => `input ${iteration}: ${reason}`);
      assert.deepEqual(told, [], `node test/fuzz/run.ts --target ${target.name} --seed ${SEED}`);
      assert.ok(outcomes.size >= 2, "every input has the same outcome: it reaches nothing");
    });
  }
});

describe("the fuzzer", () => {
  /** Does not like messages of more than three fields within a message. */
  const careless: Target = {
    name: "careless",
    grammar: PROTOBUF,
    corpus: [Uint8Array.from([8, 1, 0x12, 4, 8, 2, 8, 3])],
    dictionary: [],
    bytesMax: 100,
    check(input) {
      const isNested = PROTOBUF.parse(input)?.some(({ body }) => isTree(body) && body.length > 3);
      assert.ok(!isNested, "more than three in one");
      return "accepted";
    },
  };

  test("finds a mistake that needs a change of structure, and shows it with a small input", async () => {
    const { failures } = await fuzz(careless, { seed: 1, inputs: 2_000 });
    const [failure] = failures;
    assert.ok(failure);
    assert.equal(failures.length, 1, "one mistake is told once");
    const smallest = await minimise(careless, failure);
    assert.ok(smallest.length <= 10, `${smallest}`);
    assert.notEqual((await examine(careless, smallest)).reason, undefined);
  });

  test("makes the same input of the same seed and number, and another one of others", () => {
    const target = targets[0] ?? careless;
    assert.deepEqual(inputOf(target, 1, 5), inputOf(target, 1, 5));
    const hundred = Array.from({ length: 100 }, (_, i) => inputOf(target, 1, i));
    assert.ok(new Set(hundred.map((input) => input.toString())).size > 90);
    assert.notDeepEqual(inputOf(target, 2, 5), inputOf(target, 1, 5));
  });

  test("trees are written as they were read", () => {
    for (const { grammar, corpus, name } of targets) {
      for (const input of corpus) {
        const fields = grammar.parse(input);
        if (fields !== undefined) assert.deepEqual(grammar.write(fields), input, name);
      }
    }
  });
});
