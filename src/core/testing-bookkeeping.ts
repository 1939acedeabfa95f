/** A node that knows five others, what they say to it, and whom it tells. */
import { createWorld, type TestNode, type World } from "./testing.ts";
import { one, two } from "./testing-followed.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import type { Identity } from "./types/host.ts";

export const [friend, other, third, author] = ["friend", "other", "third", "author"].map((name) =>
  testIdentity("A", name),
) as [Identity, Identity, Identity, Identity];
export const foreigner = testIdentity("B", "foreigner");

/** A node that knows four of its organisation and one of another, all connected. */
export function setUp(): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A", "B"] });
  for (const peer of [friend, other, third, author, foreigner]) {
    world.meet(node, peer);
    give(world, node, alive(peer, 1n), peer);
  }
  world.run(100);
  node.sent.length = 0;
  node.drops.length = 0;
  return { world, node };
}

export function alive(peer: Identity, seqNum: bigint, internalEndpoint?: string): Uint8Array {
  const endpoint = `${peer.subject}:1`;
  return aliveOf(peer, { seqNum, endpoint, ...(internalEndpoint && { internalEndpoint }) });
}

export function give(world: World, node: TestNode, bytes: Uint8Array, from: Identity): void {
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

/** Who was sent something of this type since, by name. */
export function receivers({ sent }: TestNode, type: string): string[] {
  const all = [friend, other, third, author, foreigner, one, two];
  return sent
    .filter(({ message }) => message.content?.type === type)
    .map(({ to }) => all.find(({ pkiId }) => pkiId === to)?.subject.slice(3) ?? to)
    .toSorted();
}

export function listing(heading: "alive" | "dead", ...messages: readonly Uint8Array[]): Uint8Array {
  return unsigned({ type: "membership-response", value: { [heading]: messages } });
}
