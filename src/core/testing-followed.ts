/** For tests: a member that follows a channel, and peers that tell it of their heights. */
import assert from "node:assert/strict";
import { encodeUnsigned } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";
import { createWorld, type TestNode, type World } from "./testing.ts";
import { configurationOf, following } from "./testing-channel.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf } from "./testing-messages.ts";
import type { Identity } from "./types/host.ts";

export const [one, two, three] = ["one", "two", "three"].map((name) => testIdentity("A", name)) as [
  Identity,
  Identity,
  Identity,
];
export const foreigner = testIdentity("B", "foreigner");
export const hidden = testIdentity("A", "hidden");
export const stranger = testIdentity("C", "stranger");
export const PEERS = [one, two, three, foreigner, stranger];

export interface Scene {
  readonly world: World;
  readonly node: TestNode;
  readonly configuration: ReturnType<typeof configurationOf>;
}

/** A node of A that follows "ch" of A and B, and knows peers of A, B and C. */
export function setUp(lag?: { blocks: number; timeMs: number }): Scene {
  const world = createWorld(1);
  const channels = following(["ch"], lag);
  const node = world.add("n", { trusts: ["A", "B", "C"], channels });
  for (const peer of PEERS) {
    world.meet(node, peer);
    give(world, node, aliveOf(peer, { endpoint: `${peer.subject}:1` }), peer);
  }
  world.meet(node, hidden);
  give(world, node, aliveOf(hidden, { endpoint: "", internalEndpoint: "hidden:1" }), hidden);
  const configuration = configurationOf({ mspIds: ["A", "B"] });
  world.give(node, { type: "channel-configured", channel: "ch", configuration });
  world.run(500);
  return { world, node, configuration };
}

export function give(world: World, node: TestNode, bytes: Uint8Array, from: Identity = one): void {
  node.drops.length = 0;
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

/** Nothing happens in a network of peers that are only made up: they stay alive by this. */
export function pass(world: World, node: TestNode, ms: number, seq: { n: bigint }): void {
  for (let left = ms; left > 0; left -= 1_000) {
    seq.n += 1n;
    for (const peer of PEERS) {
      const options = { endpoint: `${peer.subject}:1`, seqNum: seq.n };
      world.give(node, { type: "message", from: peer.pkiId, bytes: aliveOf(peer, options) });
    }
    world.run(Math.min(1_000, left));
  }
}

/** Answers a snapshot request of the node to `from`. */
export function snapshot(
  { world, node }: Scene,
  elements: readonly Uint8Array[],
  from: Identity = one,
): void {
  channelOf(node).asked.set(from.pkiId, world.now().elapsedMs);
  const value = { elements: [...elements] };
  const channel = new TextEncoder().encode("ch");
  const content = { type: "state-snapshot", value } as const;
  give(world, node, encodeUnsigned({ channel, tag: TAG.chanOrOrg, content }), from);
  world.run(100);
}

export function channelOf(node: TestNode) {
  const channel = node.core.channels.table.get("ch");
  assert.ok(channel);
  return channel;
}

export const heights = (node: TestNode): string[] =>
  [...channelOf(node).members]
    .map(([pkiId, { claim }]) => {
      const who = PEERS.find((peer) => peer.pkiId === pkiId);
      return `${who?.subject.slice(3)} ${claim.height}`;
    })
    .toSorted();

export const told = (node: TestNode): string[] =>
  node.events.flatMap((event) => {
    if (!("channel" in event)) return [];
    const who = PEERS.find(({ pkiId }) => pkiId === event.pkiId)?.subject.slice(3);
    return [`${event.type.replace("channel-", "")} ${who} ${event.height}`];
  });
