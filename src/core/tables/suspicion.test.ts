/** Who is asked whether it is there, and who is believed dead (spec B 10.4, 10.6). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toHex } from "../../wire/bytes.ts";
import { encodeUnsigned } from "../../wire/envelope.ts";
import { TAG } from "../../wire/messages.ts";
import { createWorld, type TestNode, viewOf, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf, unsigned } from "../testing-messages.ts";
import { isComplete, trio, views } from "../testing-views.ts";
import { DEFAULT_TIMING } from "../types/options.ts";

/** What `about` last said, as an entry of a list of dead members. */
function accuse(world: World, node: TestNode, about: TestNode, from: TestNode): void {
  const last = node.core.members.table.get(about.identity.pkiId)?.alive.envelope.bytes;
  const entry = last ?? about.core.self.alive?.envelope.bytes;
  assert.ok(entry);
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    content: { type: "membership-response", value: { alive: [], dead: [entry] } },
  });
  world.give(node, { type: "message", from: from.identity.pkiId, bytes });
}

function deaths(node: TestNode): string[] {
  return node.events.flatMap((event) => (event.type === "member-dead" ? [event.reason] : []));
}

function askedCount(node: TestNode): number {
  return node.core.suspicions.pinged.size;
}

describe("silence", () => {
  test("a member that vanishes is asked after two missed heartbeats, and dead if it is gone", () => {
    const { world, p0, p1, p2 } = trio(10);
    world.run(20_000);
    world.cut([p2], [p0, p1]);
    world.run(5_000);
    assert.deepEqual(views(world, p0, p1), ["p1 p2", "p0 p2"]);
    const tookMs = world.runUntil(() => views(world, p0, p1).join("|") === "p1|p0", 30_000);
    assert.ok(tookMs !== undefined && tookMs + 5_000 <= 15_000, `took ${tookMs} ms`);
    assert.deepEqual([...deaths(p0), ...deaths(p1)], ["unreachable", "unreachable"]);
  });

  test("one that answers, but says nothing for 25 s, is dead all the same", () => {
    const world = createWorld(11);
    const p0 = world.add("p0");
    const p1 = world.add("p1", { bootstrap: ["p0:7051"] });
    world.run(20_000);
    // Its socket answers, its process does not.
    p1.stalledUntilMs = world.now().elapsedMs + 60_000;
    world.run(15_000);
    assert.deepEqual([views(world, p0), askedCount(p0)], [["p1"], 1]);
    world.run(16_000);
    assert.deepEqual([views(world, p0), deaths(p0)], [[""], ["silent"]]);
  });

  test("a member that falls silent right after it has answered a ping is asked as soon as any other", () => {
    for (let restMs = 0; restMs < 2_500; restMs += 250) {
      const world = createWorld(11);
      const p0 = world.add("p0");
      const p1 = world.add("p1", { bootstrap: ["p0:7051"] });
      world.run(20_000 + restMs);
      // Its socket answers, its process does not.
      p1.stalledUntilMs = world.now().elapsedMs + 60_000;
      accuse(world, p0, p1, p1);
      world.run(600);
      const { pkiId } = p1.identity;
      const askedAtMs = (): number => p0.core.suspicions.pinged.get(pkiId) ?? 0;
      const firstMs = askedAtMs();
      assert.ok(firstMs > 0);
      const tookMs = world.runUntil(() => askedAtMs() > firstMs, 20_000);
      assert.ok(tookMs !== undefined && tookMs <= 11_500, `took ${tookMs} ms`);
    }
  });

  test("a member that nobody can dial may lose every other heartbeat", () => {
    const world = createWorld(12);
    const node = world.add("n");
    const far = testIdentity("A", "far");
    world.meet(node, far);
    for (let seqNum = 1n; seqNum <= 5n; seqNum++) {
      const bytes = aliveOf(far, { seqNum, endpoint: "far:1" });
      world.give(node, { type: "message", from: far.pkiId, bytes });
      world.run(DEFAULT_TIMING.aliveIntervalMs * 2 + 100);
    }
    assert.deepEqual([askedCount(node), deaths(node)], [0, []]);
  });

  test("is asked about as soon when somebody says just before that the member is dead", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = createWorld(seed);
      const node = world.add("n");
      const [friend, ghost] = [testIdentity("A", "friend"), testIdentity("A", "ghost")];
      for (const identity of [friend, ghost]) world.meet(node, identity);
      const hear = (bytes: Uint8Array): void =>
        world.give(node, { type: "message", from: friend.pkiId, bytes });
      const last = aliveOf(ghost, { seqNum: 1n, endpoint: "ghost:1" });
      hear(last);
      world.run(10_400);
      hear(unsigned({ type: "membership-response", value: { alive: [], dead: [last] } }));
      const afterMs = world.runUntil(() => askedCount(node) > 0, 2_000);
      assert.ok(afterMs !== undefined && afterMs <= 450, `seed ${seed}: after ${afterMs} ms`);
    }
  });

  test("lists alone cannot keep a dead member alive", () => {
    const world = createWorld(12);
    const node = world.add("n");
    const [friend, ghost] = [testIdentity("A", "friend"), testIdentity("A", "ghost")];
    for (const identity of [friend, ghost]) world.meet(node, identity);
    const endpoint = "ghost:1";
    for (let seqNum = 1n; seqNum <= 20n; seqNum++) {
      const alive = [aliveOf(ghost, { seqNum, endpoint })];
      const bytes = unsigned({ type: "membership-response", value: { alive, dead: [] } });
      world.give(node, { type: "message", from: friend.pkiId, bytes });
      world.run(1_000);
      if (node.events.some(({ type }) => type === "member-dead")) break;
    }
    assert.deepEqual(deaths(node), ["unreachable"]);
    assert.ok(world.now().elapsedMs <= 16_000);
  });
});

