/** A network that forms: who passes messages on before everybody knows who its neighbours are. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, viewOf, type World } from "../testing.ts";
import { isForming } from "./audience.ts";

const MEMBERS = 16;

function start(
  seed: number,
  members = MEMBERS,
): { readonly world: World; readonly nodes: readonly TestNode[] } {
  const world = createWorld(seed);
  const bootstrap = ["m0:7051"];
  const nodes = Array.from({ length: members }, (_, i) => world.add(`m${i}`, { bootstrap }));
  return { world, nodes };
}

/** To how many others each has sent anything. */
function reached(nodes: readonly TestNode[]): readonly number[] {
  return nodes.map(({ sent }) => new Set(sent.map(({ to }) => to)).size);
}

function isComplete(world: World, nodes: readonly TestNode[]): boolean {
  return nodes.every((node) => viewOf(world, node).split(" ").length === MEMBERS - 1);
}

describe("while a small network forms", () => {
  test("all see all over the connections to the bootstrap peer alone", () => {
    for (const seed of [1, 2]) {
      const { world, nodes } = start(seed);
      world.run(1_900);
      assert.ok(isComplete(world, nodes));
      const [bootstrap, ...others] = reached(nodes);
      assert.deepEqual([bootstrap, ...new Set(others)], [MEMBERS - 1, 1]);
    }
  });

  test("everybody has its neighbours soon after", () => {
    const { world, nodes } = start(4);
    world.run(30_000);
    for (const node of nodes) node.sent.length = 0;
    world.run(20_000);
    assert.ok(reached(nodes).every((peers) => peers >= 2 && peers < MEMBERS / 2));
    assert.ok(isComplete(world, nodes));
  });

  test("a bootstrap peer that dies in the middle keeps nobody from the others", () => {
    for (const killedMs of [20, 600]) {
      const { world, nodes } = start(killedMs);
      world.run(killedMs);
      const [bootstrap, ...others] = nodes;
      assert.ok(bootstrap);
      const met = others.filter((node) => viewOf(world, node) !== "");
      world.kill(bootstrap);
      world.run(30_000);
      const views = met.map((node) => viewOf(world, node).split(" ").length);
      assert.ok(
        views.every((size) => size >= met.length - 1),
        `${killedMs}: ${views}`,
      );
    }
  });

  test("a slow joiner sends to whom it is connected with, not to the first it has heard of", () => {
    const { world } = start(3, 30);
    world.run(1_900); // Heartbeats carry certificates still.
    const late = world.add("late", { bootstrap: ["m0:7051"] });
    const { lists } = late.core.verificationQueue;
    assert.ok(world.runUntil(() => lists.size > 0, 1_000) !== undefined);
    while (lists.size > 0) {
      late.dueMs = Number.POSITIVE_INFINITY; // Busy: the signature it has asked for comes first.
      let asked = 0;
      world.runUntil(() => asked++ > 0, 1);
      world.leap(world.now().elapsedMs + 20);
      world.give(late, { type: "tick" });
    }
    world.run(100);
    assert.ok(late.sent.some(({ message }) => message.content?.type === "alive"));
    assert.deepEqual(reached([late]), [1]);
  });

  test("who meets the first member late is new to it: its heartbeats carry its certificate", () => {
    const world = createWorld(5);
    const late = world.add("late", { bootstrap: ["m0:7051"] });
    world.run(60_000);
    const first = world.add("m0");
    assert.ok(world.runUntil(() => viewOf(world, first) === "late", 30_000) !== undefined);
    late.sent.length = 0;
    world.run(5_500);
    const heartbeats = late.sent.flatMap(({ message: { content } }) =>
      content?.type === "alive" ? [content.value.identity.length] : [],
    );
    assert.ok(heartbeats.length > 0 && heartbeats.every((bytes) => bytes > 0));
  });

  test("it has formed after two calm seconds, or when we are not new, or not small", () => {
    const formation = { arrivedMs: 500 };
    const at = (elapsedMs: number) => ({ elapsedMs, wallMs: 0 });
    const young = [0, 10_000] as const;
    assert.equal(isForming(formation, 128, young, at(2_499)), true);
    assert.equal(isForming(formation, 128, young, at(2_500)), false);
    assert.equal(isForming(formation, 129, young, at(600)), false);
    assert.equal(isForming({ arrivedMs: 9_999 }, 2, young, at(10_000)), false);
  });

  test("where members are slow to arrive, it has formed after as long a calm as they took", () => {
    const at = (elapsedMs: number) => ({ elapsedMs, wallMs: 0 });
    assert.equal(isForming({ arrivedMs: 7_000 }, 50, [4_000, 14_000], at(9_999)), true);
    assert.equal(isForming({ arrivedMs: 7_000 }, 50, [4_000, 14_000], at(10_000)), false);
  });
});
