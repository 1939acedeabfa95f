/** Events among members, from whole nodes over a network in memory. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testIdentity, testSignature } from "../core/testing-identities.ts";
import type { TopicEvent } from "../observe/topics.ts";
import { bytes, collect, counts, heard, Network, names, text } from "./testing-messaging.ts";

describe("an event", () => {
  test("reaches everybody once, its author among them", async () => {
    const network = new Network();
    const members = await network.startAll("a", ...names(12));
    const [a, b] = members;
    assert.ok(a && b);
    const id = await a.node.broadcast("t", bytes("hello"));
    await network.run(200);
    assert.deepEqual(
      members.map(heard),
      members.map(() => ["hello"]),
    );
    assert.equal(b.heard[0]?.id, id);
    assert.equal(b.heard[0]?.from.pkiId, a.pkiId);
    assert.equal(b.heard[0]?.topic, "t");
    await network.run(60_000);
    assert.deepEqual(
      members.map(heard),
      members.map(() => ["hello"]),
    );
    for (const member of members) {
      const codes = Object.keys(counts(member)).filter((code) => code.startsWith("event-"));
      assert.deepEqual(
        codes.filter((code) => code !== "event-stale" && code !== "event-foreign"),
        [],
      );
    }
  });

  test("is heard by those that its audience names", async () => {
    const network = new Network();
    const members = [await network.start("a")];
    for (const name of names(8)) {
      const role = Number(name.slice(1)) % 2 === 0 ? "shop" : "bill";
      members.push(await network.start(name, { tags: { role, name } }));
    }
    await network.run(1_000);
    await members[0]?.node.broadcast("t", bytes("shops"), { tags: { role: "shop" } });
    await members[0]?.node.broadcast("t", bytes("one"), { tags: { role: "shop", name: "m2" } });
    await members[0]?.node.broadcast("t", bytes("none"), { organisations: ["B"] });
    await members[0]?.node.broadcast("t", bytes("all"), { organisations: ["B", "A"] });
    await network.run(500);
    for (const { name, ...member } of members) {
      const isShop = member.node.self().tags["role"] === "shop";
      const own = name === "m2" ? ["shops", "one"] : isShop ? ["shops"] : [];
      assert.deepEqual(heard({ name, ...member }).toSorted(), [...own, "all"].toSorted(), name);
    }
  });

  test("of another topic is for other subscribers; without a topic one hears all", async () => {
    const network = new Network();
    const [a, b] = await network.startAll("a", "b");
    assert.ok(a && b);
    const [other, all]: [TopicEvent[], TopicEvent[]] = [[], []];
    void collect(b.node.subscribe("other"), other);
    void collect(b.node.subscribe(), all);
    await a.node.broadcast("t", bytes("1"));
    await a.node.broadcast("other", bytes("2"));
    await a.node.broadcast("nobody listens", bytes("3"));
    await network.run(200);
    assert.deepEqual([heard(b), other.map(({ topic }) => topic)], [["1"], ["other"]]);
    assert.equal(all.length, 3);
  });

  test("reaches a late joiner within a second and a half, whenever digests went out before", async () => {
    const network = new Network();
    const [a] = await network.startAll("a", "b");
    await a?.node.broadcast("t", bytes("early"));
    for (const name of names(6)) {
      await network.run(7_900);
      const late = await network.start(name);
      await network.run(1_500);
      assert.deepEqual(heard(late), ["early"], name);
    }
  });

  test("is fetched by whoever joins within the retention, once", async () => {
    const network = new Network();
    const [a] = await network.startAll("a", "b");
    await a?.node.broadcast("t", bytes("early"));
    await network.run(60_000);
    const late = await network.start("late");
    await network.run(10_000);
    assert.deepEqual(heard(late), ["early"]);
    await network.run(300_000);
    assert.deepEqual(heard(late), ["early"]);
    const later = await network.start("later");
    await network.run(30_000);
    assert.deepEqual(heard(later), []);
  });

  test("is fetched when it was lost on its way", async () => {
    const network = new Network();
    const members = await network.startAll("a", ...names(6));
    const [a, ...others] = members;
    assert.ok(a);
    const said = a.node.broadcast("t", bytes("lost"));
    network.hub.dropLinks(() => true);
    await said;
    await network.run(20_000);
    assert.deepEqual(
      others.map(heard),
      others.map(() => ["lost"]),
    );
  });

  test("that cannot be sent is refused with a sentence for each mistake", async () => {
    const [a] = await new Network().startAll("a");
    assert.ok(a);
    const { node } = a;
    const wrong: [unknown, unknown, unknown?][] = [
      ["t", new Uint8Array(16_385)],
      ["t", "text"],
      ["t", undefined],
      ["", bytes("x")],
      ["x".repeat(129), bytes("x")],
      ["ü".repeat(65), bytes("x")],
      ["a\u001b[2J", bytes("x")],
      ["\ud800", bytes("x")],
      [7, bytes("x")],
      [".", bytes("x")],
      ["..", bytes("x")],
      ["*", bytes("x")],
      ["t", bytes("x"), { tags: { a: 1 } }],
      ["t", bytes("x"), null],
      ["t", bytes("x"), "shop"],
      ["t", bytes("x"), [{ role: "shop" }]],
      // They would go to all.
      ["t", bytes("x"), { role: "shop" }],
      ["t", bytes("x"), { tag: { role: "shop" } }],
      ["t", bytes("x"), { organizations: ["Org1MSP"] }],
      ["t", bytes("x"), { organisations: "Org1MSP" }],
      ["t", bytes("x"), { organisations: names(33) }],
      ["t", bytes("x"), { organisations: [1] }],
    ];
    for (const [topic, payload, audience] of wrong) {
      const said = node.broadcast(topic as string, payload as Uint8Array, audience as object);
      await assert.rejects(said, { name: "GossipError", code: "message-invalid" });
    }
    await node.broadcast("x".repeat(128), new Uint8Array(16_384));
    await node.broadcast("ü".repeat(64), new Uint8Array(0));
    assert.throws(() => node.subscribe("a\nb"), { code: "message-invalid" });
    const star = 'the topic "*" cannot be used: leave it out for any topic.';
    assert.throws(() => node.subscribe("*"), { code: "message-invalid", message: star });
  });

  test("too many in too short a time are refused; those before arrive", async () => {
    const network = new Network();
    const [a, b] = await network.startAll("a", "b");
    assert.ok(a && b);
    let said = 0;
    await assert.rejects(
      async () => {
        for (; said < 5_000; said++) await a.node.broadcast("t", bytes(String(said)));
      },
      { name: "GossipError", code: "too-fast" },
    );
    assert.equal(said, 1_000);
    await network.run(60_000);
    assert.equal(new Set(heard(b)).size, 1_000);
    assert.equal(b.heard.length, 1_000);
    await a.node.broadcast("t", bytes("again"));
  });

  test("belongs to each subscriber: what one does to its payload is not seen by another", async () => {
    const network = new Network();
    const [a] = await network.startAll("a");
    assert.ok(a);
    const [first, second] = [a.node.subscribe("t"), a.node.subscribe("t")];
    await a.node.broadcast("t", bytes("whole"));
    (await first.next()).value?.payload.fill(0);
    assert.equal(text((await second.next()).value?.payload ?? bytes("")), "whole");
  });

  test("that a slow subscriber loses is counted and told; the node goes on", async () => {
    const network = new Network();
    const [a, b] = await network.startAll("a", "b");
    assert.ok(a && b);
    const slow = b.node.subscribe("t");
    for (let i = 0; i < 1_100; i++) {
      await a.node.broadcast("t", bytes(String(i)));
      if (i % 50 === 0) await network.run(600);
    }
    await network.run(20_000);
    assert.equal(new Set(heard(b)).size, 1_100);
    assert.equal(b.node.diagnostics.counts().topics.eventsLost, 100);
    assert.ok(b.events.some(({ type }) => type === "subscriber-lagging"));
    const first = await slow.next();
    assert.equal(text(first.value.payload), "100");
  });

  test("is awaited no longer by whoever leaves, read or not", async () => {
    const network = new Network();
    const [a] = await network.startAll("a");
    assert.ok(a);
    const [unread, waiting] = [a.node.subscribe("u"), a.node.subscribe("u")];
    await unread.return?.();
    const next = waiting.next();
    await waiting.return?.();
    assert.deepEqual(await next, { done: true, value: undefined });
    for (let i = 0; i < 1_100; i++) {
      await a.node.broadcast("u", bytes(String(i)));
      if (i % 100 === 0) await network.run(1_100);
    }
    assert.equal(a.node.diagnostics.counts().topics.eventsLost, 0);
    assert.equal((await unread.next()).done, true);
  });

  test("without a signature is not sent, and says so", async () => {
    const network = new Network();
    await network.start("a");
    const identity = testIdentity("A", "b");
    let broken = false;
    const b = await network.start("b", {
      signer: (payload) => {
        if (broken) throw new Error("the HSM is asleep");
        return testSignature(identity.pkiId, payload);
      },
    });
    await network.run(1_000);
    broken = true;
    await assert.rejects(b.node.broadcast("t", bytes("x")), { code: "signing-failed" });
    broken = false;
    await b.node.broadcast("t", bytes("y"));
    assert.deepEqual(heard(b).length <= 1, true);
  });

  test("is refused by a closed node", async () => {
    const [a] = await new Network().startAll("a");
    assert.ok(a);
    const stream = a.node.subscribe();
    await a.node.close();
    const closed = { name: "GossipError", code: "closed" };
    await assert.rejects(a.node.broadcast("t", bytes("x")), closed);
    assert.throws(() => a.node.subscribe("t"), closed);
    assert.throws(() => a.node.setTags({}), closed);
    assert.equal((await stream.next()).done, true);
  });
});