describe("an accusation", () => {
  test("of somebody who is heard of in time asks nobody", () => {
    const { world, p0, p1, p2 } = trio(13);
    const spokeMs = (): number => p1.core.self.alive?.signedMs ?? 0;
    world.runUntil(() => world.now().elapsedMs - Math.max(20_000, spokeMs()) > 1_000, 30_000);
    // Both hear it: the accused, who has said nothing for a while, says at once that it is alive.
    accuse(world, p0, p2, p1);
    accuse(world, p2, p2, p1);
    assert.equal(p0.core.suspicions.open.size, 1);
    world.run(2_000);
    assert.deepEqual([p0.core.suspicions.open.size, askedCount(p0), deaths(p0)], [0, 0, []]);
    assert.equal(viewOf(world, p0), "p1 p2");
  });

  test("that the accused does not hear is answered by its ping", () => {
    const { world, p0, p1, p2 } = trio(14);
    world.run(20_000);
    p2.core.schedule.heartbeatAtMs = world.now().elapsedMs + 4_000;
    p2.core.syncBackoff.dueMs = world.now().elapsedMs + 4_000;
    accuse(world, p0, p2, p1);
    world.run(1_000);
    assert.deepEqual([askedCount(p0), deaths(p0)], [1, []]);
    for (let times = 0; times < 5; times++) {
      accuse(world, p0, p2, p1);
      world.run(500);
      assert.equal(p0.core.suspicions.open.size, 0, "asked twice within ten seconds");
    }
  });

  test("older than what we know is no accusation", () => {
    const { world, p0, p1, p2 } = trio(15);
    const old = p0.core.members.table.get(p2.identity.pkiId)?.alive.envelope.bytes;
    assert.ok(old);
    world.run(20_000);
    const bytes = unsigned({ type: "membership-response", value: { alive: [], dead: [old] } });
    world.give(p0, { type: "message", from: p1.identity.pkiId, bytes });
    assert.equal(p0.core.suspicions.open.size, 0);
  });

  test("is settled by what was said after it only, not by what comes late", () => {
    const world = createWorld(19);
    const node = world.add("n");
    const [friend, ghost] = [testIdentity("A", "friend"), testIdentity("A", "ghost")];
    for (const identity of [friend, ghost]) world.meet(node, identity);
    const say = (seqNum: bigint): Uint8Array => aliveOf(ghost, { seqNum, endpoint: "ghost:1" });
    const hear = (bytes: Uint8Array): void =>
      world.give(node, { type: "message", from: friend.pkiId, bytes });
    hear(say(1n));
    hear(unsigned({ type: "membership-response", value: { alive: [], dead: [say(2n)] } }));
    hear(say(2n));
    assert.deepEqual([deaths(node), node.core.suspicions.open.size], [[], 1]);
    world.run(1_000);
    hear(say(2n));
    assert.deepEqual(deaths(node), ["unreachable"]);
    assert.equal(node.core.members.table.get(ghost.pkiId)?.status, "dead");
    hear(say(3n)); // It may have been on its way.
    assert.equal(node.core.members.table.get(ghost.pkiId)?.status, "dead");
    world.run(5_000);
    hear(say(4n));
    assert.equal(node.core.members.table.get(ghost.pkiId)?.status, "alive");
  });

  test("makes the answer of the accused news: it waits nowhere", () => {
    const world = createWorld(5);
    const nodes = Array.from({ length: 25 }, (_, i) =>
      world.add(`p${i}`, { bootstrap: i === 0 ? [] : ["p0:7051"] }),
    );
    world.run(DEFAULT_TIMING.publishCertPeriodMs + 3_000);
    const [accused] = nodes.splice(7, 1);
    assert.ok(accused);
    const { pkiId } = accused.identity;
    // It may answer at once: it has not spoken for a second.
    world.runUntil(
      () => world.now().elapsedMs - (accused.core.self.alive?.signedMs ?? 0) > 1_000,
      5_000,
    );
    const said = accused.core.self.sequence;
    const lacking = (): number =>
      nodes.filter(({ core }) => (core.members.table.get(pkiId)?.time.seqNum ?? 0n) <= said).length;
    for (const node of nodes) accuse(world, node, accused, node);
    accuse(world, accused, accused, accused);
    world.runUntil(() => lacking() < 25, 2_000);
    const tookMs = world.runUntil(() => lacking() === 0, 2_000);
    assert.ok(tookMs !== undefined && tookMs <= 150, `took ${tookMs} ms`);
    world.run(1_000);
    assert.deepEqual(nodes.flatMap(deaths), []);
  });

  test("however many, makes the accused speak once a second only", () => {
    const { world, p0, p1, p2 } = trio(16);
    world.run(20_000);
    const before = p2.core.self.sequence;
    for (let times = 0; times < 100; times++) {
      accuse(world, p2, p2, times % 2 === 0 ? p0 : p1);
      world.run(50);
    }
    assert.ok(p2.core.self.sequence - before <= 9n, String(p2.core.self.sequence - before));
  });

  test("is answered by one heartbeat, and by none if it is about a former life", () => {
    const { world, p0, p2 } = trio(16);
    world.run(20_000);
    const atHeartbeat = (): void => {
      const { schedule } = p2.core;
      world.runUntil(() => schedule.heartbeatAtMs - world.now().elapsedMs > 4_600, 10_000);
      world.run(100);
    };
    /** In the four seconds after that: the next is due later. */
    const heartbeatsAfter = (act: () => void): number => {
      p2.sent.length = 0;
      act();
      world.run(4_000);
      const times = new Set<bigint | undefined>();
      for (const { message } of p2.sent) {
        if (message.content?.type !== "alive") continue;
        const { membership, timestamp } = message.content.value;
        if (membership && toHex(membership.pkiId) === p2.identity.pkiId)
          times.add(timestamp?.seqNum);
      }
      return times.size;
    };
    atHeartbeat();
    const former = p2.core.self.alive?.envelope.bytes;
    assert.ok(former);
    assert.equal(
      heartbeatsAfter(() => accuse(world, p2, p2, p0)),
      1,
    );
    world.restart(p2);
    world.run(20_000);
    atHeartbeat();
    const about = unsigned({ type: "membership-response", value: { alive: [], dead: [former] } });
    const input = { type: "message", from: p0.identity.pkiId, bytes: about } as const;
    assert.equal(
      heartbeatsAfter(() => world.give(p2, input)),
      0,
    );
  });
});

