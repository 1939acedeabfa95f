/** What the timelines ask of a world again and again. */
import assert from "node:assert/strict";
import { createWorld, type TestNode, viewOf, type World } from "./testing.ts";

export function views(world: World, ...nodes: readonly TestNode[]): string[] {
  return nodes.map((node) => viewOf(world, node));
}

export function trio(seed: number): { world: World; p0: TestNode; p1: TestNode; p2: TestNode } {
  const world = createWorld(seed);
  const p0 = world.add("p0");
  const p1 = world.add("p1", { bootstrap: ["p0:7051"] });
  const p2 = world.add("p2", { bootstrap: ["p0:7051"] });
  assert.notEqual(
    world.runUntil(() => isComplete(world, p0, p1, p2), 1_000),
    undefined,
  );
  return { world, p0, p1, p2 };
}

export function isComplete(world: World, ...nodes: readonly TestNode[]): boolean {
  return nodes.every((node) => viewOf(world, node).split(" ").length === nodes.length - 1);
}
