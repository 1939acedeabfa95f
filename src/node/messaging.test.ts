/** Members that talk to each other: whole nodes over a network in memory, in virtual time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import type { Answer, Query } from "../observe/topics.ts";
import { bytes, collect, type Member, Network, names, text } from "./testing-messaging.ts";

describe("tags", () => {
  test("are seen by everybody at once, beside metadata of the program", async () => {
    const network = new Network();
    const a = await network.start("a");
    const b = await network.start("b", { tags: { role: "shop" } });
    await network.run(1_000);
    const seen = () => a.node.members().find(({ pkiId }) => pkiId === b.pkiId);
    assert.deepEqual(seen()?.tags, { role: "shop" });
    b.node.setMetadata(bytes("mine"));
    b.node.setTags({ role: "bill", zone: "ü" });
    await network.run(100);
    assert.deepEqual(seen()?.tags, { role: "bill", zone: "ü" });
    assert.equal(text(seen()?.metadata ?? bytes("")), "mine");
    assert.deepEqual(b.node.self().tags, { role: "bill", zone: "ü" });
    assert.deepEqual(a.node.self().tags, {});
  });

  test("that cannot be published are refused, all mistakes at once", async () => {
    const [a] = await new Network().startAll("a");
    assert.ok(a);
    const wrong: unknown[] = [
      { role: "x".repeat(600) },
      Object.fromEntries(names(65).map((name) => [name, ""])),
      { "": "x" },
      { a: 1 },
      { a: undefined },
      ["shop"],
      "shop",
      null,
      { half: "\ud800" },
    ];
    for (const tags of wrong) {
      const set = () => a.node.setTags(tags as Record<string, string>);
      assert.throws(set, { name: "GossipError", code: "config-invalid" }, JSON.stringify(tags));
    }
    try {
      a.node.setTags({ "": "x", b: 2 as never, c: "x".repeat(600) });
      assert.fail();
    } catch (error) {
      assert.ok(error instanceof GossipError);
      assert.equal(error.problems.length, 3);
    }
    // Names of the language are names like others.
    a.node.setTags(JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}'));
    assert.deepEqual(Object.keys(a.node.self().tags), ["__proto__", "constructor", "toString"]);
    assert.equal(a.node.ring({ hasOwnProperty: "x" }).owners("k").length, 0);
  });

  test("may have 512 bytes encoded and not one more", async () => {
    const [a] = await new Network().startAll("a");
    // Two lengths, one key of a letter, 503 bytes: 3 + 3 + 503 + 3.
    a?.node.setTags({ a: "x".repeat(503) });
    assert.throws(() => a?.node.setTags({ a: "x".repeat(504) }), /513 bytes/);
  });
});

/** Everything that a query gives, in virtual time. */
async function ended(network: Network, query: Query, ms: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  const reading = collect(query, answers);
  await network.run(ms);
  await reading;
  return answers;
}

