/** Readers, in this process, among peers that answer with whatever they like: each ends with a true sentence. */
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { parseBlock } from "../../src/channel/rules/read-block.ts";
import type { BlocksOptions } from "../../src/reader/blocks.ts";
import { readChannel } from "../../src/reader/read-channel.ts";
import { ReadError } from "../../src/reader/read-error.ts";
import { BLOCK, METADATA, ORDERER_BLOCK_METADATA } from "../../src/wire/block-messages.ts";
import { encode } from "../../src/wire/encode.ts";
import type { GossipMessage, GossipMessageInit } from "../../src/wire/messages.ts";
import { makeConfig } from "./chain.ts";
import { answer, type FakePeer } from "./peer.ts";
import { CHANNEL, makeChain, makeWorld, type World } from "./world.ts";

type Asked = Pick<FakePeer, "endpoint" | "tlsCaFile">;

/** Longer than an honest peer takes on a machine that is busy. */
const PATIENT_MS = 60_000;

async function open(world: World, peers: readonly Asked[], answerTimeoutMs = PATIENT_MS) {
  const [user] = world.org1.organisation.users;
  assert.ok(user);
  return readChannel({
    channel: CHANNEL,
    mspId: "Org1MSP",
    cert: user.certFile,
    key: user.keyFile,
    tlsCert: user.tlsCertFile,
    tlsKey: user.tlsKeyFile,
    tlsCa: [...new Set(peers.map(({ tlsCaFile }) => tlsCaFile))],
    peers: peers.map(({ endpoint }) => endpoint),
    env: {},
    answerTimeoutMs,
  });
}

/** The blocks that were read, everything that was said, and how it ended. */
async function readAll(world: World, peers: readonly FakePeer[], options: BlocksOptions = {}) {
  const reader = await open(world, peers);
  const said: string[] = [];
  const numbers: bigint[] = [];
  try {
    const note = (sentence: string): void => void said.push(sentence);
    for await (const { block } of reader.blocks({ from: 0n, note, ...options })) {
      numbers.push(block.number);
    }
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    said.push(...error.problems);
  } finally {
    await reader.close();
  }
  return { numbers, said: said.join("\n") };
}

/** Why heights cannot be had. */
async function whyNoHeights(world: World, peer: Asked, answerTimeoutMs = PATIENT_MS) {
  const reader = await open(world, [peer], answerTimeoutMs);
  try {
    return (await reader.heights()).notes.join("\n");
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    return error.problems.join("\n");
  } finally {
    await reader.close();
  }
}

type Payloads = readonly { readonly seqNum: bigint; readonly data: Uint8Array }[];
type Content = NonNullable<GossipMessageInit["content"]>;

/** Answers requests for blocks; from `first` on with something else. */
function giving(world: World, first: bigint, give: (number: bigint) => Payloads) {
  return ({ content, nonce }: GossipMessage): readonly Uint8Array[] | undefined => {
    if (content?.type !== "state-request") return undefined;
    const { startSeqNum, endSeqNum } = content.value;
    const payloads: { seqNum: bigint; data: Uint8Array }[] = [];
    for (let number = startSeqNum; number <= endSeqNum && number < world.chain.height; number++) {
      const data = world.chain.blocks[Number(number)] ?? new Uint8Array(0);
      payloads.push(...(number < first ? [{ seqNum: number, data }] : give(number)));
    }
    const response: Content = { type: "state-response", value: { payloads } };
    return [answer(CHANNEL, response, nonce)];
  };
}

const RUBBISH = new Uint8Array(16 * 1_048_576).fill(0xff);

const RUBBISH_BLOCK = (seqNum: bigint): Payloads => [{ seqNum, data: RUBBISH }];

/** What a peer gives for a block, and what is said of it. */
const GIFTS: Readonly<
  Record<string, readonly [(world: World) => (number: bigint) => Payloads, RegExp]>
