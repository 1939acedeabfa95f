/** `blocks` against chains that are sound, spoilt, forked, and peers that go. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseBlock } from "../../src/channel/rules/read-block.ts";
import { BLOCK, METADATA } from "../../src/wire/block-messages.ts";
import { decode } from "../../src/wire/decode.ts";
import { encode } from "../../src/wire/encode.ts";
import { launch, temporaryFolder, until } from "../cli/program.ts";
import { type Chain, makeConfig } from "./chain.ts";
import { CHANNEL, flagsOf, makeChain, makeWorld, ordererOf, read, type World } from "./world.ts";

/** Genesis, transactions, a configuration that trusts other orderers, transactions. */
async function makeLongChain(world: World): Promise<Chain> {
  const { org1, org2, orderer, chain } = world;
  const config = await makeConfig({
    parties: [{ ...org1, anchors: [["127.0.0.1", 7051]] }, org2],
    orderer,
  });
  chain.addConfig(config, 1n);
  chain.addTransactions(20);
  return chain;
}

const linesOf = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text));

test("the whole chain is verified, configurations on the way applied, files as peer channel fetch writes them", async (t) => {
  const world = await makeWorld(t);
  const chain = await makeLongChain(world);
  const own = await world.peer(world.org1, 0, { delayMs: 1 });
  const out = await temporaryFolder(t);
  const flags = [...flagsOf(world.org1, own), "--from", "0", "--json", "--out", out];
  const { code, stdout, stderr } = await read(t, "blocks", flags);
  assert.equal(code, 0, stderr);
  const found = linesOf(stdout);
  assert.deepEqual(
    found.map(({ number }) => number),
    chain.blocks.map((_, i) => String(i)),
  );
  const [first, second] = found;
  assert.deepEqual([first.kind, first.signedBy, first.isConfig], ["genesis", [], true]);
  assert.equal(second.previousHash, first.hash);
  assert.match(second.signedBy[0].subject, /^CN=peer0\.orderer/);
  assert.equal(second.signedBy[0].mspId, "OrdererMSP");
  assert.deepEqual([found[5].kind, found[6].lastConfig], ["config", "5"]);
  assert.equal((await readdir(out)).length, chain.blocks.length);
  for (const [i, block] of chain.blocks.entries()) {
    assert.deepEqual(await readFile(join(out, `${CHANNEL}_${i}.block`)), Buffer.from(block));
  }
  const ranges = own.requests.filter(({ type }) => type === "state-request");
  assert.ok(
    ranges.every(({ first = 0n, last = 0n }) => last - first <= 10n && last < chain.height),
  );
  assert.ok(own.requests.every(({ isConcurrent }) => !isConcurrent));
});

test("without numbers the last ten are shown, with --from and --to those", async (t) => {
  const world = await makeWorld(t, 20);
  const own = await world.peer(world.org1, 0);
  const all = await read(t, "blocks", flagsOf(world.org1, own));
  assert.match(all.stdout, /^NUMBER +TIME +TXS +SIZE +HASH +KIND +SIGNED BY, AGREED BY$/m);
  assert.equal(all.stdout.trim().split("\n").length, 11);
  const part = await read(t, "blocks", [...flagsOf(world.org1, own), "--from", "3", "--to", "5"]);
  assert.match(part.stdout, /^3 .*\n4 .*\n5 .*agreed by Org1MSP$/m);
  const above = await read(t, "blocks", [...flagsOf(world.org1, own), "--from", "99"]);
  assert.equal(above.code, 1);
  assert.match(above.stderr, /There is no block 99 yet, the height is 21/);
  const word = await read(t, "blocks", [...flagsOf(world.org1, own), "--from", "x"]);
  assert.deepEqual([word.code, /--from x is no number/.test(word.stderr)], [2, true]);
});

/** One bit of a block changed, by what it changes. */
const BITS: Readonly<Record<string, (block: Uint8Array) => Uint8Array>> = {
  "previous hash": (bytes) => change(bytes, ({ header }) => flip(header?.previousHash)),
  "data hash": (bytes) => change(bytes, ({ header }) => flip(header?.dataHash)),
  transaction: (bytes) => change(bytes, ({ data }) => flip(data?.data[0], -3)),
  signature: (bytes) =>
    changeSignatures(bytes, ({ signatures: [first] }) => flip(first?.signature, -1)),
  "signature header": (bytes) =>
    changeSignatures(bytes, ({ signatures: [first] }) => flip(first?.signatureHeader, -1)),
  "signed metadata": (bytes) => changeSignatures(bytes, ({ value }) => flip(value, -1)),
};

