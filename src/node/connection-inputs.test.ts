import assert from "node:assert/strict";
import { test } from "node:test";
import type { GossipEvent } from "../observe/events.ts";
import { createMemoryHub } from "../transport/memory.ts";
import { createVirtualClock } from "../transport/testing.ts";
import { GossipNode } from "./node.ts";
import { testParts } from "./testing.ts";

test("a contact that takes no message as large as our question is not one that does not answer", async () => {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock, messageBytesMax: 1_000 });
  const other = await GossipNode.create(testParts("a", { clock, hub }));
  const parts = testParts("b", { clock, hub, bootstrap: ["a:1"] });
  const core = { ...parts.core, metadata: new Uint8Array(2_000) };
  const node = await GossipNode.create({ ...parts, core });
  const told: GossipEvent[] = [];
  void (async () => {
    for await (const event of node.events()) told.push(event);
  })();
  for (let i = 0; i < 40; i++) {
    clock.advance(250);
    await new Promise(setImmediate);
  }
  const failed = told.filter((event) => event.type === "contact-failed");
  assert.deepEqual([...new Set(failed.map(({ code }) => code))], ["message-too-large"]);
  assert.match(failed[0]?.remedy ?? "", /peer\.maxRecvMsgSize on the receiving side/);
  await Promise.all([node.close(), other.close()]);
});
