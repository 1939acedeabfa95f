/** Where a node begins to follow blocks, what it tells, and what it notices at other members. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import type { AskedPeer } from "../following/asked-peer.ts";
import { BlockStore } from "../following/store/block-store.ts";
import { makeTestChain } from "../following/testing-chain.ts";
import { makeTrust, type Trust } from "../following/trust.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import type { EventContent } from "../observe/events.ts";
import type { GossipMessage } from "../wire/messages.ts";
import { parsePkiId } from "../wire/received.ts";
import { ChannelBlocks } from "./channel-blocks.ts";

const host = createChannelHost();

function trustOf(bytes: Uint8Array | undefined): Trust {
  const made = atOnce(makeTrust(host, bytes ?? new Uint8Array(0), "of a test"));
  assert.ok(made.ok);
  return made.value;
}

/** A member that answers state requests over nothing. */
function memberOf(name: string, blocks: readonly Uint8Array[]): AskedPeer {
  const pkiId = parsePkiId(new Uint8Array(32).fill(name.charCodeAt(0)));
  assert.ok(pkiId);
  return {
    name,
    identity: { pkiId, mspId: "Org1MSP" } as AskedPeer["identity"],
    clock: createVirtualClock(),
    nonce: () => 7n,
    async ask(_kind, { channel = new Uint8Array(0), nonce = 0n, content }, match) {
      assert.equal(content?.type, "state-request");
      const { startSeqNum = 0n, endSeqNum = 0n } = content.value;
      const payloads = [];
      for (let number = startSeqNum; number <= endSeqNum; number++) {
        const data = blocks[Number(number)];
        if (data !== undefined) payloads.push({ seqNum: number, data, privateData: [] });
      }
      const answer = { nonce, channel, content: { type: "state-response", value: { payloads } } };
      const value = match(answer as unknown as GossipMessage);
      assert.ok(value !== undefined);
      return { ok: true, value };
    },
  };
}

