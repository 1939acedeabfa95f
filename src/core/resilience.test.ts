/** What must not happen, whatever does: ghosts, flapping, false deaths, contacts lost for ever. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, viewOf } from "./testing.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import { trio } from "./testing-views.ts";

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

describe("nobody comes back from the dead", () => {
  test("by an old message that waited for its author's identity", () => {
    const world = createWorld(31);
    const p0 = world.add("p0");
    const [friend, ghost] = [testIdentity("A", "friend"), testIdentity("A", "ghost")];
    world.meet(p0, friend);
    world.give(p0, { type: "message", from: friend.pkiId, bytes: aliveOf(ghost) });
    assert.equal(p0.core.verificationQueue.aside.size, 1);
    world.run(24_000);
    assert.equal(p0.core.verificationQueue.aside.size, 1);
    world.run(5_000);
    assert.equal(p0.core.verificationQueue.aside.size, 0);
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
    for (let minutes = 0; minutes < 30; minutes++) {
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
    world.give(p0, { type: "send-failed", pkiId, endpoint: "old:1" });
    world.run(1_000);
    assert.equal(viewOf(world, p0), "p1 p2");
  });

  test("a contact that turned out to be ourselves is tried again", () => {
    const world = createWorld(36);
    const p0 = world.add("p0", { bootstrap: ["service:7051"] });
    const answer = { type: "identified", endpoint: "service:7051" } as const;
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
