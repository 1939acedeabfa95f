/** For tests: a member that has met a friend and a stranger, and what they send it. */
import type { Content } from "../wire/messages.ts";
import { createWorld, type TestNode, type World } from "./testing.ts";
import { testIdentity } from "./testing-identities.ts";
import type { Identity } from "./types/host.ts";

export const friend = testIdentity("A", "friend");
export const stranger = testIdentity("A", "stranger");
export const foreigner = testIdentity("B", "foreigner");

/** One node that is connected to `friend`. */
export function setUp(options: { externalEndpoint?: string } = {}): {
  world: World;
  node: TestNode;
} {
  const world = createWorld(1);
  const node = world.add("n", { ...options, trusts: ["A", "B"] });
  world.meet(node, friend);
  return { world, node };
}

export function receive(
  world: World,
  node: TestNode,
  bytes: Uint8Array,
  from: Identity = friend,
): void {
  node.drops.length = 0;
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

export function sentTo(node: TestNode, to: Identity): Content[] {
  return node.sent
    .filter((sent) => sent.to === to.pkiId)
    .map(({ message }) => message.content)
    .filter((content) => content !== undefined);
}

export const junk = new Uint8Array([1, 2, 3]);
