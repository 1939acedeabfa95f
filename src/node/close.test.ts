/** How a node ends, also one that could not start: whatever it has is given back. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMemoryHub, type MemoryHub } from "../transport/memory.ts";
import { createVirtualClock, type VirtualClock } from "../transport/testing.ts";
import { GossipNode } from "./node.ts";
import { testParts } from "./testing.ts";

const NOW_MS = 1_800_000_000_000;

function createHub(clock: VirtualClock): MemoryHub {
  return createMemoryHub({ clock, latencyMs: () => 1 });
}

function createParts(clock = createVirtualClock(NOW_MS)): ReturnType<typeof testParts> {
  return testParts("a", { clock, hub: createHub(clock) });
}

async function collect(node: GossipNode): Promise<void> {
  for await (const _ of node.events());
}

describe("a node", () => {
  test("ends its event streams when it is closed, and may be closed twice", async () => {
    const node = await GossipNode.create(createParts());
    const rest = collect(node);
    await node.close();
    await node.close();
    await rest;
    await collect(node);
  });

  test("whoever closes it again waits as long as the first", async () => {
    const { promise: written, resolve } = Promise.withResolvers<void>();
    const keepMembers = () => ({ stop: () => written });
    const node = await GossipNode.create({ ...createParts(), keepMembers });
    const ended: number[] = [];
    const closing = [1, 2].map((which) => node.close().then(() => ended.push(which)));
    await new Promise(setImmediate);
    assert.deepEqual(ended, []);
    resolve();
    await Promise.all(closing);
  });

  test("one that cannot start leaves nothing behind", async () => {
    const clock = createVirtualClock(NOW_MS);
    const hub = createHub(clock);
    let closed = 0;
    const failing = {
      ...testParts("a", { clock, hub }),
      closed: () => {
        closed += 1;
      },
      keepMembers: () => {
        throw new Error("the disk is full");
      },
    };
    await assert.rejects(GossipNode.create(failing), /the disk is full/);
    assert.deepEqual([closed, clock.waiting], [1, 0]);
    // Its place is free.
    await (await GossipNode.create(testParts("a", { clock, hub }))).close();
  });

  test("is closed by `await using`", async () => {
    const clock = createVirtualClock(NOW_MS);
    const node = await GossipNode.create(createParts(clock));
    assert.equal(node.self().self, true);
    // What the keyword does, which Node.js 22 does not know.
    await node[Symbol.asyncDispose]();
    assert.equal(clock.waiting, 0);
  });
});