async function setUp(
  t: TestContext,
  mode: "verify" | "keep",
  keepBlocks?: number,
  configBlock?: string,
) {
  const chain = makeTestChain();
  chain.addTransactions(10);
  chain.addConfig(1n);
  chain.addTransactions(10);
  const folder = await mkdtemp(join(tmpdir(), "channel-blocks-"));
  const clock = createVirtualClock();
  const lives: ChannelBlocks[] = [];
  t.after(async () => {
    await Promise.all(lives.map((one) => one.stop()));
    await rm(folder, { recursive: true, force: true });
  });
  const live = (role: "observer" | "listed" = "observer") => {
    const events: EventContent[] = [];
    const proven: bigint[] = [];
    const configured: bigint[] = [];
    const agreed: string[] = [];
    const gave: bigint[] = [];
    const blocks = new ChannelBlocks({
      channel: {
        ...{ name: "ch1", configBlock, role, blocks: mode, keepBlocks },
        lag: { blocks: 10, timeMs: 60_000 },
      },
      ...{ host, clock, stateInfoIntervalMs: 4_000 },
      openStore: mode === "keep" ? () => BlockStore.open(folder, keepBlocks ?? 0) : undefined,
      publish: (event) => events.push(event),
      trust: () => trustOf(chain.blocks[11]),
      configured: ({ configuration }) => configured.push(configuration.sequence),
      proven: (height) => proven.push(height),
      agreed: (pkiId) => agreed.push(pkiId),
      gave: (_pkiId, number) => gave.push(number),
      ended: (reason) => assert.fail(reason),
    });
    lives.push(blocks);
    const numbers = () => events.flatMap((one) => (one.type === "block" ? one.block.number : []));
    const until = async (isDone: () => boolean) => {
      while (!isDone()) {
        assert.ok(!t.signal.aborted, "the test took too long");
        clock.advance(50);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    return { blocks, events, proven, configured, numbers, until, gave };
  };
  return { chain, live, folder };
}

test("why what was kept cannot be opened can be asked", async (t) => {
  const { live, folder } = await setUp(t, "keep");
  await rm(folder, { recursive: true });
  await writeFile(folder, "no folder");
  const { blocks } = live();
  assert.equal(blocks.unkept, undefined);
  await assert.rejects(blocks.open(undefined));
  assert.match(blocks.unkept ?? "", / is a file$/);
});

const range = (from: number, to: number): readonly bigint[] =>
  Array.from({ length: to - from }, (_, i) => BigInt(from + i));

test("kept from the trusted block on; the next life goes on where this one ended", async (t) => {
  const { chain, live } = await setUp(t, "keep");
  const first = live();
  assert.equal(await first.blocks.open(undefined), undefined);
  const givers = [{ peer: memberOf("a", chain.blocks), height: 22n }];
  await first.blocks.begin(trustOf(chain.blocks[11]), 22n, givers, trustOf(chain.blocks[0]));
  first.blocks.heard(givers);
  await first.until(() => first.proven.at(-1) === 22n);
  assert.deepEqual([first.numbers(), first.configured], [range(0, 22), [1n]]);
  assert.ok(first.blocks.isUpTo(22n));
  assert.deepEqual([first.blocks.shelf?.height, first.blocks.isUnlisted], [22n, false]);
  await first.blocks.stop();
  const second = live();
  assert.equal((await second.blocks.open(trustOf(chain.blocks[0])))?.configuration.sequence, 1n);
  await second.blocks.begin(trustOf(chain.blocks[11]), 22n, []);
  chain.addTransactions(3);
  second.blocks.heard([{ peer: memberOf("b", chain.blocks), height: 25n }]);
  await second.until(() => second.numbers().length === 3);
  assert.deepEqual(second.numbers(), range(22, 25));
  const feed = await second.blocks.feed;
  assert.equal((await feed.read(3n, 30)).length, 22);
});

for (const configBlock of ["first.block", undefined]) {
  const where = configBlock ? "a recent configuration block that our user gave" : "the newest one";
  test(`only verified, blocks begin at ${where}`, async (t) => {
    const { chain, live } = await setUp(t, "verify", undefined, configBlock);
    const { blocks, numbers, until, configured } = live();
    await blocks.open(undefined);
    const givers = [{ peer: memberOf("a", chain.blocks), height: 22n }];
    await blocks.begin(trustOf(chain.blocks[11]), 22n, givers, trustOf(chain.blocks[0]));
    blocks.heard(givers);
    await until(() => numbers().at(-1) === 21n);
    const expected = configBlock ? [range(0, 22), [1n]] : [range(21, 22), []];
    assert.deepEqual([numbers(), configured], expected);
  });
}

test("with a bound keeping begins so many blocks before the end, under the configuration of then", async (t) => {
  const { chain, live } = await setUp(t, "keep", 15);
  const { blocks, numbers, until, configured } = live();
  await blocks.open(undefined);
  const givers = [{ peer: memberOf("a", chain.blocks), height: 22n }];
  await blocks.begin(trustOf(chain.blocks[11]), 22n, givers, trustOf(chain.blocks[0]));
  blocks.heard(givers);
  await until(() => numbers().length === 15);
  assert.deepEqual([numbers(), configured], [range(7, 22), [1n]]);
  assert.equal(blocks.shelf, undefined, "a height promises every block below it");
  assert.equal(blocks.isUnlisted, false, "an observer need not be");
  await blocks.stop();
  const listed = live("listed").blocks;
  assert.equal(listed.isUnlisted, false);
  await listed.open(undefined);
  assert.equal(listed.isUnlisted, true);
});

test("keeping begins under the configuration of then, whoever names an older one", async (t) => {
  const { chain, live } = await setUp(t, "keep", 5);
  const first = live();
  await first.blocks.open(undefined);
  const forged = [...chain.blocks];
  forged[16] = chain.maker.make({ number: 16n, lastConfig: 0n, signers: [] }).bytes;
  const givers = [memberOf("l", forged), memberOf("h", chain.blocks)].map((peer) => ({
    ...{ peer, height: 22n },
  }));
  await first.blocks.begin(trustOf(chain.blocks[11]), 22n, givers, trustOf(chain.blocks[0]));
  first.blocks.heard(givers);
  await first.until(() => first.numbers().length === 5);
  await first.blocks.stop();
  assert.equal((await live().blocks.open(undefined))?.configuration.sequence, 1n);
});

test("verified from the newest block on; forged blocks and members that differ are told", async (t) => {
  const { chain, live } = await setUp(t, "verify");
  const { blocks, numbers, until, events, gave } = live();
  await blocks.open(undefined);
  const trust = trustOf(chain.blocks[11]);
  const forged = [...chain.blocks];
  forged[21] = chain.maker.make({ number: 21n, signers: [] }).bytes;
  const liar = [{ peer: memberOf("l", forged), height: 22n }];
  await blocks.begin(trust, 22n, liar);
  blocks.heard(liar);
  await until(() => events.some(({ type }) => type === "block-rejected"));
  assert.deepEqual(numbers(), []);
  const honest = memberOf("h", chain.blocks);
  blocks.heard([{ peer: honest, height: 22n }]);
  await until(() => numbers().length === 1);
  assert.deepEqual([numbers(), gave], [[21n], [21n]]);
  // The same header with another commit hash: nobody signs it.
  const tip = chain.maker.tip;
  const next = chain.maker.make({ transactions: [chain.maker.transaction("same")] });
  assert.equal(next.header.number, tip.height);
  chain.blocks.push(next.bytes);
  const other = [...chain.blocks];
  other[22] = withCommitHash(next.bytes);
  blocks.heard([
    { peer: honest, height: 23n },
    { peer: memberOf("o", other), height: 23n },
  ]);
  await until(() => events.some(({ type }) => type === "block-conflict"));
  const conflict = events.find((one) => one.type === "block-conflict");
  assert.ok(conflict?.type === "block-conflict" && conflict.kind === "results");
  assert.match(conflict.reason, /differ in the commit hash of block 22/);
});

test("members that publish one after the other are compared, too", async (t) => {
  const { chain, live } = await setUp(t, "verify");
  const { blocks, numbers, until, events } = live();
  await blocks.open(undefined);
  const other = chain.blocks.map((bytes, i) => (i === 21 ? withCommitHash(bytes) : bytes));
  const [quick, slow] = [memberOf("q", chain.blocks), memberOf("s", other)];
  const behind = { peer: slow, height: 21n };
  await blocks.begin(trustOf(chain.blocks[11]), 22n, []);
  blocks.heard([{ peer: quick, height: 22n }, behind]);
  await until(() => numbers().length === 1);
  assert.ok(events.every(({ type }) => type === "block"));
  blocks.heard([
    { peer: quick, height: 22n },
    { peer: slow, height: 22n },
  ]);
  await until(() => events.some(({ type }) => type === "block-conflict"));
  const conflict = events.find((one) => one.type === "block-conflict");
  assert.equal(conflict?.type === "block-conflict" && conflict.number, 21n);
});

/** Changes the last byte of the metadata, which is the end of the commit hash. */
function withCommitHash(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}
