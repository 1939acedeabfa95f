/** Who leads and who owns a key does not depend on the order in which members are known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { leaderOf } from "./leader.ts";
import { createRing, ownersOf } from "./ring.ts";

const alike = ["a", "b", "c"].map((end) => ({ pkiId: `${"0".repeat(63)}${end}`, incarnation: 7n }));
const orders = [alike, alike.toReversed(), [alike[1], alike[2], alike[0]]].map((order) =>
  order.flatMap((one) => one ?? []),
);

test("members that started at the same time: the one with the lowest PKI-ID leads", () => {
  for (const order of orders) assert.equal(leaderOf(order), alike[0]);
});

test("members of equal weight: the one with the highest PKI-ID owns", () => {
  for (const order of orders) {
    assert.deepEqual(ownersOf(createRing(order), "k", 2), [alike[2], alike[1]]);
  }
});