function flip(bytes: Uint8Array | undefined, at = 0): void {
  const index = at < 0 ? (bytes?.length ?? 0) + at : at;
  if (bytes === undefined || bytes.length <= index) throw new Error("nothing to flip");
  bytes[index] = (bytes[index] ?? 0) ^ 1;
}

type Decoded = Extract<ReturnType<typeof decode<typeof BLOCK>>, { ok: true }>["value"];

/** Views of a copy: what is flipped in them is flipped in the block. */
function change(bytes: Uint8Array, spoil: (block: Decoded) => void): Uint8Array {
  const copy = new Uint8Array(bytes);
  const decoded = decode(BLOCK, copy);
  assert.ok(decoded.ok);
  spoil(decoded.value);
  return copy;
}

function changeSignatures(
  bytes: Uint8Array,
  spoil: (
    metadata: Extract<ReturnType<typeof decode<typeof METADATA>>, { ok: true }>["value"],
  ) => void,
): Uint8Array {
  return change(bytes, ({ metadata }) => {
    const signatures = decode(METADATA, metadata?.metadata[0] ?? new Uint8Array(0));
    assert.ok(signatures.ok);
    spoil(signatures.value);
  });
}

for (const [what, spoil] of Object.entries(BITS)) {
  test(`a block with one bit of its ${what} changed is refused`, async (t) => {
    const world = await makeWorld(t, 6);
    const { chain, org1 } = world;
    const liar = await world.peer(org1, 0);
    const spoilt = Object.assign(Object.create(Object.getPrototypeOf(chain)), chain) as Chain;
    Object.assign(spoilt, {
      blocks: chain.blocks.map((block, i) => (i === 3 ? spoil(block) : block)),
    });
    Object.defineProperty(spoilt, "height", { value: chain.height });
    liar.set({ chain: spoilt });
    const { code, stdout, stderr } = await read(t, "blocks", [
      ...flagsOf(org1, liar),
      "--from",
      "0",
      "--json",
    ]);
    assert.equal(code, 1);
    assert.deepEqual(
      linesOf(stdout).map(({ number }) => number),
      ["0", "1", "2"],
    );
    assert.match(stderr, /block 3: /);
    assert.match(stderr, /No peer gives a block 3 that verifies/);
    // Another peer that has it is asked, and the first one is named.
    const honest = await world.peer(org1, 1);
    const both = await read(t, "blocks", [...flagsOf(org1, liar, honest), "--from", "0", "--json"]);
    assert.equal(both.code, 0, both.stderr);
    assert.equal(linesOf(both.stdout).length, 7);
  });
}

test("validation codes and commit hashes are compared between organisations", async (t) => {
  const world = await makeWorld(t, 3);
  const { org1, org2, chain } = world;
  const own = await world.peer(org1, 0);
  const foreign = await world.peer(org2, 0);
  const flags = [...flagsOf(org1, own, foreign), "--tls-ca", foreign.tlsCaFile];
  const agreed = await read(t, "blocks", [...flags, "--from", "1", "--json"]);
  assert.equal(agreed.code, 0, agreed.stderr);
  assert.deepEqual(linesOf(agreed.stdout)[0].agreement, {
    agreedBy: ["Org1MSP", "Org2MSP"],
    conflicts: [],
  });
  const decoded = decode(BLOCK, chain.blocks[2] ?? new Uint8Array(0));
  assert.ok(decoded.ok);
  const metadata = [...(decoded.value.metadata?.metadata ?? [])];
  metadata[2] = Uint8Array.of(11);
  metadata[4] = encode(METADATA, { value: new Uint8Array(32) });
  const { header, data } = decoded.value;
  const blocks = [...chain.blocks];
  blocks[2] = encode(BLOCK, {
    ...(header ? { header } : {}),
    ...(data ? { data: { data: data.data } } : {}),
    metadata: { metadata },
  });
  const other = await makeChain(world);
  other.blocks.splice(0, other.blocks.length, ...blocks);
  foreign.set({ chain: other });
  const conflict = await read(t, "blocks", [...flags, "--from", "1"]);
  assert.equal(conflict.code, 1);
  assert.match(conflict.stdout, /^2 .*CONFLICT$/m);
  assert.match(conflict.stdout, /^3 .*agreed by Org1MSP, Org2MSP$/m);
  assert.match(
    conflict.stderr,
    /differ in the validation code of transaction 0 of block 2: (11, 0|0, 11)/,
  );
});