describe("a death", () => {
  test("is known to all within two seconds, though few are connected with the dead", () => {
    const world = createWorld(18);
    const nodes = Array.from({ length: 25 }, (_, i) =>
      world.add(`p${i}`, { bootstrap: i === 0 ? [] : ["p0:7051"] }),
    );
    assert.notEqual(
      world.runUntil(() => isComplete(world, ...nodes), 20_000),
      undefined,
    );
    world.run(15_000);
    const [victim, ...others] = nodes.toReversed() as [TestNode, ...TestNode[]];
    // Connections that are not needed any more are closed by the host.
    for (const node of nodes) {
      const needed = new Set(node.core.neighbourhood.neighbours.home.flat());
      for (const pkiId of [...node.connected]) if (!needed.has(pkiId)) node.connected.delete(pkiId);
    }
    const connected = others.filter((node) => node.connected.has(victim.identity.pkiId));
    assert.ok(connected.length <= 4, String(connected.length));
    world.kill(victim);
    const isGone = (): boolean =>
      others.every(({ core }) => core.members.table.get(victim.identity.pkiId)?.status === "dead");
    const tookMs = world.runUntil(isGone, 10_000);
    assert.ok(tookMs !== undefined && tookMs <= 2_000, `took ${tookMs} ms`);
  });

  test("is told only to those who may know the dead", () => {
    const world = createWorld(19);
    const trusts = ["A", "B", "C"];
    const a0 = world.add("a0", { trusts });
    const b0 = world.add("b0", { mspId: "B", trusts, anchorPeers: ["a0:7051"] });
    const c0 = world.add("c0", { mspId: "C", trusts, anchorPeers: ["a0:7051"] });
    world.run(5_000);
    assert.deepEqual(views(world, a0, b0, c0), ["b0 c0", "a0", "a0"]);
    a0.sent.length = 0;
    world.kill(b0);
    world.run(3_000);
    assert.deepEqual(views(world, a0, c0), ["c0", "a0"]);
    const told = a0.sent.filter(({ message: { content } }) => {
      return content?.type === "membership-response" && content.value.dead.length > 0;
    });
    assert.deepEqual(told, []);
  });
});
