/** What doctor says of channels, and of being listed there. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { channelGroup, makeOrganisation } from "../channel/testing.ts";
import { ChainMaker } from "../channel-maker/chain.ts";
import { loadConfig } from "../config/load.ts";
import { testIdentity } from "../core/testing-identities.ts";
import { BlockStore } from "../following/store/block-store.ts";
import { makeRun } from "../following/store/testing-store.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { computePkiId } from "../msp/identity.ts";
import { createSigner } from "../msp/signer.ts";
import { examineChannels } from "./channels.ts";

test("a listed member is told what it means; a configuration block is looked through", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "doctor-channels-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [org, orderer] = [makeOrganisation("Org1MSP"), makeOrganisation("OrdererMSP")];
  const peer = org.member("peer0");
  const author = (of: typeof org, made: typeof peer) => ({
    creator: of.identity(made),
    sign: createSigner(made.privateKey),
  });
  const maker = new ChainMaker({
    channel: "ch1",
    orderers: [author(orderer, orderer.member("orderer1", ["orderer"]))],
    client: author(org, peer),
    host: {
      sha256: (parts) => createChannelHost().sha256(parts),
      nonce: () => new Uint8Array(24),
      wallMs: () => Date.now(),
    },
  });
  const draft = channelGroup({ organisations: [org], orderer });
  delete draft.groups["Application"]?.groups["Org1MSP"]?.values["AnchorPeers"];
  const block = join(folder, "genesis.block");
  await writeFile(block, maker.addConfig(draft, 0n));
  const bytes = org.identity(peer);
  const pkiId = computePkiId("Org1MSP", peer.pem);
  const self = { ...testIdentity("Org1MSP", "peer0"), bytes, pkiId, mspId: "Org1MSP" };
  const examine = async (channel: object, who = self, wallMs = Date.now()) => {
    const env = {
      CORE_PEER_LOCALMSPID: "Org1MSP",
      CORE_PEER_MSPCONFIGPATH: folder,
      CORE_PEER_ADDRESS: "127.0.0.1:7051",
      CORE_FABRICGOSSIP_STATEDIR: folder,
      CORE_FABRICGOSSIP_CHANNELS: JSON.stringify([{ name: "ch1", ...channel }]),
    };
    const findings = await examineChannels(await loadConfig({ env }), who, wallMs);
    return findings.map(({ status, message }) => `${status} ${message}`);
  };
  assert.deepEqual(await examine({}), ["ok ch1 is followed as an observer; blocks: verify."]);
  const listed = await examine({ role: "listed", blocks: "keep" });
  assert.match(
    listed[0] ?? "",
    /^warning ch1 is followed as a listed member: every peer .* sees it/,
  );
  assert.match(listed[1] ?? "", /^warning ch1 has no configBlock/);
  const known = await examine({ configBlock: block });
  assert.match(known[1] ?? "", /^ok ch1 begins with configuration 0 of block 0\.$/);
  assert.match(known[2] ?? "", /^warning Org1MSP has no anchor peer/);
  assert.equal(known.length, 3);
  const late = await examine({ configBlock: block }, self, Date.UTC(2059, 11, 20));
  assert.match(late[3] ?? "", /^warning Org1MSP: its root CA certificate .* ends at 2060-01-01/);
  const [stranger] = await examine({ configBlock: block }, { ...self, mspId: "Org9MSP" });
  assert.match(stranger ?? "", /^error .*Org9MSP is no organisation of the channel/);
  const [missing] = await examine({ configBlock: join(folder, "none") });
  assert.match(missing ?? "", /^error .*configBlock of ch1/);
  assert.equal((await examine({ blocks: "keep" })).length, 1);
  for (const [first, role, want] of [
    [0n, "listed", undefined],
    [5n, "observer", undefined],
    [
      5n,
      "listed",
      /^error Channel ch1: this member is not listed: its kept blocks do not begin with/,
    ],
  ] as const) {
    const kept = join(folder, "channels", "ch1");
    const store = await BlockStore.open(kept, 0);
    await store.append(makeRun(first, 2));
    await store.close();
    const found = (await examine({ blocks: "keep", role })).at(-1) ?? "";
    if (want === undefined) assert.doesNotMatch(found, /not listed/);
    else assert.match(found, want);
    await rm(join(folder, "channels"), { recursive: true });
  }
  const kept = await BlockStore.open(join(folder, "channels", "ch1"), 0);
  await kept.append(makeRun(5n, 2), await readFile(block));
  await kept.close();
  assert.equal((await examine({ blocks: "keep" })).length, 1);
  const anew = makeOrganisation("Org1MSP");
  const successor = { ...self, bytes: anew.identity(anew.member("peer0")) };
  const both = await examine({ blocks: "keep", role: "listed" }, successor);
  const before = both.findLastIndex((line) => line.includes("kept blocks do not begin with"));
  assert.match(
    both[before + 1] ?? "",
    /^error Channel ch1: our certificate is not accepted under configuration 0 of block 0, kept in .*: Org1MSP does not know the CA of its certificate\.$/,
  );
  await rm(join(folder, "channels"), { recursive: true });
  await writeFile(join(folder, "channels"), "no folder");
  const [, unkept] = await examine({ blocks: "keep" });
  assert.match(
    unkept ?? "",
    /^error Blocks of ch1 cannot be kept in .* \(a part of its path is a file\)\.$/,
  );
  assert.equal((await examine({ blocks: "verify" })).length, 1);
});
