/** Configuration values in the environment: their names, their form, near misses. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { loadConfig } from "./load.ts";
import { CHANNEL, ENV } from "./testing.ts";

describe("values from the environment", () => {
  const cases = [
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: "a:1 b:2", want: ["a:1", "b:2"] },
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: "a:1,b:2, c:3", want: ["a:1", "b:2", "c:3"] },
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: "[::1]:1", want: ["[::1]:1"] },
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: '["a:1","b:2"]', want: ["a:1", "b:2"] },
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: `'["a:1","b:2"]'`, want: ["a:1", "b:2"] },
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: " [ 'a:1' , b:2 ] ", want: ["a:1", "b:2"] },
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: "[[::1]:1]", want: ["[::1]:1"] },
    {
      variable: "CORE_PEER_GOSSIP_BOOTSTRAP",
      value: "[::1]:1 [::1]:2",
      want: ["[::1]:1", "[::1]:2"],
    },
    { variable: "CORE_PEER_GOSSIP_BOOTSTRAP", value: "[]", want: [] },
  ];
  for (const { variable, value, want } of cases) {
    test(`${variable}=${value}`, async () => {
      const { gossip } = await loadConfig({ env: { ...ENV, [variable]: value } });
      assert.deepEqual(gossip.bootstrap, want);
    });
  }

  test("name the piece of a list in brackets that is wrong", async () => {
    for (const value of ['["a:1","b"]', "[a:1, b]", "[::1],[::2]"]) {
      const env = { ...ENV, CORE_PEER_GOSSIP_BOOTSTRAP: value };
      const wrong = value.startsWith("[:")
        ? /BOOTSTRAP\) is "\[::1\]", which/
        : /BOOTSTRAP\) is "b", which/;
      await assert.rejects(loadConfig({ env }), wrong);
    }
  });

  const endpoints: readonly (readonly [string, RegExp])[] = [
    ["grpcs://peer1.org1.example.com:7051", /no endpoint; write peer1\.org1\.example\.com:7051\.$/],
    ["localhost:7051/", /no endpoint; write localhost:7051\.$/],
    ["peer1.m\u00fcller.example:7051", /write peer1\.xn--mller-kva\.example:7051\.$/],
    ["{{ .Values.peer }}", /where a template has been left as it was\.$/],
    ["a\u200b:1", /is "a\\u\{200b\}:1", which is no endpoint/],
  ];
  for (const [value, want] of endpoints) {
    test(`name the endpoint that is meant: ${JSON.stringify(value)}`, async () => {
      await assert.rejects(
        loadConfig({ env: { ...ENV, CORE_PEER_GOSSIP_BOOTSTRAP: value } }),
        want,
      );
    });
  }

  test("are doubted where they were not UTF-8", async () => {
    const { warnings } = await loadConfig({
      env: { ...ENV, CORE_PEER_LOCALMSPID: "Org\ufffdMSP" },
    });
    assert.match(
      warnings.join(),
      /localMspId .* is "Org.*MSP", with what is not UTF-8; write it anew/,
    );
  });

  test("are doubted where they hold a character that nobody sees", async () => {
    for (const [value, want] of [
      ["Org1MSP\u200b", "Org1MSP\\u{200b}"],
      ["Org1\u00a0MSP", "Org1\\u{a0}MSP"],
    ] as const) {
      const { mspId, warnings } = await loadConfig({
        env: { ...ENV, CORE_PEER_LOCALMSPID: value },
      });
      assert.equal(mspId, value);
      const told = `peer.localMspId (CORE_PEER_LOCALMSPID) is "${want}", with a character that nobody sees`;
      assert.ok(
        warnings.some((warning) => warning.startsWith(told)),
        warnings.join("\n"),
      );
    }
  });

  test("are doubted where a quotation mark, a comment or a variable was left in them", async () => {
    for (const [value, want] of [
      ['Org1MSP"', "with a quotation mark at one end; remove it."],
      ["Org1MSP # ours", "with a comment, which belongs to the value here; remove it."],
      ["$ORG", "taken as it is written: only a shell would expand it."],
      ["$(hostname)MSP", "taken as it is written: only a shell would expand it."],
    ] as const) {
      const { mspId, warnings } = await loadConfig({
        env: { ...ENV, CORE_PEER_LOCALMSPID: value },
      });
      assert.equal(mspId, value);
      const told = `peer.localMspId (CORE_PEER_LOCALMSPID) is ${JSON.stringify(value)}, ${want}`;
      assert.ok(warnings.includes(told), warnings.join("\n"));
    }
    assert.deepEqual(
      (await loadConfig({ env: { ...ENV, CORE_PEER_LOCALMSPID: "Org#1.MSP_a-b" } })).warnings,
      (await loadConfig({ env: ENV })).warnings,
    );
  });

  test("name trusted MSPs with blanks and quotation marks around each part", async () => {
    for (const value of ['Org2MSP="/a b/msp"', " Org2MSP = '/a b/msp' ", '"Org2MSP"="/a b/msp"']) {
      const { fabricGossip } = await loadConfig({
        env: { ...ENV, CORE_FABRICGOSSIP_TRUSTEDMSPS: value },
      });
      assert.deepEqual(fabricGossip.trustedMsps, [{ mspId: "Org2MSP", path: "/a b/msp" }], value);
    }
  });

  test("name channels and tags with blanks and quotation marks around each part", async () => {
    const { fabricGossip } = await loadConfig({
      env: {
        ...ENV,
        CORE_FABRICGOSSIP_CHANNELS: "one=\"/one.block\", two = '/two.block', 'three'",
        CORE_FABRICGOSSIP_TAGS: 'role="shop", http = 10.0.0.5:80, "empty"=',
      },
    });
    assert.deepEqual(
      fabricGossip.channels.map(({ name, configBlock }) => [name, configBlock]),
      [
        ["one", "/one.block"],
        ["two", "/two.block"],
        ["three", undefined],
      ],
    );
    assert.deepEqual(fabricGossip.tags, { role: "shop", http: "10.0.0.5:80", empty: "" });
  });

  test("name trusted MSPs and tags also in JSON", async () => {
    const { fabricGossip } = await loadConfig({
      env: {
        ...ENV,
        CORE_FABRICGOSSIP_TRUSTEDMSPS: '[{"mspId": "Org2MSP", "path": "/a, b/msp"}]',
        CORE_FABRICGOSSIP_TAGS: '{"role": "shop", "http": "10.0.0.5:80"}',
      },
    });
    assert.deepEqual(fabricGossip.trustedMsps, [{ mspId: "Org2MSP", path: "/a, b/msp" }]);
    assert.deepEqual(fabricGossip.tags, { role: "shop", http: "10.0.0.5:80" });
  });

  test("name trusted MSPs, channels and anchor peers in short", async () => {
    const { fabricGossip } = await loadConfig({
      env: {
        ...ENV,
        CORE_FABRICGOSSIP_TRUSTEDMSPS: "Org2MSP=/a b/msp, Org3MSP=/c=d",
        CORE_FABRICGOSSIP_CHANNELS: "mychannel=/my.block",
        CORE_FABRICGOSSIP_ANCHORPEERS: "peer0.org2.example.com:7051",
        CORE_FABRICGOSSIP_LIMITS_HANDSHAKESMAX: "1_000",
      },
    });
    assert.deepEqual(fabricGossip.trustedMsps, [
      { mspId: "Org2MSP", path: "/a b/msp" },
      { mspId: "Org3MSP", path: "/c=d" },
    ]);
    assert.deepEqual(fabricGossip.channels, [
      { ...CHANNEL, name: "mychannel", configBlock: "/my.block" },
    ]);
    assert.deepEqual(fabricGossip.anchorPeers, ["peer0.org2.example.com:7051"]);
    assert.equal(fabricGossip.limits.handshakesMax, 1_000);
  });

  test("refuse a listed member that could not serve what it offers", async () => {
    const read = async (channel: object) => {
      const text = JSON.stringify([{ name: "ch1", role: "listed", ...channel }]);
      const env = { ...ENV, CORE_FABRICGOSSIP_STATEDIR: "/tmp", CORE_FABRICGOSSIP_CHANNELS: text };
      return (await loadConfig({ env })).fabricGossip.channels;
    };
    assert.equal((await read({ blocks: "keep" }))[0]?.role, "listed");
    await assert.rejects(read({}), /needs blocks: keep/);
    await assert.rejects(read({ blocks: "keep", keepBlocks: 100 }), /remove keepBlocks/);
  });

  test("say in JSON for how long a channel may stand still", async () => {
    const read = async (lag: object) => {
      const text = JSON.stringify([{ name: "ch1", lag }]);
      return (await loadConfig({ env: { ...ENV, CORE_FABRICGOSSIP_CHANNELS: text } })).fabricGossip;
    };
    const { channels } = await read({ still: "10m" });
    assert.deepEqual(channels[0]?.lag, { ...CHANNEL.lag, stillMs: 600_000 });
    for (const still of ["0s", "25h", "often", 5]) {
      await assert.rejects(read({ still }), /lag\.still, which must be a duration from 1ms to 24h/);
    }
  });

  test("include Fabric's two for the log, the stronger first", async () => {
    const env = { ...ENV, CORE_LOGGING_SPEC: "error", FABRIC_LOGGING_SPEC: "gossip=debug" };
    const format = { FABRIC_LOGGING_FORMAT: "%{color}%{message}" };
    assert.deepEqual((await loadConfig({ env: { ...env, ...format } })).logging, {
      spec: "gossip=debug",
      format: "text",
    });
    assert.equal(
      (await loadConfig({ env, overrides: ["logging.format=json"] })).logging.format,
      "json",
    );
  });
});

describe("what stands around a value in an environment", () => {
  const surrounded = (wrap: (value: string) => string): Record<string, string> =>
    Object.fromEntries(Object.entries(ENV).map(([name, value]) => [name, wrap(value)]));
  const wraps: readonly (readonly [string, (value: string) => string, RegExp])[] = [
    ["carriage returns of a Windows editor", (value) => `${value}\r`, /Unix line ends/],
    ["blanks", (value) => ` ${value}\t `, /had a blank around the value/],
    ["double quotation marks", (value) => `"${value}"`, /quotation marks.*Compose/],
    ["single quotation marks", (value) => `'${value}'`, /quotation marks.*Compose/],
    ["quotation marks with blanks around and within", (value) => ` " ${value} " `, /quotation/],
  ];
  for (const [what, wrap, want] of wraps) {
    test(`${what} are left out, and told of in one sentence`, async () => {
      const plain = await loadConfig({ env: ENV });
      const { warnings, ...config } = await loadConfig({ env: surrounded(wrap) });
      assert.deepEqual({ ...config, warnings: plain.warnings }, plain);
      const told = warnings.filter((sentence) => !plain.warnings.includes(sentence));
      assert.equal(told.length, 1);
      assert.match(told[0] ?? "", want);
    });
  }

  test("each item of a list may have its own quotation marks", async () => {
    const env = { ...ENV, CORE_PEER_GOSSIP_BOOTSTRAP: `"a:7041","b:7042" 'c:7043'` };
    const { gossip } = await loadConfig({ env });
    assert.deepEqual(gossip.bootstrap, ["a:7041", "b:7042", "c:7043"]);
  });

  test("a value that consists of quotation marks counts as absent", async () => {
    const { gossip } = await loadConfig({ env: { ...ENV, CORE_PEER_GOSSIP_BOOTSTRAP: '""' } });
    assert.deepEqual(gossip.bootstrap, []);
  });
});

describe("a variable that is nearly one of ours", () => {
  const slips = {
    CORE_PEER_LOCALMSP_ID: "CORE_PEER_LOCALMSPID",
    CORE_PEER_GOSSIP_EXTERNAL_ENDPOINT: "CORE_PEER_GOSSIP_EXTERNALENDPOINT",
    CORE_PEER_GOSSIP_BOOTSTRAPS: "CORE_PEER_GOSSIP_BOOTSTRAP",
    CORE_PEER_MSP_CONFIG_PATH: "CORE_PEER_MSPCONFIGPATH",
    CORE_PEER_TLS_ROOTCERTFILE: "CORE_PEER_TLS_ROOTCERT_FILE",
    CORE_PEER_TLS_ENABELD: "CORE_PEER_TLS_ENABLED",
  };
  for (const [slip, meant] of Object.entries(slips)) {
    test(`${slip} is told of`, async () => {
      const { warnings } = await loadConfig({ env: { ...ENV, [slip]: "x" } });
      assert.ok(warnings.includes(`${slip} has no effect; did you mean ${meant}?`), slip);
    });
  }

  test("one whose absence is an error is told of with the error", async () => {
    const { CORE_PEER_LOCALMSPID, ...others } = ENV;
    for (const [name, want] of [
      ["CORE_PEER_MSPID", "CORE_PEER_MSPID has no effect; did you mean CORE_PEER_LOCALMSPID?"],
      [
        "CORE_PEER_LOCALMSPID ",
        "CORE_PEER_LOCALMSPID has no effect: remove the blanks around its =.",
      ],
    ] as const) {
      await assert.rejects(loadConfig({ env: { ...others, [name]: "Org1MSP" } }), (error) => {
        assert(error instanceof GossipError);
        assert.match(error.problems[0] ?? "", /^peer\.localMspId is not set/);
        assert.deepEqual(error.problems.slice(1), [want]);
        return true;
      });
    }
  });

  test("Fabric's other variables are none of our business", async () => {
    const others = [
      "CORE_PEER_CHAINCODEADDRESS",
      "CORE_PEER_CHAINCODELISTENADDRESS",
      "CORE_PEER_GOSSIP_ORGLEADER",
      "CORE_PEER_GOSSIP_STATE_ENABLED",
      "CORE_PEER_GOSSIP_USELEADERELECTION",
      "CORE_PEER_PROFILE_ENABLED",
      "CORE_CHAINCODE_LOGGING_LEVEL",
      "CORE_LEDGER_STATE_STATEDATABASE",
      "CORE_VM_ENDPOINT",
    ];
    const env = { ...ENV, ...Object.fromEntries(others.map((name) => [name, "x"])) };
    assert.deepEqual(
      (await loadConfig({ env })).warnings,
      (await loadConfig({ env: ENV })).warnings,
    );
  });
});
