/** How long messages wait to be passed on: news hardly, everyday heartbeats for each other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_FANOUT, type Fanout } from "./options.ts";
import { createWorld, testIdentity } from "./testing.ts";
import { aliveOf } from "./testing-messages.ts";

/** How long a member lets the messages of another wait that come one after the other. */
function waits(fanout: Partial<Fanout>, endpoints: readonly string[], isDrawing = false): number[] {
  const world = createWorld(3);
  const node = world.add("n", { fanout: { ...DEFAULT_FANOUT, ...fanout } });
  const [author, friend] = [testIdentity("A", "author"), testIdentity("A", "friend")];
  for (const identity of [author, friend]) world.meet(node, identity);
  world.run(20_000);
  return endpoints.map((endpoint, i) => {
    if (isDrawing) node.core.drawing.add(author.pkiId);
    const bytes = aliveOf(author, { seqNum: BigInt(i + 1), endpoint });
    world.give(node, { type: "message", from: friend.pkiId, bytes });
    const waitMs = node.core.emitter.flushAtMs - world.now().elapsedMs;
    world.run(2_000);
    return waitMs;
  });
}

/** An arrival, two everyday heartbeats, a change. */
const STORY = ["a:1", "a:1", "a:1", "a:2"];

describe("a message that is passed on", () => {
  test("waits for others only if it is everyday: a twentieth of the heartbeat interval", () => {
    const [arrival = 0, first, second, change = 0] = waits({}, STORY);
    assert.deepEqual([first, second], [250, 250]);
    assert.ok(arrival <= 10 && change <= 10);
  });

  test("leaves within the burst latency with Fabric's strategy", () => {
    for (const ms of waits({ strategy: "random" }, STORY)) assert.ok(ms <= 10);
  });

  test("leaves within the burst latency while there are members that draw their peers", () => {
    for (const ms of waits({}, STORY, true)) assert.ok(ms <= 10);
  });
});
