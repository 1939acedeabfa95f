/** One peer can cost us so much and no more, and the others do not notice. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { charge, isSpent } from "../../lib/rate-limit.ts";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf, unsigned } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";
import { DEFAULT_CORE_LIMITS } from "../types/options.ts";
import { heartbeatFault } from "./check.ts";
import { createRateLimits } from "./state.ts";

test("no limit is ever used up by an honest peer that tells us of 1,000 members", () => {
  const { checks, news } = createRateLimits(DEFAULT_CORE_LIMITS);
  // At first a list of everybody, the identities of all, and the heartbeats of the first second.
  charge(checks, "a", 1_000 + 1_000 + 200, { elapsedMs: 0 });
  for (let ms = 0; ms < 600_000; ms += 100) {
    charge(checks, "a", 40, { elapsedMs: ms }); // 400 a second, as if nothing came from anybody else.
    if (ms % 5_000 === 0) charge(news, "b", 1, { elapsedMs: ms });
    assert.equal(
      isSpent(checks, "a", { elapsedMs: ms }) || isSpent(news, "b", { elapsedMs: ms }),
      false,
    );
  }
});

test("an author is charged for heartbeats only if they come faster than it may send them", () => {
  const world = createWorld(1);
  const node = world.add("n");
  const [relay, author] = [testIdentity("A", "relay"), testIdentity("A", "author")];
  for (const identity of [relay, author]) world.meet(node, identity);
  world.give(node, { type: "message", from: relay.pkiId, bytes: aliveOf(author) });
  const { core } = node;
  const member = core.members.table.get(author.pkiId) ?? assert.fail("the author is no member");
  const { burst, debts, perSecond } = core.rateLimits.news;
  const sendEvery = (ms: number, times: number): unknown[] =>
    Array.from({ length: times }, () => {
      const heardMs = core.now.elapsedMs;
      core.now = { elapsedMs: heardMs + ms, wallMs: core.now.wallMs + ms };
      return heartbeatFault(
        core,
        author,
        member.alive.envelope,
        { ...member, heardMs },
        relay.pkiId,
      );
    });
  debts.clear();
  assert.deepEqual(new Set(sendEvery(1_000 / perSecond, 1_000)), new Set([undefined]));
  assert.equal(debts.size, 0);
  const faults = sendEvery(500 / perSecond, 2 * burst + 100);
  assert.ok(faults.slice(0, 2 * burst - 10).every((fault) => fault === undefined));
  assert.ok(faults.slice(-10).includes("news-budget"), String(faults.slice(-10)));
});

describe("a peer that asks too much of us", () => {
  const hostile = testIdentity("A", "hostile");
  const honest = testIdentity("A", "honest");
  const author = testIdentity("A", "author");
  const junk = new Uint8Array([1, 2, 3]);

  function setUp(): { world: World; node: TestNode } {
    const world = createWorld(1);
    const node = world.add("n");
    for (const identity of [hostile, honest, author]) world.meet(node, identity);
    return { world, node };
  }

  /** What came of each message, by reason. */
  function give(
    world: World,
    node: TestNode,
    from: Identity,
    count: number,
    make: (index: number) => Uint8Array,
  ): Record<string, number> {
    node.drops.length = 0;
    for (let i = 0; i < count; i++) {
      world.give(node, { type: "message", from: from.pkiId, bytes: make(i) });
    }
    const counts: Record<string, number> = {};
    for (const code of node.drops) counts[code] = (counts[code] ?? 0) + 1;
    return counts;
  }

  const forged = (index: number) =>
    aliveOf(author, { seqNum: BigInt(index + 10), signature: junk });

  test("forging: so many signatures are checked, then none for a while", () => {
    const { world, node } = setUp();
    assert.deepEqual(give(world, node, hostile, 2_500, forged), {
      "signature-invalid": 2_000,
      "check-budget": 500,
    });
    world.run(1_000);
    assert.deepEqual(give(world, node, hostile, 500, forged), {
      "signature-invalid": 200,
      "check-budget": 300,
    });
  });

  test("forging in our own name costs it the same", () => {
    const { world, node } = setUp();
    const ours = (index: number) =>
      aliveOf(node.identity, { incNum: 2n ** 63n, seqNum: BigInt(index), signature: junk });
    const counts = give(world, node, hostile, 2_500, ours);
    assert.deepEqual(counts, { "signature-invalid": 2_000, "check-budget": 500 });
  });

  test("forging silences neither the author nor others that pass his news on", () => {
    const { world, node } = setUp();
    give(world, node, hostile, 5_000, forged);
    assert.deepEqual(
      give(world, node, honest, 1, () => aliveOf(author, { seqNum: 5n })),
      {},
    );
    assert.equal(node.core.members.table.get(author.pkiId)?.time.seqNum, 5n);
  });

  test("news of its own: so many are believed, whoever passes them on", () => {
    const { world, node } = setUp();
    const news = (index: number) => aliveOf(hostile, { seqNum: BigInt(index + 1) });
    assert.deepEqual(give(world, node, hostile, 600, news), { "news-budget": 100 });
    const more = give(world, node, honest, 5, (index) => news(1_000 + index));
    assert.deepEqual(more, { "news-budget": 5 });
    assert.deepEqual(
      give(world, node, honest, 1, () => aliveOf(author)),
      {},
    );
  });

  test("a list of forgeries is not worked through to its end", () => {
    const { world, node } = setUp();
    const alive = Array.from({ length: 5_000 }, (_, index) => forged(index));
    const list = unsigned({ type: "membership-response", value: { alive, dead: [] } });
    give(world, node, hostile, 1, () => list);
    world.run(1_000);
    const checked = node.drops.filter((code) => code === "signature-invalid").length;
    assert.ok(checked < 2_300, `${checked} were checked`);
    assert.ok(node.drops.includes("check-budget"));
  });

  test("questions: so many are answered, and others are answered still", () => {
    const { world, node } = setUp();
    for (let i = 0; i < 1_000; i++) {
      const member = testIdentity("A", `m${i}`);
      world.give(node, {
        type: "message",
        from: member.pkiId,
        bytes: aliveOf(member, { identity: true }),
      });
    }
    const ask = (who: Identity) => () =>
      unsigned({
        type: "membership-request",
        value: { selfInformation: aliveOf(who, { seqNum: 2n }) },
      });
    world.run(100);
    const refused = give(world, node, hostile, 50, ask(hostile))["answer-budget"] ?? 0;
    assert.ok(refused > 30 && refused < 40, `${refused} were refused`);
    assert.deepEqual(give(world, node, honest, 1, ask(honest)), {});
    world.run(1_000);
    assert.deepEqual(give(world, node, hostile, 1, ask(hostile)), {});
  });
});
