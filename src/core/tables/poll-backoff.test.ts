/** How often others are asked: less and less while that brings nothing, at once when it may. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, viewOf, type World } from "../testing.ts";
import { type CoreOptions, DEFAULT_FANOUT, DEFAULT_TIMING } from "../types/options.ts";
import { noteLateness } from "./lateness.ts";
import { beginInterval, createPollBackoff } from "./poll-backoff.ts";
import { enqueueList } from "./verification-queue.ts";

function network(
  count: number,
  fanout = DEFAULT_FANOUT,
  seed = 4,
): { world: World; nodes: TestNode[] } {
  const world = createWorld(seed);
  const nodes = Array.from({ length: count }, (_, i) =>
    world.add(`p${i}`, { bootstrap: i === 0 ? [] : ["p0:7051"], fanout }),
  );
  world.run(60_000);
  return { world, nodes };
}

/** Messages of these kinds that one node has sent in so much time. */
function sent(world: World, node: TestNode, ms: number, ...kinds: readonly string[]): number {
  node.sent.length = 0;
  world.run(ms);
  return node.sent.filter(({ message }) => kinds.includes(message.content?.type ?? "")).length;
}

test("the next round is up to a tenth late by lot: those that started together do not stay in step", () => {
  const now = { elapsedMs: 1_000, wallMs: 0 };
  const afterMs = (lot: (limit: number) => number): number => {
    const options = { timing: DEFAULT_TIMING, fanout: DEFAULT_FANOUT } as CoreOptions;
    const backoff = createPollBackoff(options, now);
    beginInterval(backoff, { ...options, random: { below: lot, uint64: () => 0n } }, now);
    return backoff.dueMs - now.elapsedMs;
  };
  assert.deepEqual([afterMs(() => 0), afterMs((limit) => limit - 1)], [4_000, 4_399]);
});

describe("in a calm network", () => {
  test("one member is asked every 32 s instead of three every 4 s", () => {
    const { world, nodes } = network(6);
    const [node] = nodes as [TestNode, ...TestNode[]];
    const asked = sent(world, node, 320_000, "membership-request", "hello");
    // One peer, nine or ten rounds, for members and for identities.
    assert.ok(asked >= 17 && asked <= 20, String(asked));
  });

  test("whose members are drawn anew for each message, the interval stays", () => {
    const { world, nodes } = network(6, { ...DEFAULT_FANOUT, strategy: "random" });
    const [node] = nodes as [TestNode, ...TestNode[]];
    const asked = sent(world, node, 80_000, "membership-request", "hello");
    assert.ok(asked >= 105 && asked <= 120, String(asked));
  });
});

test("whoever comes or goes brings the interval back", () => {
  const { world, nodes } = network(6);
  const [node, ...others] = nodes as [TestNode, ...TestNode[]];
  world.run(120_000);
  assert.equal(node.core.syncBackoff.idleRounds, 3);
  world.kill(others[4] ?? node);
  world.run(1_000);
  assert.ok(node.core.syncBackoff.idleRounds <= 1);
  assert.ok(node.core.syncBackoff.dueMs - world.now().elapsedMs <= 4_000);
});

describe("whoever", () => {
  const questions = ["membership-request", "hello"] as const;

  /** A member of a calm network whose next rounds are due now, and how often it has asked since. */
  function dueNow() {
    const { world, nodes } = network(6);
    const [node, friend] = nodes as [TestNode, TestNode, ...TestNode[]];
    world.run(60_000);
    const { core } = node;
    const asked = (): number =>
      node.sent.filter(({ message }) => questions.some((one) => one === message.content?.type))
        .length;
    const due = (): void => {
      node.sent.length = 0;
      for (const backoff of [core.syncBackoff, core.pullBackoff]) {
        backoff.dueMs = world.now().elapsedMs;
      }
    };
    return { world, node, friend, asked, due };
  }

  /** A list from the other one that holds what the member knows, so many times. */
  function takeList({ core }: TestNode, { identity: { pkiId } }: TestNode, entries: number): void {
    const known = core.members.table.get(pkiId)?.alive.envelope.bytes ?? assert.fail();
    enqueueList(core.verificationQueue, pkiId, { alive: Array(entries).fill(known), dead: [] });
  }

  test("works through a list asks when it is done", () => {
    const { world, node, friend, asked, due } = dueNow();
    const { lists } = node.core.verificationQueue;
    due();
    takeList(node, friend, 1_000);
    world.give(node, { type: "tick" });
    assert.deepEqual([lists.size, asked()], [1, 0]);
    while (lists.size > 0) world.give(node, { type: "tick" });
    assert.equal(asked(), 2);
  });

  test("is not done with a list asks after four seconds", () => {
    const { world, node, friend, asked, due } = dueNow();
    due();
    takeList(node, friend, 10_000);
    const sinceMs = world.now().elapsedMs;
    while (asked() === 0) {
      world.leap(world.now().elapsedMs + 50);
      world.give(node, { type: "tick" });
    }
    assert.equal(node.core.verificationQueue.lists.size, 1);
    assert.equal(world.now().elapsedMs - sinceMs, 4_000);
  });

  test("is late asks for members later", () => {
    const { world, node, due } = dueNow();
    for (let times = 0; times < 2; times++) noteLateness(node.core.lateness, 500, world.now());
    due();
    const late = world.runUntil(
      () => node.sent.some(({ message }) => message.content?.type === "membership-request"),
      10_000,
    );
    assert.ok(late !== undefined && late >= 1_500, String(late));
  });
});

for (const seed of [4, 22, 47]) {
  test(`where nothing is gossiped, asking alone keeps ten members together (seed ${seed})`, () => {
    const { world, nodes } = network(10, { ...DEFAULT_FANOUT, iterations: 0 }, seed);
    for (let times = 0; times < 10; times++) {
      world.run(10_000);
      for (const node of nodes) assert.equal(viewOf(world, node).split(" ").length, 9, node.name);
    }
    for (const node of nodes) {
      assert.ok(!node.events.some(({ type }) => type === "member-dead"), node.name);
    }
  });
}
