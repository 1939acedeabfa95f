/** A follower among peers that are honest, slow, silent, lying or on another chain. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import { capabilities } from "../channel-maker/config-draft.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { Follower, type FollowerOptions } from "./follower.ts";
import { BlockStore } from "./store/block-store.ts";
import type { KeptBlocks } from "./store/kept-blocks.ts";
import { makeTestChain, makeTestPeer, type TestChain } from "./testing-chain.ts";
import { makeTrust, type Trust } from "./trust.ts";

const host = createChannelHost();

function trustOf(bytes: Uint8Array | undefined): Trust {
  const made = atOnce(makeTrust(host, bytes ?? new Uint8Array(0), "of a test"));
  assert.ok(made.ok);
  return made.value;
}

function start(chain: TestChain, changes: Partial<FollowerOptions> = {}) {
  const clock = createVirtualClock();
  const told: string[] = [];
  const numbers: bigint[] = [];
  const follower = new Follower({
    host,
    clock,
    trust: trustOf(chain.blocks[0]),
    next: 0n,
    previousHash: undefined,
    store: undefined,
    events: {
      block({ verified }) {
        numbers.push(verified.block.header.number);
        return undefined;
      },
      configured: (before, after) =>
        told.push(`configured ${before.configuration.sequence}-${after.configuration.sequence}`),
      forked: (number, from) => told.push(`forked ${number} ${from.name}`),
      rejected: (peer, number, code) => told.push(`rejected ${peer.name} ${number} ${code}`),
      problem: (sentence) => {
        if (sentence !== undefined) told.push(sentence);
      },
      ended: (reason) => told.push(`ended: ${reason}`),
    },
    ...changes,
  });
  const peer = (name: string, blocks = chain.blocks) => makeTestPeer(clock, name, blocks);
  const run = async (ms: number, stepMs = 5): Promise<void> => {
    for (const end = clock.now().elapsedMs + ms; clock.now().elapsedMs < end; ) {
      clock.advance(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, follower, told, numbers, peer, run };
}

const upTo = (height: number): readonly bigint[] =>
  Array.from({ length: height }, (_, i) => BigInt(i));

/** Genesis, transactions, another configuration, transactions. */
function longChain(): TestChain {
  const chain = makeTestChain();
  chain.addTransactions(30);
  chain.addConfig(1n);
  chain.addTransactions(29);
  return chain;
}

test("catches up from several peers at once, in order, over a configuration", async () => {
  const chain = longChain();
  const { follower, told, numbers, peer, run } = start(chain);
  const peers = ["a", "b", "c"].map((name) => peer(name));
  for (const one of peers) follower.heard(one, 61n);
  await run(500);
  assert.deepEqual(numbers, upTo(61));
  assert.deepEqual(told, ["configured 0-1"]);
  assert.ok(peers.every(({ asked }) => asked.length > 1 && asked.every(({ to }) => to < 61n)));
  const total = peers
    .flatMap(({ asked }) => asked)
    .reduce((sum, { from, to }) => sum + Number(to - from) + 1, 0);
  assert.equal(total, 61, "no block is asked for twice");
  // New blocks as soon as somebody has them.
  chain.addTransactions(2);
  const [first] = peers;
  if (first) follower.heard(first, 63n);
  await run(50);
  assert.equal(follower.next, 63n);
  follower.stop();
});

test("silent and lying peers cost a little time, and are asked last", async () => {
  const chain = longChain();
  const { follower, told, numbers, peer, run } = start(chain);
  const [silent, liar, gaps, honest] = ["silent", "liar", "gaps", "honest"].map((name) =>
    peer(name),
  );
  assert.ok(silent && liar && gaps && honest);
  silent.habit = { isSilent: true };
  const spoil = (bytes: Uint8Array): Uint8Array => {
    const copy = new Uint8Array(bytes);
    copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
    return copy;
  };
  liar.habit = { give: (number, bytes) => (number % 5n === 3n ? spoil(bytes) : bytes) };
  gaps.habit = { give: (number, bytes) => (number < 40n ? undefined : bytes) };
  for (const one of [silent, liar, gaps, honest]) follower.heard(one, 61n);
  await run(8_000);
  assert.deepEqual(numbers, upTo(61));
  assert.match(told.join(), /rejected liar \d+ block-/);
  assert.equal(silent.asked.length, 1, "silence is not asked again");
  const asked = liar.asked.length;
  await run(600_000, 5_000);
  assert.equal(liar.asked.length, asked, "nothing more of the liar");
  follower.stop();
});

test("a block of the wrong number, of another channel or none is the giver's fault", async () => {
  const chain = makeTestChain();
  chain.addTransactions(8);
  const alien = makeTestChain(1);
  alien.addTransactions(8);
  const gifts: readonly ((number: bigint) => Uint8Array | undefined)[] = [
    () => new Uint8Array(0),
    () => Buffer.from("rubbish"),
    (number) => chain.blocks[Number(number) - 1],
    (number) => alien.blocks[Number(number)],
    () => new Uint8Array(100_000),
  ];
  for (const give of gifts) {
    const { follower, told, numbers, peer, run } = start(chain);
    const liar = peer("liar");
    liar.habit = { give: (number, bytes) => (number > 3n ? give(number) : bytes) };
    follower.heard(liar, 9n);
    await run(100);
    assert.deepEqual(numbers, upTo(4));
    assert.match(told.join(), /rejected liar 4 block-/);
    follower.heard(peer("honest"), 9n);
    await run(100);
    assert.deepEqual(numbers, upTo(9));
    follower.stop();
  }
});

