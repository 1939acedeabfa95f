/** The worked timelines of spec C 9, in virtual time: identities renewed, expired, revoked, unused. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nextDeadlineMs } from "./core.ts";
import { createWorld, type TestNode, viewOf } from "./testing.ts";
import { EPOCH_MS, testIdentity } from "./testing-identities.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import { isComplete, trio, views } from "./testing-views.ts";
import { DEFAULT_TIMING } from "./types/options.ts";

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
      const { identities } = p0.core;
      assert.equal(identities.nextNoticeMs, EPOCH_MS + 8 * day - left);
      assert.ok(nextDeadlineMs(p0.core) <= 8 * day - left);
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
    short.sent.length = 0;
    world.run(100_000);
    // Nobody lets it in, although all answer its pings.
    const requests = short.sent.filter(
      ({ message }) => message.content?.type === "membership-request",
    );
    assert.ok(requests.length < 60, `it asked ${requests.length} times`);
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
    const many = Array.from({ length: 1_500 }, (_, i) => testIdentity("A", `m${i}`));
    const alive = many.map((one) => aliveOf(one, { identity: true, endpoint: "" }));
    const bytes = unsigned({ type: "membership-response", value: { alive, dead: [] } });
    world.give(p0, { type: "message", from: p1.identity.pkiId, bytes });
    p0.crypto.revoked.add(p2.identity.pkiId);
    for (let i = 0; i < 50; i++) world.give(p0, { type: "trust-changed" });
    assert.equal(p0.core.identities.table.has(p2.identity.pkiId), false);
    assert.ok(p0.core.verificationQueue.rejudge.size <= p0.core.identities.table.size);
  });

  test("one that nobody needs disappears although others still offer it", () => {
    const world = createWorld(44);
    const names = ["p0", "p1", "p2", "p3"];
    // A tenth of the real times.
    const timing = { ...DEFAULT_TIMING, identityUnusedMs: 360_000, forgetAfterMs: 50_000 };
    const nodes: TestNode[] = [];
    for (const name of names) {
      nodes.push(world.add(name, { bootstrap: ["p0:7051"], timing }));
      world.run(40_000);
    }
    const [p0, p1, p2, gone] = nodes as [TestNode, TestNode, TestNode, TestNode];
    world.kill(gone);
    world.run(6 * timing.identityUnusedMs);
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
