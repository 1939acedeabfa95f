import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { inOrder } from "./in-order.ts";

test("results come in the order of the items, whichever ends first, and a slow one holds up none", async () => {
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  let [busy, busyMax] = [0, 0];
  const work = async (item: number): Promise<string> => {
    begun.push(item);
    busyMax = Math.max(busyMax, ++busy);
    await gates[item]?.promise;
    busy -= 1;
    return `of ${item}`;
  };
  const read: string[] = [];
  const reading = (async () => {
    for await (const result of inOrder([0, 1, 2, 3, 4, 5], 2, work)) read.push(result);
  })();
  for (const item of [1, 2, 3, 4, 5]) {
    gates[item]?.resolve();
    await turn();
  }
  assert.deepEqual([begun, read], [[0, 1, 2, 3, 4, 5], []]);
  gates[0]?.resolve();
  await reading;
  assert.deepEqual(read, ["of 0", "of 1", "of 2", "of 3", "of 4", "of 5"]);
  assert.equal(busyMax, 2);
});

test("a failure is that of its item", async () => {
  const results = inOrder([1, 2, 3], 3, async (item) => {
    if (item === 2) throw new Error("two");
    return item;
  });
  assert.deepEqual(await results.next(), { done: false, value: 1 });
  await assert.rejects(results.next(), /two/);
});
