/** Full tables: organisations share them, and whoever proved least gives way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf } from "../testing-messages.ts";
import type { CoreLimits } from "../types/options.ts";

const friend = testIdentity("A", "friend");

function setUp(limits: Partial<CoreLimits>): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n", { externalEndpoint: "n:1", trusts: ["A", "B", "C"] });
  const { options } = node.core;
  node.core = { ...node.core, options: { ...options, limits: { ...options.limits, ...limits } } };
  world.meet(node, friend);
  return { world, node };
}

function hear(world: World, node: TestNode, mspId: string, name: string): void {
  const author = testIdentity(mspId, name);
  const bytes = aliveOf(author, { identity: true, endpoint: `${name}:1` });
  world.give(node, { type: "message", from: friend.pkiId, bytes });
}

function countOf(node: TestNode, mspId: string): number {
  return [...node.core.members.table.values()].filter((member) => member.mspId === mspId).length;
}

for (const table of ["membersMax", "identitiesMax"] as const) {
  describe(`at ${table}`, () => {
    test("an organisation that fills the table leaves room to one that has few", () => {
      const { world, node } = setUp({ [table]: 100 });
      for (let i = 0; i < 300; i++) hear(world, node, "B", `b${i}`);
      for (let i = 0; i < 20; i++) hear(world, node, "C", `c${i}`);
      for (let i = 0; i < 20; i++) hear(world, node, "A", `a${i}`);
      assert.equal(countOf(node, "C"), 20);
      assert.equal(countOf(node, "A"), 20);
      assert.ok(node.core.members.table.size <= 100);
      assert.ok(node.core.identities.table.size <= (table === "identitiesMax" ? 100 : 1_000));
    });

    test("one leaves for each that comes, and where nobody may leave nobody is sought again at once", () => {
      const { world, node } = setUp({ [table]: 10 });
      const known = table === "membersMax" ? node.core.members.table : node.core.identities.table;
      for (let i = 0; i < 20; i++) hear(world, node, "B", `b${i}`);
      assert.equal(known.size, 10);
      hear(world, node, "A", "a");
      assert.equal(known.size, 10);
      const { vainSearches } = node.core;
      vainSearches.clear();
      hear(world, node, "B", "late");
      const [until] = [...vainSearches.values()].map(({ untilMs }) => untilMs);
      assert.equal(until, world.now().elapsedMs + 1_000);
      assert.ok(!node.core.members.table.has(testIdentity("B", "late").pkiId));
    });

    test("the dead give way to the living of their own organisation", () => {
      const { world, node } = setUp({ [table]: 52 });
      for (let i = 0; i < 50; i++) hear(world, node, "A", `old${i}`);
      world.run(30_000);
      world.meet(node, friend);
      for (let i = 0; i < 50; i++) hear(world, node, "A", `new${i}`);
      const alive = [...node.core.members.table.values()].filter((m) => m.status === "alive");
      assert.ok(alive.length >= 49, `${alive.length} of 50 newcomers`);
    });

    test("whoever is connected finds room among those that were only heard of", () => {
      const { world, node } = setUp({ [table]: 50 });
      for (let i = 0; i < 100; i++) hear(world, node, "A", `a${i}`);
      const newcomer = testIdentity("A", "newcomer");
      world.meet(node, newcomer);
      const bytes = aliveOf(newcomer, { endpoint: "newcomer:1" });
      world.give(node, { type: "message", from: newcomer.pkiId, bytes });
      assert.equal(node.core.members.table.get(newcomer.pkiId)?.status, "alive");
      assert.ok(node.core.identities.table.has(friend.pkiId), "who is connected stays");
    });
  });
}
