/** The worked timelines of spec B 6 and C1 9, in virtual time, with our bounds beside Fabric's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, viewOf } from "./testing.ts";
import { isComplete, trio, views } from "./testing-views.ts";

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

  test("one that never returns is forgotten after 500 s, and no list brings it back", () => {
    const { world, p0, p1, p2 } = trio(11);
    world.run(20_000);
    world.kill(p2);
    world.run(494_000); // The last heartbeat was up to five seconds before.
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
