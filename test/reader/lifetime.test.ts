/** `readChannel` used as programs do: several calls at once, signals, and a reader that is closed meanwhile. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type ChannelReader, readChannel } from "../../src/reader/read-channel.ts";
import type { FakePeer, PeerWish } from "./peer.ts";
import { CHANNEL, flagsOf, makeWorld, read } from "./world.ts";

const CLOSED = { name: "GossipError", code: "closed" };
/** Longer than any of these tests. */
const PATIENT_MS = 600_000;
/** Ends waits in vain. */
const LIMIT = { timeout: 120_000 };

interface Scene {
  readonly reader: ChannelReader;
  readonly peer: FakePeer;
}

async function open(t: TestContext, wish: Partial<PeerWish> = {}): Promise<Scene> {
  const world = await makeWorld(t, 20);
  const peer = await world.peer(world.org1, 0, wish);
  const [user] = world.org1.organisation.users;
  assert.ok(user);
  const reader = await readChannel({
    ...{ channel: CHANNEL, mspId: world.org1.mspId, peers: [peer.endpoint], env: {} },
    ...{ tlsCa: [peer.tlsCaFile], cert: user.certFile, key: user.keyFile },
    ...{ tlsCert: user.tlsCertFile, tlsKey: user.tlsKeyFile, answerTimeoutMs: PATIENT_MS },
  });
  t.after(() => reader.close());
  return { reader, peer };
}

async function numbersOf(blocks: ReturnType<ChannelReader["blocks"]>): Promise<bigint[]> {
  const numbers: bigint[] = [];
  for await (const { block } of blocks) numbers.push(block.number);
  return numbers;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(5);
}

test("calls at the same time share one stream, as a peer keeps one for each certificate", async (t) => {
  let streams = 0;
  const refuse = (): undefined => void streams++;
  const { reader } = await open(t, { refuse });
  await Promise.all([reader.heights(), reader.configuration(), numbersOf(reader.blocks())]);
  assert.equal(streams, 1);
});

test("no block comes after the signal, although more were received", async (t) => {
  const { reader, peer } = await open(t);
  const stop = new AbortController();
  const numbers: bigint[] = [];
  for await (const { block } of reader.blocks({ from: 0n, follow: true, signal: stop.signal })) {
    numbers.push(block.number);
    if (numbers.length === 3) stop.abort();
  }
  assert.deepEqual(numbers, [0n, 1n, 2n]);
  assert.ok(
    peer.requests.some(({ first, last = 0n }) => first !== undefined && first <= 2n && last > 2n),
  );
  assert.deepEqual(await numbersOf(reader.blocks({ signal: AbortSignal.abort() })), []);
});

test(
  "a signal, return() and close() end what waits for a silent peer at once",
  LIMIT,
  async (t) => {
    const { reader, peer } = await open(t, { answer: () => [] });
    const stop = new AbortController();
    const aborted = numbersOf(reader.blocks({ follow: true, signal: stop.signal }));
    const left = reader.blocks({ follow: true })[Symbol.asyncIterator]();
    const leaving = left.next();
    const waiting = numbersOf(reader.blocks({ follow: true }));
    const heights = reader.heights();
    const refused = assert.rejects(heights, CLOSED);
    await until(() => peer.requests.length > 0);
    stop.abort();
    assert.deepEqual(await aborted, []);
    await left.return?.();
    assert.deepEqual(await leaving, { done: true, value: undefined });
    await reader.close();
    assert.deepEqual(await waiting, []);
    await refused;
  },
);

test("a closed reader ends what follows blocks, and says that it was closed", LIMIT, async (t) => {
  const { reader, peer } = await open(t);
  const following = numbersOf(reader.blocks({ from: 20n, follow: true }));
  await until(() => peer.requests.some(({ first }) => first === 20n));
  await Promise.all([reader.close(), reader.close()]);
  await following;
  const asked = peer.requests.length;
  for (const call of ["heights", "chaincodes", "configuration"] as const) {
    await assert.rejects(reader[call](), CLOSED, call);
  }
  assert.throws(() => reader.blocks(), CLOSED);
  assert.equal(peer.requests.length, asked);
});

test("one peer under two addresses is read through one stream, and said to be named twice", async (t) => {
  const world = await makeWorld(t, 3);
  const peer = await world.peer(world.org1, 0);
  const other = peer.endpoint.replace("127.0.0.1", "localhost");
  const flags = flagsOf(world.org1, { ...peer, endpoint: other }, peer);
  const { code, stdout, stderr } = await read(t, "heights", flags);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^note: (\S+) is the same peer as (?!\1)\S+: name it once\.\n$/);
  assert.equal(stdout.match(/^peer0\.org1/gm)?.length, 1);
});