> = {
  nothing: [() => () => [], /No peer gives a block 3 any more/],
  "16 MiB of rubbish": [() => RUBBISH_BLOCK, /block 3: it cannot be read/],
  "an empty block": [
    () => (seqNum) => [{ seqNum, data: new Uint8Array(0) }],
    /block 3: it cannot be read/,
  ],
  "the block before": [
    ({ chain }) =>
      (seqNum) => [{ seqNum, data: chain.blocks[Number(seqNum) - 1] ?? RUBBISH }],
    /block 3: its header has another number/,
  ],
  "block 0 under a hundred numbers": [
    ({ chain }) =>
      (number) =>
        Array.from({ length: 100 }, (_, i) => ({
          seqNum: number + BigInt(i),
          data: chain.blocks[0] ?? RUBBISH,
        })),
    /block 3: its header has another number/,
  ],
  "a number that nobody asked for": [
    ({ chain }) =>
      () => [{ seqNum: 2n ** 64n - 1n, data: chain.blocks[4] ?? RUBBISH }],
    /No peer gives a block 3 any more/,
  ],
  "the signatures of another block": [
    ({ chain }) =>
      (seqNum) => [{ seqNum, data: withMetadata(chain, seqNum, chain.blocks[2]) }],
    /block 3: those who signed it do not satisfy the policy BlockValidation/,
  ],
  "a block without metadata": [
    ({ chain }) =>
      (seqNum) => [{ seqNum, data: withMetadata(chain, seqNum, undefined) }],
    /block 3: it cannot be read, or lacks a part/,
  ],
};

test("a peer that gives the first three blocks, and then something else", async (t) => {
  const world = await makeWorld(t, 6);
  const liar = await world.peer(world.org1, 0);
  const honest = await world.peer(world.org1, 1);
  for (const [what, [giveOf, sentence]] of Object.entries(GIFTS)) {
    await t.test(what, async () => {
      const give = giveOf(world);
      liar.set({ height: 7n, answer: giving(world, 3n, give) });
      const both = await readAll(world, [liar, honest]);
      assert.deepEqual(both.numbers, [0n, 1n, 2n, 3n, 4n, 5n, 6n], both.said);
      // Alone, it must show its newest block once: nobody begins without it.
      liar.requests.splice(0);
      const once = (number: bigint) => (isFirst(liar) ? good(world, number) : give(number));
      liar.set({ height: 4n, answer: giving(world, 3n, once) });
      const { numbers, said } = await readAll(world, [liar]);
      assert.deepEqual(numbers, [0n, 1n, 2n], said);
      assert.match(said, sentence);
    });
  }
});

const good = ({ chain }: World, number: bigint): Payloads => [
  { seqNum: number, data: chain.blocks[Number(number)] ?? RUBBISH },
];

/** Whether it was asked for blocks once. */
const isFirst = ({ requests }: FakePeer): boolean =>
  requests.filter(({ type }) => type === "state-request").length === 1;

function withMetadata(
  { blocks }: World["chain"],
  number: bigint,
  other: Uint8Array | undefined,
): Uint8Array {
  const block = parseBlock(blocks[Number(number)] ?? RUBBISH);
  const from = other && parseBlock(other);
  assert.ok(block.ok);
  const { header, transactions } = block.value;
  const metadata = from?.ok ? [...from.value.metadata] : [];
  return encode(BLOCK, { header, data: { data: [...transactions] }, metadata: { metadata } });
}

describe("where the configuration comes from", { concurrency: true }, () => {
  const named = (index: bigint): Uint8Array =>
    encode(METADATA, { value: encode(ORDERER_BLOCK_METADATA, { lastConfig: { index } }) });

  for (const index of [4n, 1_000n, 2n ** 64n - 1n]) {
    test(`a newest block that names configuration block ${index} is no start`, async (t) => {
      const world = await makeWorld(t, 4);
      const newest = parseBlock(world.chain.blocks[4] ?? RUBBISH);
      assert.ok(newest.ok);
      const { header, transactions } = newest.value;
      const data = encode(BLOCK, {
        header,
        data: { data: [...transactions] },
        metadata: { metadata: [named(index)] },
      });
      const liar = await world.peer(world.org1, 0, {
        answer: giving(world, 4n, (seqNum) => [{ seqNum, data }]),
      });
      assert.match(await whyNoHeights(world, liar), /names no configuration block/);
    });
  }

  test("two peers of our organisation with other configurations are named", async (t) => {
    const world = await makeWorld(t, 4);
    const other = await makeChain(world);
    other.addTransactions(4);
    const [one, two] = [
      await world.peer(world.org1, 0),
      await world.peer(world.org1, 1, { chain: other }),
    ];
    const reader = await open(world, [one, two]);
    const { notes } = await reader.heights();
    await reader.close();
    assert.match(notes.join("\n"), /has another configuration block 0 than taken from/);
  });

  test("a configuration whose sequence does not follow cannot be followed", async (t) => {
    const world = await makeWorld(t, 2);
    const { org1, org2, orderer, chain } = world;
    chain.addConfig(await makeConfig({ parties: [org1, org2], orderer }), 7n);
    chain.addTransactions(1);
    const { numbers, said } = await readAll(world, [await world.peer(org1, 0)]);
    assert.deepEqual(numbers, [0n, 1n, 2n]);
    assert.match(said, /Block 3 cannot be followed: its configuration: .*sequence/i);
  });
});

