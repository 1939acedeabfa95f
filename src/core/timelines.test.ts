/** The worked timelines of spec B 6 and C1 9, in virtual time, with our bounds beside Fabric's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createWorld,
  EPOCH_MS,
  type TestNode,
  testIdentity,
  viewOf,
  type World,
} from "./testing.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";

function views(world: World, ...nodes: readonly TestNode[]): string[] {
  return nodes.map((node) => viewOf(world, node));
}

function trio(seed: number): { world: World; p0: TestNode; p1: TestNode; p2: TestNode } {
  const world = createWorld(seed);
  const p0 = world.add("p0");
  const p1 = world.add("p1", { bootstrap: ["p0:7051"] });
  const p2 = world.add("p2", { bootstrap: ["p0:7051"] });
  assert.notEqual(
    world.runUntil(() => isComplete(world, p0, p1, p2), 1_000),
    undefined,
  );
  return { world, p0, p1, p2 };
}

function isComplete(world: World, ...nodes: readonly TestNode[]): boolean {
  return nodes.every((node) => viewOf(world, node).split(" ").length === nodes.length - 1);
}

describe("A: cold start over one bootstrap peer", () => {
  test("everybody sees everybody within 50 ms (Fabric: 5 s)", () => {
    const world = createWorld(1);
    const nodes = ["p0", "p1", "p2", "p3", "p4"].map((name) =>
      world.add(name, { bootstrap: ["p0:7051"] }),
    );
    const tookMs = world.runUntil(() => isComplete(world, ...nodes), 1_000);
    assert.ok(tookMs !== undefined && tookMs <= 50, `took ${tookMs} ms`);
  });

  test("a bootstrap peer that comes up late is joined within its back-off, not after 28 s", () => {
    const world = createWorld(2);
    const p1 = world.add("p1", { bootstrap: ["p0:7051"] });
    world.run(3_000);
    const p0 = world.add("p0");
    const tookMs = world.runUntil(() => isComplete(world, p0, p1), 30_000);
    assert.ok(tookMs !== undefined && tookMs <= 4_000, `took ${tookMs} ms`);
  });

  test("a contact is never given up, and tried at least every reconnect interval", () => {
    const world = createWorld(3);
    const p1 = world.add("p1", { bootstrap: ["p0:7051"] });
    world.run(4 * 3_600_000);
    const p0 = world.add("p0");
    const tookMs = world.runUntil(() => isComplete(world, p0, p1), 60_000);
    assert.ok(tookMs !== undefined && tookMs <= 26_000, `took ${tookMs} ms`);
  });

  test("the own endpoint among the bootstrap peers is not dialled", () => {
    const world = createWorld(4);
    const p0 = world.add("p0", { bootstrap: ["p0:7051", "localhost:7051", "127.0.0.1:7051"] });
    world.run(10_000);
    assert.deepEqual(
      [p0.sent, p0.events.filter(({ type }) => type === "contact-failed")],
      [[], []],
    );
  });

  test("somebody who is alone signs only its identity message", () => {
    const world = createWorld(5);
    const p0 = world.add("p0");
    world.run(60_000);
    assert.equal(p0.core.self.sequence, 0n);
  });
});

describe("B: a late joiner", () => {
  test("sees everybody within 50 ms, though heartbeats carry no certificate any more", () => {
    const { world, p0, p1, p2 } = trio(6);
    world.run(100_000);
    const late = world.add("late", { bootstrap: ["p0:7051"] });
    const tookMs = world.runUntil(() => isComplete(world, p0, p1, p2, late), 10_000);
    assert.ok(tookMs !== undefined && tookMs <= 50, `took ${tookMs} ms`);
    assert.ok(late.sent.some(({ message }) => message.content?.type === "hello"));
  });
});

describe("C: crash and return", () => {
  test("a reset connection is confirmed by one ping and then noticed at once", () => {
    const { world, p0, p1, p2 } = trio(7);
    world.run(20_000);
    world.kill(p2);
    const tookMs = world.runUntil(() => views(world, p0, p1).join("|") === "p1|p0", 10_000);
    assert.ok(tookMs !== undefined && tookMs <= 10, `took ${tookMs} ms`);
  });

  test("the returned member is seen at once, by its higher incarnation", () => {
    const { world, p0, p1, p2 } = trio(8);
    world.run(200_000);
    world.kill(p2);
    world.run(30_000);
    world.restart(p2);
    const tookMs = world.runUntil(() => isComplete(world, p0, p1, p2), 10_000);
    assert.ok(tookMs !== undefined && tookMs <= 50, `took ${tookMs} ms`);
    assert.ok(p0.events.some(({ type }) => type === "member-returned"));
  });

  test("a restart that nobody noticed is an update, not a death", () => {
    const { world, p0, p2 } = trio(9);
    world.run(20_000);
    world.restart(p2);
    world.run(20_000);
    assert.equal(
      p0.events.some(({ type }) => type === "member-dead"),
      false,
    );
    assert.ok(p0.events.some(({ type }) => type === "member-updated"));
  });

  test("silence without a reset is death between 25 and 28 s after the last news", () => {
    const { world, p0, p1, p2 } = trio(10);
    world.run(20_000);
    world.cut([p2], [p0, p1]);
    world.run(19_000);
    assert.deepEqual(views(world, p0, p1), ["p1 p2", "p0 p2"]);
    const tookMs = world.runUntil(() => views(world, p0, p1).join("|") === "p1|p0", 30_000);
    assert.ok(tookMs !== undefined && tookMs + 19_000 <= 33_000, `took ${tookMs} ms`);
  });

  test("one that never returns is forgotten after 500 s, and no list brings it back", () => {
    const { world, p0, p1, p2 } = trio(11);
    world.run(20_000);
    world.kill(p2);
    world.run(499_000);
    assert.ok(p0.core.members.table.has(p2.identity.pkiId));
    world.run(30_000);
    assert.deepEqual(
      [p0, p1].map((n) => n.core.members.table.has(p2.identity.pkiId)),
      [false, false],
    );
    world.run(2_000_000);
    assert.deepEqual(
      [p0, p1].map((n) => n.core.members.table.has(p2.identity.pkiId)),
      [false, false],
    );
  });

  test("a clock set back does not hide a restarted member that remembers its incarnation", () => {
    const { world, p0, p2 } = trio(12);
    world.run(100_000);
    world.kill(p2);
    world.run(5_000);
    world.setBackMs = 3_600_000;
    p2.core = {
      ...p2.core,
      options: { ...p2.core.options, lastIncarnation: p2.core.self.incarnation },
    };
    world.restart(p2);
    world.run(1_000);
    assert.equal(viewOf(world, p0), "p1 p2");
  });
});

describe("our own process stands still", () => {
  test("for 40 s: nobody is declared dead for that", () => {
    const { world, p0 } = trio(24);
    world.run(20_000);
    world.stall(p0, 40_000);
    world.run(5_000);
    assert.equal(viewOf(world, p0), "p1 p2");
    assert.equal(
      p0.events.some(({ type }) => type === "member-dead"),
      false,
    );
  });

  test("a long list of claims is no standstill: silent members still die", () => {
    const { world, p0, p1, p2 } = trio(25);
    world.run(20_000);
    world.cut([p2], [p0, p1]);
    const many = Array.from({ length: 200 }, (_, i) => testIdentity("A", `m${i}`));
    const alive = many.map((one) => aliveOf(one, { identity: true, endpoint: "" }));
    const bytes = unsigned({ type: "membership-response", value: { alive, dead: [] } });
    world.give(p0, { type: "message", from: p1.identity.pkiId, bytes });
    world.run(35_000);
    assert.equal(viewOf(world, p0), "p1");
  });
});

describe("D: partition", () => {
  test("heals within the reconnect interval, wherever the bootstrap peer was", () => {
    const { world, p0, p1, p2 } = trio(13);
    world.run(20_000);
    world.cut([p0], [p1, p2]);
    world.run(100_000);
    assert.deepEqual(views(world, p0, p1, p2), ["", "p2", "p1"]);
    world.heal();
    const tookMs = world.runUntil(() => isComplete(world, p0, p1, p2), 60_000);
    assert.ok(tookMs !== undefined && tookMs <= 33_000, `took ${tookMs} ms`);
  });

  test("heals after everybody but the bootstrap peers was forgotten", () => {
    const { world, p0, p1, p2 } = trio(14);
    world.run(20_000);
    world.cut([p0], [p1, p2]);
    world.run(2_000_000);
    assert.equal(p0.core.members.table.size, 0);
    world.heal();
    const tookMs = world.runUntil(() => isComplete(world, p0, p1, p2), 60_000);
    assert.ok(tookMs !== undefined && tookMs <= 33_000, `took ${tookMs} ms`);
  });

  test("a member alone for two hours still finds its bootstrap peer (Fabric does not)", () => {
    const { world, p0, p1, p2 } = trio(15);
    world.cut([p1], [p0, p2]);
    world.run(2 * 3_600_000);
    world.heal();
    assert.notEqual(
      world.runUntil(() => isComplete(world, p0, p1, p2), 40_000),
      undefined,
    );
  });
});

describe("F: renewed certificate", () => {
  test("the old PKI-ID goes as soon as the endpoint shows the new one", () => {
    const { world, p0, p1, p2 } = trio(16);
    world.run(20_000);
    world.kill(p2);
    const identity = testIdentity("A", "p2-renewed");
    const renewed = world.add("p2", { identity, bootstrap: ["p0:7051"] });
    assert.notEqual(
      world.runUntil(() => isComplete(world, p0, p1, renewed), 5_000),
      undefined,
    );
    world.run(60_000);
    for (const node of [p0, p1]) {
      assert.equal(node.core.members.table.has(p2.identity.pkiId), false, node.name);
      assert.equal(node.core.identities.table.has(p2.identity.pkiId), false, node.name);
    }
  });
});

describe("our own certificate is renewed while we run", () => {
  test("others have the new one at once and the old one no more; we keep our view", () => {
    const { world, p0, p1, p2 } = trio(26);
    world.run(20_000);
    const old = p2.identity;
    world.renew(p2, testIdentity("A", "p2-renewed"));
    const isReplaced = (): boolean =>
      [p0, p1].every(
        ({ core }) =>
          core.members.table.get(p2.identity.pkiId)?.status === "alive" &&
          !core.members.table.has(old.pkiId) &&
          !core.identities.table.has(old.pkiId),
      );
    const tookMs = world.runUntil(isReplaced, 30_000);
    assert.ok(tookMs !== undefined && tookMs <= 100, `took ${tookMs} ms`);
    assert.equal(viewOf(world, p2), "p0 p1");
    world.run(60_000);
    assert.deepEqual([isReplaced(), viewOf(world, p2)], [true, "p0 p1"]);
    assert.equal(p0.core.pull.offered.has(old.pkiId), false);
  });

  test("connections made under the old one are closed, whoever is at the other end", () => {
    const { world, p2 } = trio(45);
    const friend = testIdentity("A", "friend");
    world.meet(p2, friend);
    world.renew(p2, testIdentity("A", "p2-renewed"));
    assert.equal(p2.connected.has(friend.pkiId), false);
  });

  test("the same certificate again changes nothing", () => {
    const { world, p2 } = trio(27);
    const { incarnation } = p2.core.self;
    world.renew(p2, p2.identity);
    assert.equal(p2.core.self.incarnation, incarnation);
  });
});

describe("identities end", () => {
  test("not without notice: 30 d, 7 d, 1 d and 1 h before, once each", () => {
    const world = createWorld(28);
    const p0 = world.add("p0");
    const day = 86_400_000;
    const identity = testIdentity("A", "p1", EPOCH_MS + 8 * day);
    world.add("p1", { identity, bootstrap: ["p0:7051"] });
    const notices = (): number[] =>
      p0.events.flatMap((event) => (event.type === "identity-expiring" ? [event.noticeMs] : []));
    world.run(1_000);
    assert.deepEqual(notices(), [30 * day]);
    for (const left of [7 * day, day, day / 24]) {
      const { identities, schedule } = p0.core;
      assert.equal(identities.nextNoticeMs, EPOCH_MS + 8 * day - left);
      assert.ok(schedule.identityDueAtMs <= 8 * day - left);
      world.leap(8 * day - left);
      world.give(p0, { type: "tick" });
    }
    assert.deepEqual(notices(), [30 * day, 7 * day, day, day / 24]);
  });

  test("an expired one is gone from every table and cannot come back by relay", () => {
    const world = createWorld(17);
    const p0 = world.add("p0");
    const p1 = world.add("p1", { bootstrap: ["p0:7051"] });
    const identity = testIdentity("A", "short", EPOCH_MS + 60_000);
    const short = world.add("short", { identity, bootstrap: ["p0:7051"] });
    world.run(50_000);
    assert.deepEqual(views(world, p0, p1), ["p1 short", "p0 short"]);
    world.run(13_000);
    for (const node of [p0, p1]) {
      const { core } = node;
      assert.equal(core.members.table.has(short.identity.pkiId), false);
      assert.equal(core.identities.table.has(short.identity.pkiId), false);
      assert.equal(core.pull.offered.has(short.identity.pkiId), false);
    }
    world.run(100_000);
    assert.deepEqual(views(world, p0, p1), ["p1", "p0"]);
    const purges = p0.events.filter(({ type }) => type === "identity-purged");
    assert.deepEqual(
      purges.map((event) => "reason" in event && event.reason),
      ["expired"],
    );
  });

  test("a revoked one is gone within one step of the change of trust", () => {
    const { world, p0, p1, p2 } = trio(18);
    world.run(20_000);
    for (const node of [p0, p1]) {
      node.crypto.revoked.add(p2.identity.pkiId);
      world.give(node, { type: "trust-changed" });
    }
    assert.deepEqual(views(world, p0, p1), ["p1", "p0"]);
    world.run(100_000);
    assert.deepEqual(views(world, p0, p1), ["p1", "p0"]);
  });

  test("many in the same second end a few in each step", () => {
    const world = createWorld(40);
    const p0 = world.add("p0");
    for (let i = 0; i < 200; i++) {
      world.give(p0, {
        type: "connected",
        identity: testIdentity("A", `m${i}`, EPOCH_MS + 10_000),
      });
    }
    world.leap(10_001);
    world.give(p0, { type: "tick" });
    assert.equal(p0.core.identities.table.size, 201 - 64);
    world.run(1);
    assert.equal(p0.core.identities.table.size, 1);
  });

  test("ours is not offered any more when it has expired, and is back if only the clock was wrong", () => {
    const { world, p0 } = trio(41);
    world.run(10_000);
    const has = (): boolean[] => {
      const { pkiId } = p0.identity;
      return [p0.core.identities.table.has(pkiId), p0.core.pull.offered.has(pkiId)];
    };
    world.setBackMs = -4_000 * 86_400_000;
    world.run(20_000);
    assert.deepEqual(has(), [false, false]);
    world.setBackMs = 0;
    world.run(20_000);
    assert.deepEqual(has(), [true, true]);
  });

  test("an expired one is not learnt from a handshake", () => {
    const world = createWorld(42);
    const p0 = world.add("p0");
    p0.events.length = 0;
    world.give(p0, { type: "connected", identity: testIdentity("A", "old", EPOCH_MS - 1) });
    assert.deepEqual([p0.core.identities.table.size, p0.events], [1, []]);
  });

  test("a change of trust comes before everything that waits", () => {
    const { world, p0, p1, p2 } = trio(43);
    world.run(20_000);
    const many = Array.from({ length: 5_000 }, (_, i) => testIdentity("A", `m${i}`));
    const alive = many.map((one) => aliveOf(one, { identity: true, endpoint: "" }));
    const bytes = unsigned({ type: "membership-response", value: { alive, dead: [] } });
    world.give(p0, { type: "message", from: p1.identity.pkiId, bytes });
    p0.crypto.revoked.add(p2.identity.pkiId);
    for (let i = 0; i < 50; i++) world.give(p0, { type: "trust-changed" });
    assert.equal(p0.core.identities.table.has(p2.identity.pkiId), false);
    assert.ok(p0.core.claims.rejudge.size <= p0.core.identities.table.size);
  });

  test("one that nobody needs disappears although others still offer it", () => {
    const world = createWorld(44);
    const names = ["p0", "p1", "p2", "p3"];
    const nodes: TestNode[] = [];
    for (const name of names) {
      nodes.push(world.add(name, { bootstrap: ["p0:7051"] }));
      world.run(400_000);
    }
    const [p0, p1, p2, gone] = nodes as [TestNode, TestNode, TestNode, TestNode];
    world.kill(gone);
    world.run(6 * 3_600_000);
    for (const { core, events } of [p0, p1, p2]) {
      assert.equal(core.identities.table.has(gone.identity.pkiId), false);
      const purges = events.filter((event) => event.type === "identity-purged").length;
      assert.ok(purges <= 2, `${purges} purges`);
    }
  });

  test("certificates further away than a Node timer can count are no problem", () => {
    const { world, p0 } = trio(19);
    world.run(1_000);
    assert.equal(
      p0.events.some(({ type }) => type === "identity-purged"),
      false,
    );
    assert.ok(p0.core.identities.nextExpiryMs - EPOCH_MS > 2 ** 31);
  });

  test("one without a member is dropped as unused after an hour, ours and contacts' are not", () => {
    const { world, p0, p1, p2 } = trio(20);
    world.run(10_000);
    world.kill(p2);
    world.kill(p0);
    world.run(4_900_000);
    const known = [p0, p1, p2].map((n) => p1.core.identities.table.has(n.identity.pkiId));
    assert.deepEqual(known, [true, true, false]);
  });
});

describe("nobody comes back from the dead", () => {
  test("by an old message that waited for its author's identity", () => {
    const world = createWorld(31);
    const p0 = world.add("p0");
    const [friend, ghost] = [testIdentity("A", "friend"), testIdentity("A", "ghost")];
    world.meet(p0, friend);
    world.give(p0, { type: "message", from: friend.pkiId, bytes: aliveOf(ghost) });
    assert.equal(p0.core.claims.aside.size, 1);
    world.run(24_000);
    assert.equal(p0.core.claims.aside.size, 1);
    world.run(5_000);
    assert.equal(p0.core.claims.aside.size, 0);
    world.give(p0, { type: "connected", identity: ghost });
    assert.equal(p0.core.members.table.has(ghost.pkiId), false);
  });

  test("by the lists of somebody who never forgets", () => {
    const { world, p0, p1, p2 } = trio(32);
    world.run(20_000);
    const last = p0.core.members.table.get(p2.identity.pkiId)?.alive.envelope.bytes;
    assert.ok(last);
    world.kill(p2);
    const keeper = p1.identity.pkiId;
    const list = { type: "membership-response", value: { alive: [], dead: [last] } } as const;
    for (let minutes = 0; minutes < 60; minutes++) {
      world.run(60_000);
      world.give(p0, { type: "message", from: keeper, bytes: unsigned(list) });
      if (minutes > 10) assert.equal(p0.core.members.table.has(p2.identity.pkiId), false);
    }
    assert.ok(p0.core.members.tombstones.has(p2.identity.pkiId), "and it is remembered why");
  });

  test("by our own former certificate, after we renewed it", () => {
    const { world, p0, p2 } = trio(33);
    world.run(1_000);
    const old = p2.identity;
    const seen = p0.core.members.table.get(old.pkiId)?.alive.envelope.bytes ?? aliveOf(old);
    world.renew(p2, testIdentity("A", "p2-renewed"));
    const list = { type: "membership-response", value: { alive: [seen], dead: [] } } as const;
    world.give(p2, { type: "message", from: p0.identity.pkiId, bytes: unsigned(list) });
    assert.equal(viewOf(world, p2), "p0 p1");
    assert.equal(p2.core.pull.offered.has(old.pkiId), false);
  });
});

describe("who cannot be reached, or is not who it seems", () => {
  test("a member we are cut off from, but others are not, does not flap", () => {
    const { world, p0, p2 } = trio(34);
    world.run(20_000);
    world.cut([p0], [p2]);
    p0.connected.delete(p2.identity.pkiId);
    p2.connected.delete(p0.identity.pkiId);
    world.run(600_000);
    const deaths = p0.events.filter(({ type }) => type === "member-dead").length;
    assert.equal(deaths, 1);
    assert.equal(viewOf(world, p0), "p1 p2");
  });

  test("a member that moved is not judged by its old endpoint", () => {
    const { world, p0, p2 } = trio(35);
    world.run(20_000);
    const { pkiId } = p2.identity;
    world.give(p0, { type: "send-failed", pkiId, endpoint: "old:1", reason: "unreachable" });
    world.run(1_000);
    assert.equal(viewOf(world, p0), "p1 p2");
  });

  test("a contact that turned out to be ourselves is tried again", () => {
    const world = createWorld(36);
    const p0 = world.add("p0", { bootstrap: ["service:7051"] });
    const answer = { type: "identified", endpoint: "service:7051", reason: "" } as const;
    world.give(p0, { ...answer, identity: p0.identity });
    assert.equal(p0.core.contacts[0]?.isSelf, true);
    world.run(30_000);
    const other = testIdentity("A", "other");
    p0.core.contacts.map((contact) => Object.assign(contact, { state: { type: "identifying" } }));
    world.give(p0, { ...answer, identity: other });
    world.run(10);
    assert.deepEqual(
      p0.sent.map(({ to }) => to),
      [other.pkiId],
    );
  });

  test("a foreigner that claims the endpoint of our bootstrap peer does not take its place", () => {
    const world = createWorld(37);
    const p0 = world.add("p0", { bootstrap: ["boot:7051"], trusts: ["A", "B"] });
    const liar = testIdentity("B", "liar");
    world.meet(p0, liar);
    const bytes = aliveOf(liar, { endpoint: "boot:7051" });
    world.give(p0, { type: "message", from: liar.pkiId, bytes });
    world.run(3_000);
    const failures = p0.events.filter(({ type }) => type === "contact-failed").length;
    assert.ok(failures >= 2, `${failures} attempts`);
  });

  test("a contact is only joined by its own answer to our question", () => {
    const world = createWorld(38);
    const p0 = world.add("p0", { bootstrap: ["boot:7051"] });
    const [boot, other] = [testIdentity("A", "boot"), testIdentity("A", "other")];
    for (const identity of [boot, other]) world.meet(p0, identity);
    const [contact] = p0.core.contacts;
    assert.ok(contact);
    contact.state = { type: "asking", pkiId: boot.pkiId, nonce: 7n, untilMs: 100_000 };
    const answer = (from: string, nonce: bigint): string => {
      const list = { type: "membership-response", value: {} } as const;
      const bytes = unsigned(list, { nonce });
      const identity = from === "boot" ? boot : other;
      world.give(p0, { type: "message", from: identity.pkiId, bytes });
      return contact.state.type;
    };
    assert.deepEqual(
      [answer("other", 7n), answer("boot", 8n), answer("boot", 7n)],
      ["asking", "asking", "connected"],
    );
  });

  test("of a thousand dead members each has its turn to be tried", () => {
    const world = createWorld(39);
    const p0 = world.add("p0");
    const friend = testIdentity("A", "friend");
    world.meet(p0, friend);
    const many = Array.from({ length: 600 }, (_, i) => testIdentity("A", `m${i}`));
    const dead = many.map((one, i) => aliveOf(one, { identity: true, endpoint: `m${i}:1` }));
    const list = { type: "membership-response", value: { alive: [], dead } } as const;
    world.give(p0, { type: "message", from: friend.pkiId, bytes: unsigned(list) });
    world.run(60_000);
    const never = [...p0.core.members.table.values()].filter(
      ({ reconnectAtMs, sinceMs }) => reconnectAtMs === sinceMs,
    );
    assert.equal(never.length, 0);
  });
});

describe("two organisations", () => {
  const trusts = ["A", "B"];
  const options = { trusts, anchorPeers: ["a0:7051", "b0:7051"] };

  test("see each other through their anchor peers at once", () => {
    const world = createWorld(21);
    const nodes = ["a0", "a1", "a2", "b0", "b1", "b2"].map((name) =>
      world.add(name, { ...options, mspId: name.startsWith("a") ? "A" : "B" }),
    );
    const tookMs = world.runUntil(() => isComplete(world, ...nodes), 5_000);
    assert.ok(tookMs !== undefined && tookMs <= 1_000, `took ${tookMs} ms`);
  });

  test("internal endpoints stay within their organisation", () => {
    const world = createWorld(22);
    const a0 = world.add("a0", { ...options, mspId: "A", externalEndpoint: "a0.example.com:1" });
    const b0 = world.add("b0", { ...options, mspId: "B", externalEndpoint: "b0.example.com:1" });
    world.run(1_000);
    const seen = a0.core.members.table.get(b0.identity.pkiId);
    assert.deepEqual([seen?.endpoint, seen?.internalEndpoint], ["b0.example.com:1", undefined]);
  });

  test("a member without external endpoint is unknown outside, and learns nobody outside", () => {
    const world = createWorld(23);
    const a0 = world.add("a0", { ...options, mspId: "A" });
    const hidden = world.add("a1", { ...options, mspId: "A", externalEndpoint: "" });
    const b0 = world.add("b0", { ...options, mspId: "B" });
    world.run(60_000);
    assert.deepEqual(views(world, a0, hidden, b0), ["a1 b0", "a0", "a0"]);
    assert.equal(b0.core.identities.table.has(hidden.identity.pkiId), false);
  });
});