test("two chains that orderers have signed are a fork, wherever it is seen", async () => {
  const chain = makeTestChain();
  chain.addTransactions(10);
  const { follower, told, numbers, peer, run } = start(chain);
  // Another block 5 of the same orderer: a liar's, and what follows it.
  const fork = makeTestChain(7);
  fork.blocks.splice(0, 1, ...chain.blocks.slice(0, 5));
  const second = chain.maker.make({ number: 5n, previousHash: new Uint8Array(32).fill(9) });
  fork.blocks[5] = second.bytes;
  const forker = peer("forker", fork.blocks);
  follower.heard(forker, 6n);
  await run(100);
  assert.deepEqual(numbers, upTo(5));
  assert.deepEqual(told, ["forked 5 forker", "rejected forker 5 block-previous-hash"]);
  const honest = peer("honest");
  follower.heard(honest, 11n);
  await run(100);
  assert.deepEqual(numbers, upTo(11));
  // Pushed later: of a number that we have.
  follower.pushed(honest, { number: 5n, bytes: second.bytes });
  follower.pushed(honest, { number: 5n, bytes: chain.blocks[5] ?? second.bytes });
  follower.pushed(honest, { number: 5n, bytes: Buffer.from("rubbish") });
  await run(20);
  assert.deepEqual(told.slice(2), ["forked 5 honest"]);
  follower.stop();
});

test("pushed blocks are used, and not asked for", async () => {
  const chain = makeTestChain();
  chain.addTransactions(5);
  const { follower, numbers, peer, run } = start(chain);
  const one = peer("a");
  for (const [i, bytes] of chain.blocks.entries()) {
    follower.pushed(one, { number: BigInt(5 - i), bytes: chain.blocks[5 - i] ?? bytes });
  }
  await run(20);
  follower.heard(one, 6n);
  await run(20);
  assert.deepEqual([numbers, one.asked], [upTo(6), []]);
  follower.stop();
});

test("an unknown capability ends following with a sentence; the first block must be the trusted one", async () => {
  const chain = makeTestChain();
  chain.addTransactions(2);
  chain.addDraft(1n, ({ values }) => {
    values["Capabilities"] = capabilities("V9_9");
  });
  chain.addTransactions(3);
  const { follower, told, numbers, peer, run } = start(chain);
  const one = peer("a");
  follower.heard(one, 7n);
  await run(200);
  assert.deepEqual(numbers, upTo(3));
  assert.match(told[0] ?? "", /^Block 3 cannot be followed: its configuration: .*V9_9/);
  assert.match(told[1] ?? "", /^ended: block 3: its configuration: .*V9_9/);
  const other = start(makeTestChain(3));
  other.follower.heard(other.peer("b", chain.blocks), 3n);
  await other.run(100);
  assert.deepEqual([other.numbers, other.told], [[], ["rejected b 0 block-policy"]]);
});

async function storeOf(t: TestContext): Promise<BlockStore> {
  const folder = await mkdtemp(join(tmpdir(), "follower-"));
  const store = await BlockStore.open(folder, 0);
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  return store;
}

test("what is kept is told after it is on the disk, and is where the next life goes on", async (t) => {
  const chain = longChain();
  const store = await storeOf(t);
  const { follower, numbers, peer, run, told } = start(chain, {
    store,
    events: {
      block({ verified }) {
        assert.ok((store.height ?? 0n) > verified.block.header.number, "kept before it is told");
        numbers.push(verified.block.header.number);
        return undefined;
      },
      configured: () => told.push("configured"),
      forked: () => assert.fail(),
      rejected: () => assert.fail(),
      problem: (sentence) => assert.equal(sentence, undefined),
      ended: () => assert.fail(),
    },
  });
  follower.heard(peer("a"), 61n);
  while (numbers.length < 61) await run(50);
  assert.deepEqual([numbers, told], [upTo(61), ["configured"]]);
  follower.stop();
  const configuration = trustOf(await store.configuration());
  assert.deepEqual(
    [store.first, store.height, configuration.configuration.sequence],
    [0n, 61n, 1n],
  );
});

test("why blocks cannot be written can be asked, and they are told once they are", async () => {
  let isFull = true;
  let height: bigint | undefined;
  const store: KeptBlocks = {
    ...{ folder: "memory", note: undefined, first: 0n },
    get height() {
      return height;
    },
    append: async (blocks) => {
      if (isFull) throw new Error("database or disk is full");
      height = (blocks.at(-1)?.number ?? 0n) + 1n;
    },
    read: async () => [],
    readNoted: async () => [],
    findTransaction: async () => undefined,
    configuration: async () => undefined,
    close: async () => {},
  };
  const { follower, numbers, peer, run } = start(longChain(), { store });
  assert.equal(follower.unkept, undefined);
  follower.heard(peer("a"), 61n);
  await run(1_000);
  assert.deepEqual([follower.unkept, numbers], ["database or disk is full", []]);
  isFull = false;
  await run(6_000, 20);
  assert.deepEqual([follower.unkept, numbers], [undefined, upTo(61)]);
  follower.stop();
});
