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
    const moon = (await problemsOf({ preset: "moon", listen: "nowhere" })).join("\n");
    assert.match(moon, /preset is "moon"; choose one of lan, wan, test\.$.*listenAddress/ms);
    assert.match((await problemsOf({ mspId: "" })).join(), /peer\.localMspId is not set/);
    const nothing = JSON.parse('{"mspId":"","mspPath":"","listen":""}');
    assert.deepEqual(
      (await problemsOf(nothing)).map((problem) => problem.replace(/,.*/, "")),
      [
        "peer.address is not set; give option endpoint",
        "peer.localMspId is not set; give option mspId",
        "peer.mspConfigPath is not set; give option mspPath",
      ],
    );
    assert.match(
      (await problemsOf({ tls: { certPath: "no.pem", keyPath: "no.key" } })).join(),
      /peer\.tls\.cert\.file names .*no\.pem, which does not exist/,
    );
  });
});

describe("what a program without types may pass", () => {
  test("names that are no options are told, with those that were meant", async () => {
    const tls = { certPath: "no.pem", keyPath: "no.key", rootCertPaths: "no.crt", x: 1 };
    const text = (await problemsOf({ bootstraps: [], tls, colour: "red" })).join("\n");
    assert.match(text, /^option "bootstraps" is unknown; did you mean bootstrap\?$/m);
    assert.match(text, /^option "colour" is unknown; choose of mspId, mspPath, .*settings\.$/m);
    assert.match(text, /^option tls "rootCertPaths" is unknown; did you mean rootCertPath\?$/m);
    assert.match(text, /^option tls "x" is unknown; choose of certPath, /m);
    await assert.rejects(loadConfig(JSON.parse('{"flie": "core.yaml"}')), {
      code: "config-invalid",
      message: 'option "flie" is unknown; did you mean file?',
    });
  });

  test("values of the wrong kind are told, and none throws anything else", async () => {
    for (const value of [5, "\u{1}", [5], [null]]) {
      for (const name of ["tls", "trustedMsps", "bootstrap", "tags", "listen", "endpoint"]) {
        const problems = await problemsOf({ [name]: value });
        assert.match(problems.join(), /^(?:option tls takes|[\w.]+ \(option \w+\) is )/, name);
      }
    }
    const text = (await problemsOf({ tls: "yes" })).join();
    assert.match(text, /^option tls takes an object with certPath and keyPath, not "yes"\./);
  });

  test("a promise, or no options at all, is refused in a sentence", async () => {
    const promise: unknown = Promise.resolve({});
    for (const [given, want] of [
      [promise, /^loadConfig takes the path of .*, not a promise: write await before it\.$/],
      [null, /, not null\.$/],
      [["core.yaml"], /, not a list\.$/],
    ] as const) {
      await assert.rejects(loadConfig(given as string), { code: "config-invalid", message: want });
    }
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
