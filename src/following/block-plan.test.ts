/** Whom the plan asks for what, whatever peers there are and whatever they do. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BlockPlan, type PlannedAsk } from "./block-plan.ts";

const KB = 1_024;
const told = (asks: readonly PlannedAsk[]) =>
  asks.map(({ peer, range }) => `${peer} ${range.from}-${range.to}`);

/** Gives an answer to a request in full. */
function answer(plan: BlockPlan, { peer, range }: PlannedAsk, bytes = 15 * KB): void {
  const numbers: bigint[] = [];
  for (let number = range.from; number <= range.to; number++) numbers.push(number);
  plan.answered(peer, numbers, numbers.length * bytes);
  for (const number of numbers) plan.receive(number, bytes);
}

/** Peers that have answered once, so that ranges may be long. */
function planOf(heights: Readonly<Record<string, bigint>>): BlockPlan {
  const plan = new BlockPlan(0n);
  for (const [i, id] of Object.keys(heights).entries()) {
    plan.heard(id, BigInt(i) + 1n);
    for (const ask of plan.ask(0)) answer(plan, ask);
    plan.take(15 * KB);
  }
  for (const [id, height] of Object.entries(heights)) plan.heard(id, height);
  return plan;
}

test("a block that holds makes up for one fault; a request that was not made is none", () => {
  const plan = planOf({ a: 5n });
  plan.ask(0);
  plan.unasked("a", 0);
  assert.deepEqual([plan.ask(1_999), told(plan.ask(2_000))], [[], ["a 1-4"]]);
  plan.lied("a", 2_000);
  assert.equal(plan.wakesAtMs(2_000), 62_000);
  plan.answered("a", [1n], KB);
  plan.receive(1n, KB);
  plan.take(KB, "a");
  // As after a first fault: without the block that held it would be two minutes.
  plan.lied("a", 62_000);
  assert.equal(plan.wakesAtMs(62_000), 122_000);
});

describe("what is asked", () => {
  test("a stranger is asked for one block, then for eleven; never past its height", () => {
    const plan = new BlockPlan(3n);
    plan.heard("a", 20n);
    const [first] = plan.ask(0);
    assert.deepEqual(told(first ? [first] : []), ["a 3-3"]);
    assert.deepEqual(plan.ask(0), [], "one request in flight");
    if (first) answer(plan, first);
    const [second] = plan.ask(0);
    assert.deepEqual(told(second ? [second] : []), ["a 4-14"]);
    if (second) answer(plan, second);
    assert.deepEqual(told(plan.ask(0)), ["a 15-19"]);
  });

  test("several peers are asked at once for ranges that follow each other", () => {
    const plan = planOf({ a: 100n, b: 100n, c: 100n });
    assert.equal(plan.heightMax, 100n);
    const asks = told(plan.ask(0));
    assert.deepEqual(asks, ["a 3-13", "b 14-24", "c 25-35"]);
  });

  test("large blocks are asked for one by one, and no more than fit wait", () => {
    const plan = new BlockPlan(0n);
    for (const id of ["a", "b", "c"]) plan.heard(id, 100n);
    const [first] = plan.ask(0);
    if (first) answer(plan, first, 16_000 * KB);
    const asks = plan.ask(0);
    // The first one is always asked for.
    assert.deepEqual(told(asks), []);
    plan.take(16_000 * KB);
    assert.deepEqual(told(plan.ask(0)), ["b 1-1"]);
    assert.deepEqual(told(plan.ask(0, 64_000 * KB)), [], "others wait for the disk");
  });
});

describe("peers at fault", () => {
  test("after silence half as many are asked for; after silence on one block it rests", () => {
    const plan = planOf({ a: 100n });
    assert.deepEqual(told(plan.ask(0)), ["a 1-11"]);
    for (const range of ["a 1-5", "a 1-2", "a 1-1"]) {
      plan.silent("a", 0);
      assert.deepEqual(told(plan.ask(0)), [range]);
    }
    plan.silent("a", 0);
    assert.deepEqual(told(plan.ask(1_000)), []);
    assert.equal(plan.wakesAtMs(0), 2_000);
  });

  test("a stranger that is silent rests longer with each time", () => {
    const plan = new BlockPlan(1n);
    plan.heard("a", 100n);
    assert.deepEqual(told(plan.ask(0)), ["a 1-1"]);
    plan.silent("a", 0);
    assert.deepEqual(told(plan.ask(59_000)), []);
    assert.equal(plan.wakesAtMs(0), 60_000);
    assert.deepEqual(told(plan.ask(60_000)), ["a 1-1"]);
    plan.silent("a", 60_000);
    assert.equal(plan.wakesAtMs(60_000), 180_000, "twice as long");
    plan.forgive();
    assert.deepEqual(told(plan.ask(61_000)), ["a 1-1"]);
  });

  test("all that have served are late at once: they are asked again soon", () => {
    const plan = planOf({ a: 3n, b: 3n });
    for (const [who, ms] of [
      ["a", 0],
      ["b", 3_000],
    ] as const) {
      assert.deepEqual(told(plan.ask(ms)), [`${who} 2-2`]);
      plan.silent(who, ms + 3_000);
    }
    assert.deepEqual(told(plan.ask(7_000)), ["a 2-2"]);
    plan.silent("a", 10_000);
    assert.deepEqual(told(plan.ask(10_000)), ["b 2-2"], "whoever is late more often comes last");
  });

  test("silence, or a request that was not made, does not shorten the rest of a liar", () => {
    for (const outcome of ["silent", "unasked"] as const) {
      const plan = planOf({ a: 3n });
      assert.deepEqual(told(plan.ask(0)), ["a 1-2"]);
      plan.silent("a", 0);
      assert.deepEqual(told(plan.ask(0)), ["a 1-1"]);
      plan.lied("a", 0);
      plan[outcome]("a", 3_000);
      assert.equal(plan.wakesAtMs(3_000), 60_000, outcome);
    }
  });

  test("whoever lied is asked last, if nobody else has the block", () => {
    const plan = planOf({ a: 100n, b: 50n });
    plan.lied("a", 0);
    assert.deepEqual(told(plan.ask(3_600_000)), ["b 2-12"], "a waits though it could be asked");
    const [next] = [plan.ask(3_600_000)];
    assert.deepEqual(next, []);
    plan.gone("b");
    assert.deepEqual(told(plan.ask(3_600_000)), ["a 2-2"]);
  });

  test("a peer that was started from a snapshot is not asked for what it lacks", () => {
    const plan = planOf({ a: 100n, b: 100n });
    const [first] = plan.ask(0);
    assert.deepEqual(told(first ? [first] : []), ["a 2-12"]);
    plan.answered("a", [7n, 8n], 2 * KB);
    const asks = told(plan.ask(0));
    assert.ok(!asks.some((ask) => /^a [2-6]-/.test(ask)), asks.join());
  });
});

