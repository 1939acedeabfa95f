/** Which copies of a block are compared, and when. In virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import { parseBlockInTurns } from "../channel/rules/read-block.ts";
import { factsOfBlock } from "../following/block-facts.ts";
import type { BlockPeer } from "../following/block-peer.ts";
import { makeTestChain, makeTestPeer } from "../following/testing-chain.ts";
import { makeTrust } from "../following/trust.ts";
import type { ReadBlock } from "../following/views.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { CopyComparison } from "./copy-comparison.ts";

const host = createChannelHost();
const INTERVAL_MS = 10_000;

function setUp() {
  const clock = createVirtualClock();
  const chain = makeTestChain();
  chain.addTransactions(9);
  const trust = atOnce(makeTrust(host, chain.blocks[0] ?? new Uint8Array(0), "of a test"));
  assert.ok(trust.ok);
  const told: string[] = [];
  const comparison = new CopyComparison({
    ...{ host, clock, intervalMs: INTERVAL_MS },
    agreed: (one, other) => told.push(`${one.name} and ${other.name} agree`),
    differed: ({ kind, number, peer }) => told.push(`${peer.name}: ${kind} at ${number}`),
  });
  const read = (number: number, from: BlockPeer): ReadBlock => {
    const block = atOnce(parseBlockInTurns(chain.blocks[number] ?? new Uint8Array(0)));
    assert.ok(block.ok);
    const verified = { block: block.value, hash: new Uint8Array(32), signers: [], isConfig: false };
    const agreement = { agreedBy: [], conflicts: [] };
    const about = { channel: "ch1", endpoint: from.name, agreement, receivedAtMs: 0 };
    return factsOfBlock(verified, about);
  };
  const [a, b, c] = ["a", "b", "c"].map((name) => makeTestPeer(clock, name, chain.blocks));
  assert.ok(a && b && c);
  /** Lets answers come: they take 5 ms, and some turns of the loop. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const at = (...heights: readonly bigint[]) =>
    [a, b, c].flatMap((peer, i) =>
      heights[i] === undefined ? [] : [{ peer, height: heights[i] }],
    );
  return { clock, comparison, told, settle, at, read, trust: trust.value, a, b, c };
}

const withOtherResults = (_number: bigint, bytes: Uint8Array): Uint8Array => {
  const copy = new Uint8Array(bytes);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
};

test("a member that publishes the height later is compared then, whatever comes after the block", async () => {
  const { clock, comparison, told, settle, at, read, trust, a, b } = setUp();
  b.habit = { give: withOtherResults };
  comparison.verified(read(5, a), trust, at(6n, 5n));
  await settle();
  assert.deepEqual([told, b.asked], [[], []], "it has not published the block");
  clock.advance(2_000);
  comparison.verified(read(6, a), trust, at(7n, 5n));
  comparison.heard(at(7n, 7n));
  await settle();
  assert.deepEqual(b.asked, [{ from: 5n, to: 5n }]);
  assert.deepEqual(told, ["b: results at 5"]);
  comparison.heard(at(8n, 8n));
  await settle();
  assert.equal(b.asked.length, 1, "one comparison in an interval");
});

test("every member has its turn, also one that is always later than others", async () => {
  const { clock, comparison, told, settle, at, read, trust, a } = setUp();
  for (const number of [1, 2, 3, 4]) {
    const height = BigInt(number) + 1n;
    comparison.verified(read(number, a), trust, at(height, height - 1n, height - 1n));
    comparison.heard(at(height, height, height - 1n));
    await settle();
    comparison.heard(at(height, height, height));
    await settle();
    clock.advance(INTERVAL_MS);
  }
  const [withB, withC] = ["a and b agree", "a and c agree"];
  assert.deepEqual(told, [withB, withC, withB, withC]);
});

test("a member that stands still keeps no other from being compared", async () => {
  const { clock, comparison, told, settle, at, read, trust, a, b } = setUp();
  comparison.verified(read(5, a), trust, at(6n, 3n, 6n));
  await settle();
  assert.deepEqual(told, []);
  clock.advance(INTERVAL_MS);
  comparison.heard(at(6n, 3n, 6n));
  await settle();
  assert.deepEqual([told, b.asked], [["a and c agree"], []]);
});

test("blocks that are caught up with, and members that are alone, are not compared", async () => {
  const { comparison, told, settle, at, read, trust, a, b } = setUp();
  comparison.verified(read(5, a), trust, at(10n, 10n));
  comparison.heard(at(10n, 10n));
  comparison.verified(read(9, a), trust, at(10n));
  comparison.heard(at(10n));
  await settle();
  assert.deepEqual([told, b.asked], [[], []]);
});