describe("a peer that does not come to the point", { concurrency: true }, () => {
  test("messages without end that answer nothing", async (t) => {
    const world = await makeWorld(t, 2);
    const chatter = answer(
      CHANNEL,
      {
        type: "state-response",
        value: { payloads: [{ seqNum: 1n, data: RUBBISH.subarray(0, 100_000) }] },
      },
      9n,
    );
    const liar = await world.peer(world.org1, 0, {
      answer: () => Array.from({ length: 500 }, () => chatter),
    });
    assert.match(
      await whyNoHeights(world, liar, 1_000),
      /did not answer: check the name of the channel/,
    );
  });

  test("answers that drip byte by byte", async (t) => {
    const world = await makeWorld(t, 2);
    const peer = await world.peer(world.org1, 0, {
      answer: ({ content }) =>
        content?.type === "state-info-pull-request" ? [RUBBISH.subarray(0, 65_000)] : undefined,
    });
    const endpoint = await drip(t, peer.endpoint);
    const why = await whyNoHeights(world, { endpoint, tlsCaFile: peer.tlsCaFile }, 1_000);
    assert.match(why, /did not answer: check the name of the channel/);
  });

  test("a stream that ends in the middle of a chain, and comes back", async (t) => {
    const world = await makeWorld(t, 40);
    const peer = await world.peer(world.org1, 0);
    let requests = 0;
    peer.set({
      answer({ content }) {
        if (content?.type === "state-request" && ++requests === 4) peer.cut();
        return undefined;
      },
    });
    const abort = new AbortController();
    const numbers: bigint[] = [];
    const reader = await open(world, [peer]);
    for await (const { block } of reader.blocks({ from: 0n, follow: true, signal: abort.signal })) {
      numbers.push(block.number);
      if (block.number === 40n) abort.abort();
    }
    await reader.close();
    assert.deepEqual(
      numbers,
      Array.from({ length: 41 }, (_, i) => BigInt(i)),
    );
  });
});

test("our user's mistakes are told before anybody is dialled", async (t) => {
  const { org1 } = await makeWorld(t, 0);
  const [user] = org1.organisation.users;
  assert.ok(user);
  const { certFile: cert, keyFile: key, tlsCaFile } = user;
  const options = { channel: CHANNEL, mspId: "Org1MSP", cert, key, env: {} };
  const peers = ["127.0.0.1:9"]; // Nobody is there.
  await assert.rejects(readChannel({ ...options, peers, tlsCa: [key] }), {
    code: "config-invalid",
    message: /--tls-ca .* cannot be used: its first PEM block \(PRIVATE KEY\) is not a certificate/,
  });
  const reader = await readChannel({ ...options, peers, tlsCa: [tlsCaFile] });
  const blocks = reader.blocks({ from: 5n, to: 3n });
  await assert.rejects(blocks[Symbol.asyncIterator]().next(), {
    code: "config-invalid",
    message: /The last block 3 comes before the first 5/,
  });
  await reader.close();
});

/** Passes on what the peer says: first as it comes, then ten bytes a second. */
async function drip(t: TestContext, endpoint: string): Promise<string> {
  const [, port] = endpoint.split(":");
  const server = createServer((client) => {
    const peer = connect(Number(port), "127.0.0.1");
    const end = (): void => {
      client.destroy();
      peer.destroy();
    };
    client.pipe(peer);
    let passed = 0;
    peer.on("data", (bytes: Buffer) => {
      passed += bytes.length;
      if (passed < 20_000) client.write(bytes);
      else client.write(bytes.subarray(0, 10));
    });
    for (const socket of [client, peer]) socket.on("error", end).on("close", end);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `127.0.0.1:${address.port}`;
}
