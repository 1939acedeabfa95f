/** How long messages wait to be passed on: news hardly, everyday heartbeats for each other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { DEFAULT_FANOUT, type Fanout } from "../types/options.ts";

function network(size: number, fanout: Partial<Fanout> = {}): [World, TestNode, TestNode[]] {
  const world = createWorld(3);
  const [first, ...others] = Array.from({ length: size }, (_, i) =>
    world.add(`p${i}`, {
      bootstrap: i === 0 ? [] : ["p0:7051"],
      fanout: { ...DEFAULT_FANOUT, ...fanout },
    }),
  );
  assert.ok(first);
  world.run(60_000);
  return [world, first, others];
}

/** Shorter than any wait that matters here. */
const STEP_MS = 4;

/** The longest that anything waits at the member while nothing happens but heartbeats. */
function longestWaitMs(world: World, { core }: TestNode, drawing?: TestNode): number {
  let longestMs = 0;
  for (
    const endMs = world.now().elapsedMs + 10_000;
    world.now().elapsedMs < endMs;
    world.run(STEP_MS)
  ) {
    if (drawing) core.drawing.add(drawing.identity.pkiId);
    if (core.emitter.waiting.size === 0) continue;
    longestMs = Math.max(longestMs, core.emitter.flushAtMs - world.now().elapsedMs);
  }
  return longestMs;
}

describe("an everyday heartbeat", () => {
  test("waits a twentieth of its interval among many", () => {
    const [world, node] = network(20);
    const ms = longestWaitMs(world, node);
    assert.ok(ms > 200 && ms <= 250, `${ms} ms`);
  });

  test("leaves within the burst latency among few, and with Fabric's strategy", () => {
    for (const [size, fanout] of [
      [16, {}],
      [20, { strategy: "random" }],
    ] as const) {
      const [world, node] = network(size, fanout);
      const ms = longestWaitMs(world, node);
      assert.ok(ms > 0 && ms <= 10, `${ms} ms`);
    }
  });

  test("leaves within the burst latency while there are members that draw their peers", () => {
    const [world, node, [other]] = network(20);
    longestWaitMs(world, node, other);
    const ms = longestWaitMs(world, node, other);
    assert.ok(ms > 0 && ms <= 10, `${ms} ms`);
  });
});

test("news waits nowhere", () => {
  const [world, node, [other, ...rest]] = network(25);
  assert.ok(other);
  const metadata = Uint8Array.of(7);
  world.give(other, { type: "set-metadata", metadata });
  const know = ({ core }: TestNode): boolean =>
    core.members.table.get(other.identity.pkiId)?.metadata[0] === 7;
  const tookMs = world.runUntil(() => [node, ...rest].every(know), 5_000);
  assert.ok(tookMs !== undefined && tookMs <= 150, `${tookMs} ms`);
});
