import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import type { GossipConfig } from "./config.ts";
import { loadConfig } from "./load.ts";
import { type NodeOptions, PRESETS, readOptions } from "./options.ts";

const MINIMAL: NodeOptions = { mspId: "Org1MSP", mspPath: "msp", listen: "127.0.0.1:7051" };

async function problemsOf(options: object): Promise<readonly string[]> {
  try {
    return (await readOptions({ ...MINIMAL, ...options })).problems;
  } catch (error) {
    assert.ok(error instanceof GossipError);
    assert.equal(error.code, "config-invalid");
    return error.problems;
  }
}

describe("the options of a node", () => {
  test("lead to the configuration that core.yaml with the same values leads to", async () => {
    const options: NodeOptions = {
      ...MINIMAL,
      endpoint: "peer0.org1:7051",
      externalEndpoint: "peer0.example.com:7051",
      bootstrap: ["peer1.org1:7051", "peer2.org1:7051"],
      anchorPeers: ["peer0.org2:7051"],
      trustedMsps: [{ mspId: "Org2MSP", path: "org2/msp" }],
      tags: { role: "shop", http: "10.0.0.5:80" },
      statePath: "state",
      settings: { "peer.gossip.pullInterval": "5s", "fabricGossip.limits.membersMax": 7 },
    };
    const overrides = [
      "peer.localMspId=Org1MSP",
      "peer.mspConfigPath=msp",
      "peer.listenAddress=127.0.0.1:7051",
      "peer.address=peer0.org1:7051",
      "peer.gossip.externalEndpoint=peer0.example.com:7051",
      "peer.gossip.bootstrap=peer1.org1:7051 peer2.org1:7051",
      "fabricGossip.anchorPeers=peer0.org2:7051",
      "fabricGossip.trustedMsps=Org2MSP=org2/msp",
      "fabricGossip.tags=role=shop, http=10.0.0.5:80",
      "fabricGossip.stateDir=state",
      "peer.gossip.pullInterval=5s",
      "fabricGossip.limits.membersMax=7",
      "operations.listenAddress=",
    ];
    assert.deepEqual((await readOptions(options)).config, await loadConfig({ env: {}, overrides }));
  });

  test("need no more than who we are and where we listen", async () => {
    const { config } = await readOptions(MINIMAL);
    assert.equal(config.endpoint, "127.0.0.1:7051");
    assert.equal(config.tls.enabled, false);
    assert.equal(config.operations.listenAddress, undefined);
  });

  test("that are wrong are named, all at once, by option and by key", async () => {
    const problems = await problemsOf({
      listen: "nowhere",
      bootstrap: ["a"],
      settings: { "peer.gossip.pullInterval": "soon", "fabricGossip.limit.members": 1 },
    });
    const text = problems.join("\n");
    assert.match(text, /peer\.listenAddress \(option listen\) is "nowhere"/);
    assert.match(text, /peer\.gossip\.bootstrap \(option bootstrap\) is "a"/);
    assert.match(text, /peer\.gossip\.pullInterval \(option settings\) is "soon"/);
    assert.match(text, /fabricgossip\.limit\.members \(option settings\) is no key/);
    assert.match((await problemsOf({ preset: "moon" })).join(), /choose one of lan, wan, test/);
    assert.match((await problemsOf({ mspId: "" })).join(), /peer\.localMspId is not set/);
    assert.match(
      (await problemsOf({ tls: { certPath: "no.pem", keyPath: "no.key" } })).join(),
      /peer\.tls\.cert\.file names .*no\.pem, which does not exist/,
    );
  });
});

describe("the presets", () => {
  const timersOf = async (options: object): Promise<GossipConfig> =>
    (await readOptions({ ...MINIMAL, ...options })).config.gossip;

  test("lan is what Fabric has", async () => {
    assert.deepEqual(await timersOf({ preset: "lan" }), await timersOf({}));
  });

  test("wan lets members be silent for longer, and keeps what Fabric's peers judge us by", async () => {
    const [lan, wan] = [await timersOf({}), await timersOf({ preset: "wan" })];
    assert.equal(wan.aliveExpiryMs, 60_000);
    assert.equal(wan.dialTimeoutMs, 10_000);
    assert.equal(wan.aliveIntervalMs, lan.aliveIntervalMs);
    assert.equal(wan.digestWaitMs, lan.digestWaitMs);
    assert.deepEqual((await readOptions({ ...MINIMAL, preset: "wan" })).config.warnings.length, 1);
  });

  test("test is ten times as fast, but for what a machine takes", async () => {
    const [lan, fast] = [await timersOf({}), await timersOf({ preset: "test" })];
    assert.equal(fast.aliveIntervalMs, lan.aliveIntervalMs / 10);
    assert.equal(fast.aliveExpiryMs, lan.aliveExpiryMs / 10);
    assert.equal(fast.dialTimeoutMs, lan.dialTimeoutMs);
  });

  test("give way to settings", async () => {
    for (const preset of Object.keys(PRESETS)) {
      const settings = { "peer.gossip.aliveTimeInterval": "3s" };
      assert.equal((await timersOf({ preset, settings })).aliveIntervalMs, 3_000);
    }
  });
});