interface Peer {
  readonly height: number;
  readonly silent: number;
  readonly lies: number;
  readonly lacks: number;
  readonly batch: number;
}

const HONEST: Peer = { height: 50, silent: 0, lies: 0, lacks: 0, batch: 11 };

/** Peers that answer a plan, lie to it or leave it waiting, as the dice fall. */
class Play {
  readonly plan = new BlockPlan(0n);
  readonly #peers: readonly Peer[];
  readonly #dice: readonly number[];
  readonly #flying = new Map<string, PlannedAsk>();
  readonly #have = new Map<bigint, string>();
  #rolls = 0;
  #nowMs = 0;
  next = 0n;

  constructor(peers: readonly Peer[], dice: readonly number[]) {
    this.#peers = peers;
    this.#dice = dice;
    for (const [i, { height }] of peers.entries()) this.plan.heard(`${i}`, BigInt(height));
  }

  step(): void {
    for (const ask of this.plan.ask(this.#nowMs)) this.#check(ask);
    const [ask] = [...this.#flying.values()].slice(this.#roll() % Math.max(1, this.#flying.size));
    this.#nowMs += ask === undefined ? 60_000 : 10;
    if (ask === undefined) return;
    this.#flying.delete(ask.peer);
    this.#answer(ask, this.#peer(ask.peer));
  }

  #check(ask: PlannedAsk): void {
    const { from, to } = ask.range;
    assert.ok(!this.#flying.has(ask.peer), "one in flight");
    assert.ok(from >= this.next && from <= to && to < BigInt(this.#peer(ask.peer).height));
    assert.ok(to - from <= 10n);
    this.#flying.set(ask.peer, ask);
    assert.ok(this.#flying.size <= 4);
  }

  #answer({ peer, range: { from, to } }: PlannedAsk, { silent, lacks, batch }: Peer): void {
    if (this.#roll() < silent || to - from >= BigInt(batch)) {
      this.plan.silent(peer, this.#nowMs);
      return;
    }
    const numbers = Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i));
    const given = numbers.filter((number) => number >= BigInt(lacks));
    this.plan.answered(peer, given, given.length * KB);
    for (const number of given) if (this.plan.receive(number, KB)) this.#have.set(number, peer);
    this.#verify();
  }

  #verify(): void {
    for (let giver = this.#have.get(this.next); giver; giver = this.#have.get(this.next)) {
      this.#have.delete(this.next);
      if (this.#roll() < this.#peer(giver).lies) {
        this.plan.discard(this.next, KB);
        this.plan.lied(giver, this.#nowMs);
        continue;
      }
      this.plan.take(KB);
      this.next++;
    }
  }

  #peer = (id: string): Peer => this.#peers[Number(id)] ?? HONEST;
  #roll = (): number => this.#dice[this.#rolls++ % this.#dice.length] ?? 0;
}

test("whatever peers do: everything is asked for, within heights and bounds, one request each", () => {
  const percent = fc.integer({ min: 0, max: 100 });
  const peer = fc.record({
    ...{ silent: percent, lies: percent },
    height: fc.integer({ min: 0, max: 60 }),
    lacks: fc.integer({ min: 0, max: 20 }),
    batch: fc.integer({ min: 1, max: 11 }),
  });
  const dice = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 20, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(peer, { minLength: 1, maxLength: 6 }), dice, (peers, rolls) => {
      const play = new Play([HONEST, ...peers], rolls);
      for (let i = 0; i < 5_000 && play.next < 50n; i++) play.step();
      assert.ok(play.next >= 50n, `reached ${play.next}`);
    }),
    { numRuns: 60 },
  );
});
