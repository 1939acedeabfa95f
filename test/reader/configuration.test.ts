/** `channel-config` and `chaincodes`: what they show, and when they end with 1. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { revokeCertificate } from "../../src/msp/generate-renew.ts";
import { readConfigurationFile } from "../../src/reader/read-channel.ts";
import { run } from "../cli/program.ts";
import { type ConfigWish, makeConfig } from "./chain.ts";
import { CHANNEL, flagsOf, makeChain, makeWorld, read } from "./world.ts";

test("channel-config shows who is on the channel, and what is wrong", async (t) => {
  const { org1, peer, chain, folder } = await makeWorld(t);
  const own = await peer(org1, 0);
  const out = join(folder, "config.block");
  const { code, stdout, stderr } = await read(t, "channel-config", [
    ...flagsOf(org1, own),
    "--out",
    out,
  ]);
  assert.equal(code, 1, stderr);
  assert.match(stdout, /^channel ch1, configuration 0 in block 0: taken from/);
  assert.match(
    stdout,
    /^Org1MSP\n {2}root CA: CN=ca\.org1\.example\.com.*, until \d{4}-\d\d-\d\d$/m,
  );
  assert.match(stdout, /^capabilities of the channel: V2_0$/m);
  assert.match(stdout, /^\/Channel\/Application\/Org2MSP\/Readers: 'Org2MSP.member'$/m);
  assert.match(stdout, /^orderers: etcdraft$/m);
  assert.match(stderr, /problem: Org1MSP has no anchor peer: /);
  assert.deepEqual(await readFile(out), Buffer.from(chain.blocks[0] ?? ""));
  const json = await run(t, ["channel-config", "--block", out, "--json"]);
  const view = JSON.parse(json.stdout);
  assert.deepEqual(
    [view.channel, view.sequence, view.orderers.type, view.capabilities.channel],
    ["ch1", "0", "etcdraft", ["V2_0"]],
  );
});

test("channel-config tells what has changed", async (t) => {
  const { org1, org2, org3, orderer, chain, folder } = await makeWorld(t);
  const [member] = org2.organisation.users;
  assert.ok(member);
  const [listFile = ""] = await revokeCertificate({
    organisationFolder: org2.organisation.folder,
    certFile: member.certFile,
    nowMs: Date.now(),
  });
  const change = async (wish: Partial<ConfigWish>): Promise<string> => {
    const base = { parties: [org1, org2], orderer };
    const file = join(folder, "new.block");
    const config = chain.configuration(await makeConfig({ ...base, ...wish }), 1n);
    await writeFile(file, chain.make({ transactions: [config] }).bytes);
    const diff = ["channel-config", "--block", file, "--diff", join(folder, "old.block")];
    return (await run(t, diff)).stdout;
  };
  await writeFile(join(folder, "old.block"), chain.blocks[0] ?? "");
  assert.match(await change({}), /^nothing has changed$/m);
  const joined = await change({ parties: [org1, org2, org3] });
  assert.match(joined, /^\+ organisation Org3MSP$/m);
  assert.match(joined, /^changed: \/Channel\/Application\/Org3MSP$/m);
  const anchored = await change({ parties: [{ ...org1, anchors: [["p0", 7051]] }, org2] });
  assert.match(anchored, /^\+ Org1MSP: anchor peer p0:7051$/m);
  const onIpv6 = await change({ parties: [{ ...org1, anchors: [["::1", 7051]] }, org2] });
  assert.match(onIpv6, /^\+ Org1MSP: anchor peer \[::1\]:7051$/m);
  const twice = await change({
    parties: [
      {
        ...org1,
        anchors: [
          ["p0", 7051],
          ["p0", 7051],
        ],
      },
      org2,
    ],
  });
  assert.match(twice, /^\+ Org1MSP: anchor peer p0:7051 \(2 times\)$/m);
  const revoked = await change({ revocationLists: { Org2MSP: [await readFile(listFile)] } });
  assert.match(revoked, /^\+ Org2MSP: certificate with serial number [0-9a-f]+ is revoked$/m);
  assert.match(
    await change({ capabilities: ["V2_0", "V3_0"] }),
    /^\+ capability V3_0 of the channel$/m,
  );
  assert.match(
    await change({ orderer: { ...org3, mspId: "OtherMSP" } }),
    /^\+ orderer organisation OtherMSP$/m,
  );
});

test("configurations of two channels are not compared", async (t) => {
  const { org1, org2, orderer, chain, folder, peer } = await makeWorld(t, 1);
  const other = await makeChain({ org1, org2, orderer }, "ch2");
  const [one, two] = [join(folder, "one.block"), join(folder, "two.block")];
  await writeFile(one, chain.blocks[0] ?? "");
  await writeFile(two, other.blocks[0] ?? "");
  const own = await peer(org1, 0);
  for (const args of [
    ["--block", one],
    [CHANNEL, ...flagsOf(org1, own)],
  ]) {
    const { code, stdout, stderr } = await run(t, ["channel-config", ...args, "--diff", two]);
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, /--diff .*two\.block is of channel ch2, not of ch1: give a block of that/);
  }
  const [before, after] = [await readConfigurationFile(two), await readConfigurationFile(one)];
  assert.throws(() => after.since(before), /two channels, ch2 and ch1, cannot be compared/);
});

test("a peer of an organisation that was added since the trusted block is believed", async (t) => {
  const { org1, org2, org3, orderer, chain, folder, peer } = await makeWorld(t);
  const genesis = join(folder, "genesis.block");
  await writeFile(genesis, chain.blocks[0] ?? "");
  chain.addConfig(await makeConfig({ parties: [org1, org2, org3], orderer }), 1n);
  const added = await peer(org3, 0);
  const from = [...flagsOf(org3, added), "--trust", genesis];
  const { code, stdout, stderr } = await read(t, "heights", [...from, "--json"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const { configSequence, members } = JSON.parse(stdout);
  assert.deepEqual([configSequence, members[0]?.mspId], ["1", "Org3MSP"]);
  const other = await makeChain({ org1, org2: org3, orderer: org2 });
  await writeFile(genesis, other.blocks[0] ?? "");
  const own = await peer(org2, 0);
  const refused = await read(t, "blocks", [...flagsOf(org2, own), "--trust", genesis]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is not believed: Org2MSP is no organisation of the channel\.$/m);
  assert.match(refused.stderr, /^error: The configuration from .*genesis\.block .* or none\.$/m);
});

test("a channel that was made anew does not follow from its former first block", async (t) => {
  const { org1, org2, orderer, chain, folder, peer } = await makeWorld(t, 0);
  const former = await makeChain({ org1, org2, orderer });
  const genesis = join(folder, "genesis.block");
  await writeFile(genesis, former.blocks[0] ?? "");
  assert.notDeepEqual(former.blocks[0], chain.blocks[0]);
  chain.addConfig(await makeConfig({ parties: [org1, org2], orderer }), 1n);
  const flags = [...flagsOf(org1, await peer(org1, 0)), "--trust", genesis];
  const { stderr } = await read(t, "heights", flags);
  assert.match(stderr, /configuration block 1: it does not follow the block before\.$/m);
});

test("an unknown capability is a problem, and nothing is verified under it", async (t) => {
  const { org1, org2, orderer, chain, peer } = await makeWorld(t);
  const own = await peer(org1, 0);
  const config = await makeConfig({ parties: [org1, org2], orderer, capabilities: ["V9_9"] });
  chain.addConfig(config, 1n);
  chain.addTransactions(1);
  const { code, stderr } = await read(t, "heights", flagsOf(org1, own));
  assert.equal(code, 1);
  assert.match(stderr, /capability V9_9 is of a later Fabric/);
});

test("wrong files and words of channel-config have their sentences", async (t) => {
  const { folder, chain, org1, peer } = await makeWorld(t, 1);
  const say = async (...args: string[]) => {
    const { code, stderr } = await run(t, ["channel-config", ...args]);
    assert.equal(code, 2, stderr);
    return stderr;
  };
  const file = join(folder, "1.block");
  await writeFile(file, chain.blocks[1] ?? "");
  assert.match(await say(), /Nothing says which configuration/);
  assert.match(await say("--block", file), /is no configuration block \(it holds transactions\)/);
  assert.match(await say("--block", join(folder, "none")), /does not exist: check the path/);
  const both = await say("--block", join(folder, "none"), "--out", folder);
  assert.match(both, /^error: --block .* does not exist: check the path\.$/m);
  assert.match(both, /^error: --out .* cannot be written \(it is a folder\): choose another\.$/m);
  const inNone = join(folder, "none", "out.block");
  const unasked = [
    CHANNEL,
    ...flagsOf(org1, { ...(await peer(org1, 0)), endpoint: "127.0.0.1:1" }),
  ];
  assert.match(
    await say(...unasked, "--out", inNone),
    /^error: --out .* cannot be written \(its folder does not exist\): choose another\.\n$/,
  );
  await writeFile(file, "");
  assert.match(await say("--block", file), /is no configuration block \(it is empty\): fetch one/);
  await writeFile(file, new Uint8Array(1_000_000).fill(0xff));
  assert.match(await say("--block", file), /is no configuration block/);
});

test("chaincodes tells who lacks one, and ends with 1 if definitions differ", async (t) => {
  const { org1, org2, peer } = await makeWorld(t);
  const own = await peer(org1, 0, { chaincodes: [{ name: "kv", version: "2" }] });
  own.know(await peer(org1, 1));
  const foreign = await peer(org2, 0);
  own.know(foreign, { chaincodes: [{ name: "kv", version: "2" }] });
  const equal = await read(t, "chaincodes", flagsOf(org1, own));
  assert.equal(equal.code, 0, equal.stderr);
  assert.match(equal.stdout, /^kv +Org1MSP +2 +1 of 2 +peer1\.org1\.example\.com$/m);
  assert.match(equal.stdout, /^kv +Org2MSP +2 +1 of 1 +-$/m);
  own.know(foreign, { chaincodes: [{ name: "kv", version: "3" }] });
  const different = await read(t, "chaincodes", [...flagsOf(org1, own), "--json"]);
  assert.equal(different.code, 1);
  const { chaincodes } = JSON.parse(different.stdout);
  assert.deepEqual([chaincodes[0].name, chaincodes[0].differs], ["kv", true]);
});
