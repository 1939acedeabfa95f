/** When members are dialled, doubted and held dead. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nextSuspicionMs } from "./core.ts";
import { checkExpiry } from "./handlers/expiry.ts";
import { putMember } from "./tables/members.ts";
import { createSuspicions, pingSuspects, raise, tidySuspicions } from "./tables/suspicion.ts";
import type { TestNode, World } from "./testing.ts";
import { friend, give, listing, receivers, setUp, third } from "./testing-bookkeeping.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf } from "./testing-messages.ts";
import type { Identity } from "./types/host.ts";
import type { Member } from "./types/member.ts";
import { DEFAULT_TIMING } from "./types/options.ts";

describe("dead members", () => {
  test("are dialled in the order in which their time has come", () => {
    const { world, node } = setUp();
    const dead = Array.from({ length: 60 }, (_, i) => testIdentity("A", `m${i}`));
    const messages = dead.map((one) =>
      aliveOf(one, { identity: true, endpoint: `${one.subject}:1` }),
    );
    give(world, node, listing("dead", ...messages), friend);
    world.run(500);
    const { members } = node.core;
    for (const [i, { pkiId }] of dead.entries()) {
      const member = members.table.get(pkiId);
      if (member) members.table.set(pkiId, { ...member, reconnectAtMs: -i });
    }
    const pinged = checkExpiry({ ...node.core, now: world.now() }).flatMap((effect) =>
      effect.type === "ping" ? [effect.pkiId] : [],
    );
    const longest = dead
      .slice(10)
      .map(({ pkiId }) => pkiId)
      .reverse();
    assert.deepEqual(pinged, longest);
  });
});

describe("the expiry check", () => {
  const { aliveExpiryCheckMs } = DEFAULT_TIMING;

  /** Whom it pings. */
  function check(world: World, node: TestNode): readonly string[] {
    return checkExpiry({ ...node.core, now: world.now() }).flatMap((effect) =>
      effect.type === "ping" ? [effect.pkiId] : [],
    );
  }

  /** Changes what the node knows of the friend. */
  function change({ core }: TestNode, part: Partial<Member>): void {
    putMember(core.members, { ...memberAt(core, friend), ...part });
  }

  function memberAt({ members }: TestNode["core"], { pkiId }: Identity): Member {
    return members.table.get(pkiId) ?? assert.fail();
  }

  test("does not look at members that were heard of when it did last", (t) => {
    const { world, node } = setUp();
    world.run(aliveExpiryCheckMs + 1);
    const { mock } = t.mock.method(node.core.members.table, "values");
    check(world, node);
    assert.equal(mock.callCount(), 0);
    world.run(DEFAULT_TIMING.aliveExpiryMs + aliveExpiryCheckMs);
    assert.notEqual(mock.callCount(), 0);
    assert.equal(memberAt(node.core, third).status, "dead");
  });

  test("tries to reach a member when its time has come", () => {
    const { world, node } = setUp();
    const dueMs = world.now().elapsedMs + 1_000;
    change(node, { isCutOff: true, reconnectAtMs: dueMs });
    assert.deepEqual(check(world, node), []);
    world.run(999);
    assert.deepEqual(check(world, node), []);
    world.run(1);
    assert.deepEqual(check(world, node), [friend.pkiId]);
  });

  for (const [name, part] of [
    ["dead", { status: "dead" }],
    ["cut off", { isCutOff: true }],
  ] as const) {
    test(`tries to reach one that is ${name} at once if news of it says so`, () => {
      const { world, node } = setUp();
      change(node, { ...part, reconnectAtMs: Number.POSITIVE_INFINITY });
      assert.deepEqual(check(world, node), []);
      change(node, { reconnectAtMs: world.now().elapsedMs });
      assert.deepEqual(check(world, node), [friend.pkiId]);
    });
  }

  test("forgets accounts that owe nothing any more", () => {
    const { world, node } = setUp();
    const debtors = () => Object.values(node.core.rateLimits).map(({ debts }) => debts.size);
    assert.notDeepEqual(debtors(), [0, 0, 0]);
    world.run(aliveExpiryCheckMs + 1);
    check(world, node);
    assert.deepEqual(debtors(), [0, 0, 0]);
  });
});

describe("suspicions", () => {
  test("of many members come one after the other, and are over some time after their answer", () => {
    const { world, node } = setUp();
    const suspicions = createSuspicions();
    const { members, lateness } = node.core;
    const options = { ...node.core.options, random: { below: () => 0, uint64: () => 0n } };
    const now = world.now();
    for (const member of members.table.values()) {
      raise({ suspicions, options, now }, member, { type: "told", time: member.time });
    }
    const waits: number[] = [];
    for (let ms = 1; ms <= 1_000; ms++) {
      const later = { ...now, elapsedMs: now.elapsedMs + ms };
      const tables = { suspicions, options, now: later, members, lateness };
      const isDue = nextSuspicionMs(suspicions, {}) <= later.elapsedMs;
      if (isDue && pingSuspects(tables, false).length > 0) waits.push(ms);
    }
    assert.deepEqual(waits, [200, 220, 240, 260, 280]);
    assert.equal(suspicions.dueMs, Number.POSITIVE_INFINITY);
    suspicions.pinged.clear();
    suspicions.pinged.set(friend.pkiId, now.elapsedMs);
    suspicions.asked.set(friend.pkiId, now.elapsedMs);
    suspicions.silent.add(friend.pkiId);
    const sizesAfter = (ms: number): readonly number[] => {
      tidySuspicions(suspicions, DEFAULT_TIMING, { ...now, elapsedMs: now.elapsedMs + ms });
      return [suspicions.pinged.size, suspicions.asked.size, suspicions.silent.size];
    };
    assert.deepEqual(
      [sizesAfter(10_000), sizesAfter(10_001)],
      [
        [1, 1, 1],
        [0, 0, 0],
      ],
    );
  });

  test("a member that answers is told that we live once, however often its connection breaks", () => {
    const { world, node } = setUp();
    const { pkiId } = friend;
    for (let i = 0; i < 3; i++) {
      world.give(node, { type: "connection-lost", pkiId });
      world.give(node, { type: "pinged", pkiId, reachable: true });
      world.run(20);
    }
    assert.deepEqual(receivers(node, "membership-request"), ["friend"]);
  });

  test("a member that answers, but is not heard of, is asked once in a fiftieth of a heartbeat", () => {
    const { world, node } = setUp();
    const { members, suspicions } = node.core;
    const { pkiId } = friend;
    suspicions.pinged.set(pkiId, world.now().elapsedMs);
    const answer = (): number => {
      node.sent.length = 0;
      const member = members.table.get(pkiId);
      assert.ok(member?.status === "alive");
      const lastSeenMs = world.now().elapsedMs - 2 * DEFAULT_TIMING.aliveIntervalMs - 1;
      members.table.set(pkiId, { ...member, isSuspect: true, lastSeenMs });
      world.give(node, { type: "pinged", pkiId, reachable: true });
      world.run(1);
      return receivers(node, "membership-request").filter((name) => name === "friend").length;
    };
    assert.deepEqual([answer(), answer()], [1, 0]);
    world.run(100);
    assert.equal(answer(), 1);
  });
});