describe("a query", () => {
  test("is answered by all, and ends as soon as all have answered", async () => {
    const network = new Network();
    const members = await network.startAll("a", ...names(8));
    for (const { name, node } of members)
      node.answer("q", ({ payload }) => bytes(`${text(payload)} ${name}`));
    const [a] = members;
    assert.ok(a);
    const query = a.node.query("q", bytes("hello"), { timeoutMs: 60_000 });
    const answers = await ended(network, query, 200);
    assert.deepEqual(
      answers.map(({ payload }) => text(payload)).toSorted(),
      members.map(({ name }) => `hello ${name}`).toSorted(),
    );
    for (const { from, payload } of answers) {
      const { pkiId } = members.find(({ name }) => text(payload).endsWith(` ${name}`)) ?? {};
      assert.equal(from.pkiId, pkiId);
    }
    assert.deepEqual(query.unanswered, []);
  });

  test("says who did not answer and why: silent, without answerer, failing", async () => {
    const network = new Network();
    const [a, silent, none, throwing, large, wrong, never, slow] = await network.startAll(
      "a",
      ...names(7),
    );
    assert.ok(a && silent && none && throwing && large && wrong && never && slow);
    a.node.answer("q", async () => bytes("a"));
    throwing.node.answer("q", () => {
      throw new Error("the database is asleep");
    });
    large.node.answer("q", () => new Uint8Array(16_385));
    wrong.node.answer("q", () => "text" as never);
    never.node.answer("q", () => new Promise(() => {}));
    slow.node.answer("q", async () => {
      await new Promise((resolve) => network.clock.after(500, () => resolve(undefined)));
      return bytes("slow");
    });
    const query = a.node.query("q", bytes(""), { timeoutMs: 2_000 });
    await network.run(5);
    network.hub.dropLinks(() => true);
    await silent.node.close();
    const answers = await ended(network, query, 4_000);
    assert.deepEqual(answers.map(({ payload }) => text(payload)).toSorted(), ["a", "slow"]);
    const reasons = Object.fromEntries(
      query.unanswered.map(({ member, reason }) => [member.internalEndpoint, reason]),
    );
    const failed = { "m2:1": "failed", "m3:1": "failed", "m4:1": "failed" };
    for (const [name, reason] of Object.entries(failed)) assert.equal(reasons[name], reason, name);
    assert.equal(reasons["m1:1"], "no-answerer");
    assert.equal(query.unanswered.length, 6);
    const told = throwing.events.find(({ type }) => type === "answer-failed");
    assert.ok(told?.type === "answer-failed" && told.reason === "the database is asleep");
    assert.equal(throwing.node.diagnostics.counts().topics.answersFailed, 1);
  });

  test("whose answerer throws what has no words is told so, and others are answered", async () => {
    const network = new Network();
    const [a] = await network.startAll("a");
    assert.ok(a);
    const unprintable = {
      toString: () => {
        throw new Error("never shown");
      },
    };
    const wordless = Object.assign(new Error("x"), { message: { code: 5 } });
    for (const thrown of [Object.create(null), unprintable, wordless, Symbol("x"), undefined]) {
      using _ = a.node.answer("q", () => {
        throw thrown;
      });
      const query = a.node.query("q", bytes(""));
      await ended(network, query, 100);
      assert.deepEqual(
        query.unanswered.map(({ reason }) => reason),
        ["failed"],
      );
    }
    const told = a.events.filter(({ type }) => type === "answer-failed");
    assert.equal(told.length > 0, true);
    assert.equal(a.node.diagnostics.counts().topics.answersFailed, 5);
  });

  test("whose answerer and signer never answer leaves no timer when the node is closed", async () => {
    const network = new Network();
    const a = await network.start("a", { signer: () => new Promise(() => {}) });
    const b = await network.start("b");
    await network.run(100);
    b.node.answer("q", () => new Promise(() => {}));
    const query = b.node.query("q", bytes(""), { timeoutMs: 300_000 });
    await network.run(100);
    await Promise.all([a.node.close(), b.node.close()]);
    await ended(network, query, 10);
    assert.deepEqual([network.hub.links, network.clock.waiting], [0, 0]);
  });

  test("asks those of its audience only; nobody in it: it ends at once", async () => {
    const network = new Network();
    const a = await network.start("a");
    const b = await network.start("b", { tags: { role: "shop" } });
    await network.run(1_000);
    for (const { node, name } of [a, b]) node.answer("q", () => bytes(name));
    const shops = a.node.query("q", bytes(""), { tags: { role: "shop" } });
    assert.deepEqual(
      (await ended(network, shops, 100)).map(({ from }) => from.pkiId),
      [b.pkiId],
    );
    const nobody = a.node.query("q", bytes(""), { organisations: ["Z"] });
    assert.deepEqual(await ended(network, nobody, 0), []);
  });

  test("whose reader leaves takes no more answers", async () => {
    const network = new Network();
    const [a, b] = await network.startAll("a", "b");
    assert.ok(a && b);
    for (const { node, name } of [a, b]) node.answer("q", () => bytes(name));
    const query = a.node.query("q", bytes(""), { timeoutMs: 60_000 });
    const reading = (async () => {
      for await (const { payload } of query) return text(payload);
      return "nothing";
    })();
    await network.run(100);
    assert.equal(await reading, "a");
  });

  test("that is waited for in vain ends when its reader leaves", async () => {
    const network = new Network();
    const [a] = await network.startAll("a", "b");
    assert.ok(a);
    a.node.answer("q", () => new Promise(() => {}));
    const reading = a.node.query("q", bytes(""), { timeoutMs: 60_000 })[Symbol.asyncIterator]();
    const next = reading.next();
    await network.run(100);
    await reading.return?.(undefined);
    assert.equal((await next).done, true);
  });

  test("has one answerer for each topic, until it is disposed of", async () => {
    const network = new Network();
    const [a] = await network.startAll("a");
    assert.ok(a);
    const first = a.node.answer("q", () => bytes("1"));
    assert.throws(() => a.node.answer("q", () => bytes("2")), { code: "message-invalid" });
    first[Symbol.dispose]();
    a.node.answer("q", () => bytes("3"));
    first[Symbol.dispose]();
    const answers = await ended(network, a.node.query("q", bytes("")), 10);
    assert.deepEqual(
      answers.map(({ payload }) => text(payload)),
      ["3"],
    );
    for (const answerer of [undefined, null, "text", { answer: () => bytes("") }]) {
      assert.throws(() => a.node.answer("r", answerer as never), { code: "message-invalid" });
    }
    for (const timeoutMs of [0, -1, 0.5, Number.NaN, 300_001, "5" as never]) {
      assert.throws(() => a.node.query("q", bytes(""), { timeoutMs }), { code: "message-invalid" });
    }
  });

  test("ends when the node is closed", async () => {
    const network = new Network();
    const [a] = await network.startAll("a", "b");
    assert.ok(a);
    const reading = collect(a.node.query("q", bytes(""), { timeoutMs: 60_000 }), []);
    await a.node.close();
    await reading;
  });
});

