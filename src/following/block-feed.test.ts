/** Blocks of a channel as a program reads them: by number, over restarts, until it has enough. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import { channelHeaderOf, parseBlockInTurns } from "../channel/rules/read-block.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { BlockFeed } from "./block-feed.ts";
import { BlockStore } from "./store/block-store.ts";
import { makeTestChain, makeTestPeer, type TestChain } from "./testing-chain.ts";
import { makeTrust, type Trust } from "./trust.ts";

const host = createChannelHost();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function trustOf(bytes: Uint8Array | undefined): Trust {
  const made = atOnce(makeTrust(host, bytes ?? new Uint8Array(0), "of a test"));
  assert.ok(made.ok);
  return made.value;
}

function begin(chain: TestChain, store: BlockStore | undefined) {
  const clock = createVirtualClock();
  const numbers: bigint[] = [];
  const told: string[] = [];
  const feed = new BlockFeed({
    channel: "ch1",
    ...{ host, clock, store },
    events: {
      block: ({ block }) => numbers.push(block.number),
      configured: (_before, { configuration }) => told.push(`configured ${configuration.sequence}`),
      forked: () => assert.fail("a fork"),
      rejected: () => assert.fail("a rejected block"),
      problem: (sentence) => assert.equal(sentence, undefined),
      ended: () => assert.fail(),
    },
  });
  const peer = makeTestPeer(clock, "a", chain.blocks);
  const until = async (height: bigint): Promise<void> => {
    feed.heard(peer, BigInt(chain.blocks.length));
    while ((feed.height ?? 0n) < height) {
      clock.advance(5);
      await turn();
    }
  };
  return { feed, numbers, told, peer, until };
}

const range = (from: number, to: number): readonly bigint[] =>
  Array.from({ length: to - from }, (_, i) => BigInt(from + i));

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "feed-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function take(feed: BlockFeed, from: bigint | undefined, count: number): Promise<bigint[]> {
  const found: bigint[] = [];
  for await (const { block } of feed.blocks(from)) {
    found.push(block.number);
    if (found.length === count) break;
  }
  return found;
}

test("kept blocks go on in the next life: no gap, no event twice, told as they were", async (t) => {
  const folder = await folderOf(t);
  const chain = makeTestChain();
  chain.addTransactions(10);
  chain.addConfig(1n);
  chain.addTransactions(10);
  const first = begin(chain, await BlockStore.open(folder, 0));
  assert.equal(await first.feed.kept(undefined), undefined);
  await first.feed.start(trustOf(chain.blocks[0]), 0n);
  await first.until(22n);
  assert.deepEqual([first.numbers, first.told], [range(0, 22), ["configured 1"]]);
  const [before] = await first.feed.read(7n, 1);
  await first.feed.stop();
  chain.addTransactions(10);
  const second = begin(chain, await BlockStore.open(folder, 0));
  const kept = await second.feed.kept(trustOf(chain.blocks[0]));
  assert.equal(kept?.configuration.sequence, 1n, "the configuration moved with the blocks");
  await second.feed.start(kept, 0n);
  const reading = take(second.feed, 5n, 27);
  await second.until(32n);
  assert.deepEqual(second.numbers, range(22, 32));
  assert.deepEqual(await reading, range(5, 32));
  assert.deepEqual(await second.feed.read(7n, 1), [before]);
  const [block] = await second.feed.read(7n, 1);
  assert.deepEqual([block?.block.from, block?.block.signedBy[0]?.mspId], ["a", "OrdererMSP"]);
  // Another channel of that name.
  const impostor = makeTestChain(5);
  await assert.rejects(
    second.feed.kept(trustOf(impostor.blocks[0])),
    /blocks of another channel ch1/,
  );
  await second.feed.stop();
});

test("a transaction is found in the blocks that are remembered, as in those that are kept", async (t) => {
  const chain = makeTestChain();
  chain.addTransactions(120);
  const stores = [undefined, await BlockStore.open(await folderOf(t), 0)];
  for (const store of stores) {
    const { feed, until } = begin(chain, store);
    await feed.start(trustOf(chain.blocks[0]), 0n);
    await until(121n);
    assert.deepEqual(await feed.findTransaction(idIn(chain.blocks[100])), {
      number: 100n,
      index: 0,
    });
    const old = await feed.findTransaction(idIn(chain.blocks[3]));
    assert.deepEqual(old, store && { number: 3n, index: 0 }, "the last hundred are remembered");
    assert.equal(await feed.findTransaction(""), undefined);
    assert.equal(await feed.findTransaction("00"), undefined);
    await feed.stop();
  }
});

function idIn(bytes: Uint8Array | undefined): string {
  const block = atOnce(parseBlockInTurns(bytes ?? new Uint8Array(0)));
  const [transaction] = block.ok ? block.value.transactions : [];
  const { txId } = (transaction && channelHeaderOf(transaction)) ?? {};
  assert.ok(txId);
  return txId;
}

test("an only configuration is kept with the first block", async (t) => {
  const folder = await folderOf(t);
  const chain = makeTestChain();
  const { feed, until } = begin(chain, await BlockStore.open(folder, 0));
  await feed.start(trustOf(chain.blocks[0]), 0n);
  await until(1n);
  await feed.stop();
  const { feed: again } = begin(chain, await BlockStore.open(folder, 0));
  assert.equal((await again.kept(undefined))?.configuration.sequence, 0n);
  await again.stop();
});

test("a program that reads ends with its signal or with the node, and is told what is too old", async () => {
  const chain = makeTestChain();
  chain.addTransactions(130);
  const { feed, until } = begin(chain, undefined);
  const waiting = take(feed, undefined, 1);
  await feed.start(trustOf(chain.blocks[0]), 0n);
  await until(131n);
  assert.equal((await waiting).length, 1);
  await assert.rejects(
    take(feed, 3n, 1),
    /Block 3 of ch1 is not kept, the oldest is 31: set blocks: keep/,
  );
  assert.deepEqual(await take(feed, 125n, 6), range(125, 131));
  const abort = new AbortController();
  const iterator = feed.blocks(undefined, abort.signal);
  const next = iterator.next();
  abort.abort();
  assert.deepEqual(await next, { done: true, value: undefined });
  const last = feed.blocks(131n).next();
  await feed.stop();
  assert.deepEqual(await last, { done: true, value: undefined });
});
