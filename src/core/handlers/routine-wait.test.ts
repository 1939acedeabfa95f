/** How long messages wait to be passed on: news hardly, routine heartbeats for each other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { charge } from "../../lib/rate-limit.ts";
import { usedMs } from "../tables/identities.ts";
import { noteLateness } from "../tables/lateness.ts";
import { ROUTINE_BATCH, takeRoutines } from "../tables/routine-queue.ts";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";
import { DEFAULT_FANOUT, DEFAULT_TIMING, type Fanout } from "../types/options.ts";
import { hearOne } from "./alive.ts";
import { forget } from "./learn-identity.ts";
import { confirm } from "./routine.ts";

function network(size: number, fanout: Partial<Fanout> = {}): [World, TestNode, TestNode[]] {
  const world = createWorld(3);
  const [first, ...others] = Array.from({ length: size }, (_, i) =>
    world.add(`p${i}`, {
      bootstrap: i === 0 ? [] : ["p0:7051"],
      fanout: { ...DEFAULT_FANOUT, ...fanout },
    }),
  );
  assert.ok(first);
  // While they are new, nothing waits.
  world.run(DEFAULT_TIMING.publishCertPeriodMs + 3_000);
  return [world, first, others];
}

/** Shorter than any wait that matters here. */
const STEP_MS = 4;

/** The longest that anything waits at the member while nothing happens but heartbeats. */
function longestWaitMs(world: World, { core }: TestNode, randomRelays?: TestNode): number {
  let longestMs = 0;
  for (
    const endMs = world.now().elapsedMs + 6_000;
    world.now().elapsedMs < endMs;
    world.run(STEP_MS)
  ) {
    if (randomRelays) core.randomRelays.add(randomRelays.identity.pkiId);
    const leavesMs = Math.min(core.broadcastQueue.flushAtMs, core.routine.dueMs);
    if (leavesMs !== Number.POSITIVE_INFINITY) {
      longestMs = Math.max(longestMs, leavesMs - world.now().elapsedMs);
    }
  }
  return longestMs;
}