describe("the ring", () => {
  test("names the same owners at all members, spreads keys, and moves few when one leaves", async () => {
    const network = new Network();
    const members = await network.startAll("a", ...names(9));
    const keys = Array.from({ length: 2_000 }, (_, i) => `key-${i}`);
    const [a, b] = members;
    const last = members.at(-1);
    assert.ok(a && b && last);
    const ring = a.node.ring();
    const ownerOf = (key: string): string => ring.owners(key)[0]?.pkiId ?? "";
    const before = keys.map(ownerOf);
    assert.deepEqual(
      before,
      keys.map((key) => b.node.ring().owners(key, 3)[0]?.pkiId),
    );
    for (const { pkiId } of members) {
      const own = before.filter((owner) => owner === pkiId).length;
      assert.ok(own > 120 && own < 290, `${own} of 2000`);
    }
    const owners = ring.owners("k", 99).map(({ pkiId }) => pkiId);
    assert.equal(new Set(owners).size, 10);
    assert.deepEqual(ring.owners("k", 0), []);
    await last.node.close();
    await network.run(5_000);
    const moved = keys.filter((key, i) => ownerOf(key) !== before[i]);
    assert.equal(moved.length, before.filter((owner) => owner === last.pkiId).length);
  });

  test("and the leader refuse what names nobody", async () => {
    const [a] = await new Network().startAll("a");
    assert.ok(a);
    const { node } = a;
    const invalid = { name: "GossipError", code: "message-invalid" };
    for (const tags of [{ role: undefined }, { role: 1 }, "shop", ["shop"], null, { "": "x" }]) {
      assert.throws(() => node.ring(tags as never), invalid);
      assert.throws(() => node.leader(tags as never), invalid);
    }
    for (const count of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "2", null]) {
      assert.throws(() => node.ring().owners("k", count as never), invalid, String(count));
    }
    for (const key of [undefined, null, 7, { id: 7 }]) {
      assert.throws(() => node.ring().owners(key as never), invalid, String(key));
    }
    assert.equal(node.ring().owners("", 1_000_000).length, 1);
  });

  test("has only members with these tags", async () => {
    const network = new Network();
    const a = await network.start("a", { tags: { role: "shop" } });
    const b = await network.start("b", { tags: { role: "shop" } });
    await network.start("c", { tags: { role: "bill" } });
    await network.run(1_000);
    const owners = a.node
      .ring({ role: "shop" })
      .owners("k", 5)
      .map(({ pkiId }) => pkiId);
    assert.deepEqual(owners.toSorted(), [a.pkiId, b.pkiId].toSorted());
    b.node.setTags({});
    await network.run(100);
    assert.deepEqual(
      a.node
        .ring({ role: "shop" })
        .owners("k", 5)
        .map(({ pkiId }) => pkiId),
      [a.pkiId],
    );
    assert.deepEqual(a.node.ring({ role: "none" }).owners("k", 5), []);
  });
});

describe("the leader", () => {
  test("is the member that has run longest, for all; nobody who joins takes its place", async () => {
    const network = new Network();
    const members: Member[] = [];
    for (const name of ["a", "b", "c"]) {
      members.push(await network.start(name));
      await network.run(500);
    }
    const [a, b, c] = members;
    assert.ok(a && b && c);
    const leaders = (): (string | undefined)[] => members.map(({ node }) => node.leader()?.pkiId);
    assert.deepEqual(leaders(), [a.pkiId, a.pkiId, a.pkiId]);
    await a.node.close();
    await network.run(1_000);
    assert.deepEqual(leaders().slice(1), [b.pkiId, b.pkiId]);
    const again = await network.start("a");
    // The others try the dead again every 25 s.
    await network.run(40_000);
    assert.equal(again.node.leader()?.pkiId, b.pkiId);
    assert.equal(again.node.leader({ role: "shop" }), undefined);
  });
});

describe("services", () => {
  test("are those with a role, with the health that they tell; the dead are dead", async () => {
    const network = new Network();
    const a = await network.start("a", { tags: { role: "shop", http: "10.0.0.5:80" } });
    const b = await network.start("b", { tags: { role: "shop", health: "critical" } });
    const c = await network.start("c", { tags: { role: "bill", health: "?" } });
    const d = await network.start("d", { tags: { role: "bill" } });
    await network.start("e", { tags: { zone: "1" } });
    await network.run(1_000);
    await d.node.close();
    await network.run(2_000);
    const seen = a.node
      .services()
      .map(({ name, health, tags, member }) => [name, health, tags, member.pkiId]);
    assert.deepEqual(seen, [
      ["bill", "critical", {}, c.pkiId],
      ["bill", "dead", {}, d.pkiId],
      ["shop", "passing", { http: "10.0.0.5:80" }, a.pkiId],
      ["shop", "critical", {}, b.pkiId],
    ]);
    b.node.setTags({ role: "shop", health: "warning" });
    await network.run(100);
    assert.equal(a.node.services()[3]?.health, "warning");
  });
});
