/**
 * Channels of our own making before Fabric's own programs. Runs only where `FABRIC_BIN` names their
 * folder (see installation.ts), about ten seconds.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { temporaryFolder } from "../cli/program.ts";
import { Chain, makeConfig } from "../reader/chain.ts";
import { makeParties, ordererOf, userOf } from "../reader/world.ts";
import { makeChannelBlock } from "./channel.ts";
import { findInstallation } from "./installation.ts";
import { createFabricPeer } from "./peers.ts";
import { runToEnd } from "./program.ts";
import { choosePorts, createWorkspace, local } from "./workspace.ts";

const search = findInstallation(process.env);

describe("a channel of our own making", { skip: search.found ? false : search.reason }, () => {
  test("configtxlator reads its blocks and writes the same bytes again", async (t) => {
    assert.ok(search.found);
    if (!search.installation.has("configtxlator")) return t.skip("FABRIC_BIN lacks configtxlator");
    const folder = await temporaryFolder(t);
    const { org1, org2, orderer } = await makeParties(folder);
    const chain = new Chain("ch1", await ordererOf(orderer), await userOf(org1));
    const anchored = { ...org1, anchors: [["127.0.0.1", 7051] as const] };
    const wish = { parties: [anchored, org2], orderer };
    chain.addConfig(await makeConfig(wish), 0n);
    chain.addTransactions(1);
    chain.addConfig(await makeConfig({ ...wish, parties: [org2] }), 1n);
    chain.add({ transactions: [chain.transaction("a"), chain.transaction("b", "cc")] });
    const [block, json, again] = ["a.block", "a.json", "b.block"].map((name) => join(folder, name));
    assert.ok(block && json && again);
    const translate = (...words: readonly string[]) =>
      runToEnd({
        program: search.installation.program("configtxlator"),
        arguments: words,
        environment: {},
        folder,
      });
    const type = ["--type", "common.Block"];
    for (const bytes of chain.blocks) {
      await writeFile(block, bytes);
      await translate("proto_decode", ...type, "--input", block, "--output", json);
      await translate("proto_encode", ...type, "--input", json, "--output", again);
      assert.deepEqual(await readFile(again), Buffer.from(bytes));
    }
  });

  test("a peer joins it by its first block", async (t) => {
    assert.ok(search.found);
    const workspace = await createWorkspace(search.installation, 1);
    const [organisation] = workspace.organisations;
    assert.ok(organisation);
    const ports = await choosePorts();
    const bootstrap = [local(ports.gossip)];
    const peer = createFabricPeer(workspace, { organisation, name: "peer0", ports, bootstrap });
    t.after(() => peer.stop("SIGKILL"));
    await peer.start();
    await peer.joinChannel(await makeChannelBlock(workspace, "ch1", { Org1MSP: [ports.gossip] }));
    const complaints = peer.log().filter(({ level }) => level === "error" || level === "panic");
    assert.deepEqual(complaints, []);
  });
});