describe("a routine heartbeat", () => {
  test("waits at most a fortieth of its interval among many", () => {
    const [world, node] = network(20);
    const ms = longestWaitMs(world, node);
    assert.ok(ms > 100 && ms <= 125, `${ms} ms`);
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

test("heartbeats come at the same moment where they wait for each other, and else at any", () => {
  for (const [size, fanout, isTogether] of [
    [20, {}, true],
    [12, {}, false],
    [20, { strategy: "random" }, false],
  ] as const) {
    const [world, first, others] = network(size, fanout);
    world.run(20_000);
    const { elapsedMs, wallMs } = world.now();
    const nextMs = [first, ...others].map(({ core }) => core.schedule.heartbeatAtMs - elapsedMs);
    const { aliveIntervalMs } = DEFAULT_TIMING;
    const moments = nextMs.map((ms) => (wallMs + ms) % aliveIntervalMs);
    const spanMs = Math.max(...moments) - Math.min(...moments);
    assert.equal(spanMs < aliveIntervalMs / 100, isTogether, `${size} members in ${spanMs} ms`);
  }
});

test("the short way of a heartbeat that has waited leads where the long one does", () => {
  const [short, long] = [confirm, hearOne].map((way) => {
    const [world, { core }] = network(20);
    world.runUntil(() => core.routine.waiting.size > 0, 6_000);
    const [{ claim } = assert.fail("nobody has a heart")] = takeRoutines(core.routine, 1);
    const { pkiId } = claim.alive;
    const effects = way(core, claim);
    const { checks } = core.rateLimits;
    return {
      effects,
      member: core.members.table.get(pkiId),
      used: usedMs(core.members, core.identities.table.get(pkiId) ?? assert.fail()),
      waiting: core.broadcastQueue.waiting.get(pkiId)?.broadcast,
      costs: checks.debts,
    };
  });
  assert.ok(short?.waiting);
  assert.deepEqual(short, long);
});

test("an identity counts as used since the last heartbeat of its member, also when that is forgotten", () => {
  const [world, { core }] = network(20);
  world.runUntil(() => core.routine.waiting.size > 0, 6_000);
  const [{ claim } = assert.fail("nobody has a heart")] = takeRoutines(core.routine, 1);
  const { pkiId } = claim.alive;
  confirm(core, claim);
  const known = core.identities.table.get(pkiId) ?? assert.fail("its identity is gone");
  const { elapsedMs } = core.now;
  assert.ok(known.lastUsedMs < elapsedMs);
  assert.equal(usedMs(core.members, known), elapsedMs);
  core.now = { ...core.now, elapsedMs: elapsedMs + 1_000 };
  forget(core, pkiId, "silent");
  assert.equal(usedMs(core.members, known), elapsedMs);
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

describe("heartbeats that say nothing new", () => {
  const others = Array.from({ length: 20 }, (_, i) => testIdentity("A", `other${i}`));
  const [first, second, third] = others as [Identity, Identity, Identity];

  function relaysOf({ sent }: TestNode, sequence: bigint): TestNode["sent"] {
    return sent.filter(({ message: { content } }) => {
      return content?.type === "alive" && content.value.timestamp?.seqNum === sequence;
    });
  }

  /** A node to which all of them are members, just after a moment at which what waits is checked. */
  function setUp(): {
    world: World;
    node: TestNode;
    hear: typeof hear;
    sequenceOf: typeof sequenceOf;
  } {
    const world = createWorld(7);
    const node = world.add("n");
    for (const other of others) world.meet(node, other);
    const hear = (author: Identity, seqNum: bigint, from = first, signature?: Uint8Array): void =>
      world.give(node, {
        type: "message",
        from: from.pkiId,
        bytes: aliveOf(author, {
          seqNum,
          endpoint: author.pkiId.slice(0, 8),
          ...(signature && { signature }),
        }),
      });
    const sequenceOf = ({ pkiId }: Identity): bigint | undefined =>
      node.core.members.table.get(pkiId)?.time.seqNum;
    for (const other of others) hear(other, 1n, other);
    world.run(5_010 - (world.now().elapsedMs % 125));
    node.drops.length = 0;
    return { world, node, hear, sequenceOf };
  }

  test("are checked together, a few in each step, and leave in one send to each neighbour", () => {
    const { world, node, hear, sequenceOf } = setUp();
    const few = others.slice(0, 12);
    for (const other of few) hear(other, 42n, second);
    assert.deepEqual(new Set(few.map(sequenceOf)), new Set([1n]));
    world.run(125);
    assert.deepEqual(new Set(few.map(sequenceOf)), new Set([42n]));
    const relayed = relaysOf(node, 42n);
    assert.ok(relayed.length > few.length, String(relayed.length));
    assert.equal(new Set(relayed.map(({ atMs }) => atMs)).size, 1);
    assert.deepEqual(node.drops, []);
  });

  test("do not wait when a batch of them is complete", () => {
    const { world, node, hear, sequenceOf } = setUp();
    const more = Array.from({ length: ROUTINE_BATCH - 20 }, (_, i) =>
      testIdentity("A", `more${i}`),
    );
    for (const other of more) world.meet(node, other);
    for (const other of more) hear(other, 41n, other);
    const all = [...others, ...more];
    for (const other of all.slice(1)) hear(other, 42n, second);
    world.run(5);
    assert.deepEqual(new Set(all.map(sequenceOf)), new Set([1n, 41n]));
    hear(first, 42n, second);
    world.run(20);
    assert.deepEqual(new Set(all.map(sequenceOf)), new Set([42n]));
  });

  test("do not wait when they are late, but for those that come with them", () => {
    const { world, node, hear, sequenceOf } = setUp();
    world.run(500);
    hear(first, 42n, second);
    world.run(5);
    assert.equal(sequenceOf(first), 1n);
    world.run(500);
    for (const other of [second, third]) hear(other, 42n, first);
    assert.deepEqual([second, third].map(sequenceOf), [1n, 1n]);
    world.run(5);
    assert.deepEqual([second, third].map(sequenceOf), [42n, 42n]);
    const moments = relaysOf(node, 42n).filter(({ atMs }) => atMs > world.now().elapsedMs - 10);
    assert.ok(moments.length >= 4, String(moments.length));
    assert.equal(new Set(moments.map(({ atMs }) => atMs)).size, 1);
  });

  test("wait though they are late where we are late ourselves", () => {
    const { world, node, hear, sequenceOf } = setUp();
    world.run(1_000);
    for (let times = 0; times < 2; times++) noteLateness(node.core.lateness, 500, world.now());
    hear(third, 42n, second);
    world.run(5);
    assert.equal(sequenceOf(third), 1n);
  });

  test("do not revive their author if a ping has found it gone while they waited", () => {
    const { world, node, hear } = setUp();
    hear(third, 42n, third);
    assert.equal(node.core.routine.waiting.size, 1);
    world.give(node, { type: "connection-lost", pkiId: third.pkiId });
    world.run(1_000);
    assert.equal(node.core.members.table.get(third.pkiId)?.status, "dead");
    hear(third, 43n, third);
    assert.equal(node.core.members.table.get(third.pkiId)?.status, "alive");
  });

  test("are not held up by a forgery that waits", () => {
    const { world, node, hear, sequenceOf } = setUp();
    hear(third, 42n, first, Uint8Array.of(1, 2, 3));
    assert.equal(node.core.routine.waiting.size, 1);
    hear(third, 42n, second);
    assert.equal(sequenceOf(third), 42n);
    world.run(125);
    assert.equal(sequenceOf(third), 42n);
    assert.equal(node.core.routine.waiting.size, 0);
  });

  test("are dropped as copies while the same bytes wait, and not sent to whoever has them", () => {
    const { world, node, hear } = setUp();
    for (const other of others) hear(third, 42n, other);
    assert.equal(node.core.routine.waiting.size, 1);
    world.run(125);
    assert.equal(node.core.routine.waiting.size, 0);
    assert.deepEqual(relaysOf(node, 42n), []);
  });

  test("are refused when they are checked, from whoever has spent what it may cost us", () => {
    const { world, node, hear } = setUp();
    const { checks } = node.core.rateLimits;
    charge(checks, second.certificate, checks.burst * 2, node.core.now);
    hear(third, 42n, second);
    world.run(125);
    assert.equal(node.core.routine.waiting.size, 0);
    assert.deepEqual(node.drops, ["check-budget"]);
  });

  test("are checked all the same if anybody else has sent the same", () => {
    const { world, node, hear, sequenceOf } = setUp();
    const { checks } = node.core.rateLimits;
    charge(checks, second.certificate, checks.burst * 2, node.core.now);
    for (const from of [second, second, others[3], others[4]]) hear(third, 42n, from);
    world.run(125);
    assert.equal(sequenceOf(third), 42n);
    assert.deepEqual(node.drops, ["stale", "stale", "stale", "check-budget"]);
  });
});
