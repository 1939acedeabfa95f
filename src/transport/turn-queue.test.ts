import assert from "node:assert/strict";
import { test } from "node:test";
import { TurnQueue } from "./turn-queue.ts";

test("each address has one place, however many of it wait", () => {
  const queue = new TurnQueue<{ address: string; name: string }>();
  assert.equal(queue.isEmpty, true);
  for (const name of ["a1", "a2", "a3", "b1"]) queue.add({ address: name.slice(0, 1), name });
  const left = { address: "c", name: "c1" };
  queue.add(left);
  queue.delete(left);
  queue.delete(left);
  assert.equal(queue.isEmpty, false);
  const names = Array.from({ length: 5 }, () => queue.take()?.name);
  assert.deepEqual(names, ["a1", "b1", "a2", "a3", undefined]);
  assert.equal(queue.isEmpty, true);
});
