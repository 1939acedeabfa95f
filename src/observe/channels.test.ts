/** What is shown of a channel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { channelOf, setUp } from "../core/testing-followed.ts";
import { viewChannel } from "./channels.ts";

test("whoever serves a channel is shown as listed, whether its configuration or its program says so", () => {
  const { world, node, configuration } = setUp();
  const notes = { blocks: "verify" as const, trust: "", notes: [], problems: [] };
  const role = () => viewChannel(node.core, channelOf(node), notes, world.now()).role;
  assert.equal(role(), "observer");
  world.give(node, { type: "channel-served", configuration, height: 5n });
  assert.equal(role(), "listed");
});
