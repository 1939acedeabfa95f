/** One peer can cost us so much and no more, and the others do not notice. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePkiId } from "../rules/messages.ts";
import { createWorld, type TestNode, testIdentity, type World } from "../testing.ts";
import { aliveOf, unsigned } from "../testing-messages.ts";
import type { Identity, PkiId } from "../types/host.ts";
import { DEFAULT_CORE_LIMITS } from "../types/options.ts";
import { type Budget, charge, createBudget, createBudgets, isSpent } from "./rate-limit.ts";

const at = (elapsedMs: number) => ({ elapsedMs, wallMs: 0 });

function peer(index: number): PkiId {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, index);
  const pkiId = parsePkiId(bytes);
  assert.ok(pkiId);
  return pkiId;
}

describe("a budget", () => {
  const [a, b] = [peer(1), peer(2)];

  test("is full at first, spent when so much is gone, and refilled by time", () => {
    const budget = createBudget(10, 2);
    charge(budget, a, 19, at(0));
    assert.equal(isSpent(budget, a, at(0)), false);
    charge(budget, a, 2, at(0));
    assert.equal(isSpent(budget, a, at(0)), true);
    assert.equal(isSpent(budget, a, at(99)), true);
    assert.equal(isSpent(budget, a, at(101)), false);
  });

  test("is each peer's own", () => {
    const budget = createBudget(10, 2);
    charge(budget, a, 100, at(0));
    assert.deepEqual([isSpent(budget, a, at(0)), isSpent(budget, b, at(0))], [true, false]);
  });

  test("lets what is dearer than the rest be done, and paid off afterwards", () => {
    const budget = createBudget(10, 2);
    charge(budget, a, 50, at(0));
    assert.deepEqual(
      [2_999, 3_001].map((ms) => isSpent(budget, a, at(ms))),
      [true, false],
    );
  });

  test("remembers so many peers; beyond, the one that began to owe first is forgiven", () => {
    const budget = createBudget(1, 1);
    for (let i = 0; i < 10_001; i++) charge(budget, peer(i), 10, at(0));
    assert.equal(budget.debts.size, 10_000);
    assert.deepEqual(
      [0, 1, 10_000].map((i) => isSpent(budget, peer(i), at(0))),
      [false, true, true],
    );
  });

  test("does not remember those who have paid off what they owed", () => {
    const budget = createBudget(10, 2);
    for (let i = 0; i < 5_000; i++) charge(budget, peer(i), 1, at(i * 1_000));
    assert.ok(budget.debts.size <= 64, `${budget.debts.size} are remembered`);
  });

  test("does what a naive bucket does", () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(3_000), cost: fc.nat(40) }));
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (list, perSecond) => {
        const budget: Budget = createBudget(perSecond, 2);
        let [nowMs, tokens] = [0, perSecond * 2];
        for (const { waitMs, cost } of list) {
          nowMs += waitMs;
          tokens = Math.min(perSecond * 2, tokens + (waitMs / 1_000) * perSecond) - cost;
          charge(budget, a, cost, at(nowMs));
          if (Math.abs(tokens) > 1e-6) assert.equal(isSpent(budget, a, at(nowMs)), tokens < 0);
        }
      }),
    );
  });

  test("is never used up by an honest peer that tells us of 1,000 members", () => {
    const { checks, news } = createBudgets(DEFAULT_CORE_LIMITS);
    // At first a list of everybody, the identities of all, and the heartbeats of the first second.
    charge(checks, a, 1_000 + 1_000 + 200, at(0));
    for (let ms = 0; ms < 600_000; ms += 100) {
      charge(checks, a, 40, at(ms)); // 400 a second, as if nothing came from anybody else.
      if (ms % 5_000 === 0) charge(news, b, 1, at(ms));
      assert.equal(isSpent(checks, a, at(ms)) || isSpent(news, b, at(ms)), false);
    }
  });
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
    for (let i = 0; i < 2_000; i++) {
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
    assert.ok(refused > 40, `${refused} were refused`);
    assert.deepEqual(give(world, node, honest, 1, ask(honest)), {});
    world.run(1_000);
    assert.deepEqual(give(world, node, hostile, 1, ask(hostile)), {});
  });
});
