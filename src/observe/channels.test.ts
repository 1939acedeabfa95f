/** What is shown of a channel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationOf } from "../core/testing-channel.ts";
import { channelOf, setUp } from "../core/testing-followed.ts";
import { summariseChannels } from "./channel-summary.ts";
import { viewChannel } from "./channels.ts";

test("whoever serves a channel is shown as listed, whether its configuration or its program says so", () => {
  const { world, node, configuration } = setUp();
  const notes = { blocks: "verify" as const, trust: "", notes: [], problems: [] };
  const role = () => viewChannel(node.core, channelOf(node), notes, world.now()).role;
  assert.equal(role(), "observer");
  world.give(node, { type: "channel-served", configuration, height: 5n });
  assert.equal(role(), "listed");
});

test("a listed member is among the members, as soon as it has published a height, while it is on the channel", () => {
  const { world, node, configuration } = setUp();
  const notes = { blocks: "keep" as const, trust: "", notes: [], problems: [] };
  const shown = () => {
    const { members, organisations } = viewChannel(node.core, channelOf(node), notes, world.now());
    const [summary] = summariseChannels(node.core, world.now(), new Map());
    return [
      members.map(({ self, height, behind }) => [self, height, behind]),
      organisations.find(({ mspId }) => mspId === "A")?.heightMax,
      summary?.organisations.get("A")?.members,
      summary?.peersKnown,
    ];
  };
  world.give(node, { type: "channel-served", configuration, height: 5n });
  assert.deepEqual(shown(), [[], 0n, 0, 0]);
  world.run(10_000);
  assert.deepEqual(shown(), [[[true, 5n, 0n]], 5n, 1, 0]);
  const without = configurationOf({ mspIds: ["B"], blockNumber: 7n });
  world.give(node, { type: "channel-configured", channel: "ch", configuration: without });
  assert.deepEqual(shown()[0], []);
});