test("a fork that the orderers signed is a conflict", async (t) => {
  const world = await makeWorld(t, 3);
  const { org1, orderer, chain } = world;
  const own = await world.peer(org1, 0);
  const second = await world.peer(org1, 1);
  const other = await makeChain(world);
  other.blocks.splice(0, other.blocks.length, ...chain.blocks.slice(0, 3));
  // Block 3 once more, with the same predecessor and other transactions.
  const third = parseBlock(chain.blocks[3] ?? new Uint8Array(0));
  assert.ok(third.ok);
  const { previousHash } = third.value.header;
  other.add({ number: 3n, previousHash, signers: [await ordererOf(orderer)] });
  second.set({ chain: other });
  const { code, stderr } = await read(t, "blocks", [...flagsOf(org1, own, second), "--from", "0"]);
  assert.equal(code, 1);
  assert.match(stderr, /another block 3, signed by orderers as well: the chain is forked/);
});

test("what is trusted is held against what comes", async (t) => {
  const world = await makeWorld(t);
  const chain = await makeLongChain(world);
  const { org1, folder } = world;
  const own = await world.peer(org1, 0);
  const genesis = join(folder, "genesis.block");
  await writeFile(genesis, chain.blocks[0] ?? "");
  const sound = await read(t, "blocks", [...flagsOf(org1, own), "--trust", genesis, "--from", "8"]);
  assert.equal(sound.code, 0, sound.stderr);
  assert.doesNotMatch(sound.stderr, /is the word of/);
  // Another channel of the same name: its first block is not the one we trust.
  const impostor = await makeChain(world);
  impostor.addTransactions(10);
  const { stderr, code } = await read(t, "blocks", [
    ...flagsOf(org1, await world.peer(org1, 1, { chain: impostor })),
    ...["--trust", genesis, "--from", "0"],
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /is not the one that is trusted|does not follow|not proven/);
});

test("--follow goes on with new blocks, and with the next peer when one is lost", async (t) => {
  const world = await makeWorld(t, 2);
  const { org1, chain } = world;
  const first = await world.peer(org1, 0);
  const second = await world.peer(org1, 1);
  const args = [
    "blocks",
    CHANNEL,
    ...flagsOf(org1, first, second),
    "--from",
    "0",
    "--follow",
    "--json",
  ];
  const running = launch(t, args);
  const count = () =>
    running
      .output()
      .split("\n")
      .filter((text) => text.startsWith("{")).length;
  await until("the blocks there are", () => count() === 3);
  chain.addTransactions(2);
  await until("new blocks", () => count() === 5);
  await first.close();
  chain.addTransactions(3);
  await until("blocks of the other peer", () => count() === 8);
  second.cut();
  chain.addTransactions(1);
  await until("blocks after a lost connection", () => count() === 9);
  running.child.kill("SIGINT");
  const { code, stdout, stderr } = await running.finished;
  assert.equal(code, 0);
  assert.deepEqual(
    linesOf(stdout).map(({ number }) => number),
    [..."012345678"],
  );
  const asked = second.requests.filter(({ type }) => type === "state-request");
  assert.ok(asked.every(({ last = 0n }) => last < chain.height));
  const told = stderr.split("\n").filter((line) => line.includes(first.endpoint));
  assert.ok(told.length > 0, "the loss of a peer is told");
  assert.equal(new Set(told).size, told.length, "once");
});

test("a peer that allows fewer blocks in one request is asked for fewer", async (t) => {
  const world = await makeWorld(t, 12);
  const own = await world.peer(world.org1, 0, { batchSize: 4n });
  const { code, stdout, stderr } = await read(t, "blocks", [
    ...flagsOf(world.org1, own),
    "--from",
    "0",
    "--json",
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(linesOf(stdout).length, 13);
});
