/** What peers of Fabric start with, and so must we; verdicts of Fabric's own code, 2.5 and 3.1. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import type { Config } from "./config.ts";
import { loadConfig } from "./load.ts";

const ENV = {
  CORE_PEER_LOCALMSPID: "Org1MSP",
  CORE_PEER_MSPCONFIGPATH: "/crypto/msp",
  CORE_PEER_ADDRESS: "peer0.org1.example.com:7051",
};

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "fabric-files-"));
});
after(() => rm(folder, { recursive: true }));

async function withFile(content: string | Uint8Array): Promise<Config> {
  const file = join(folder, "core.yaml");
  await writeFile(file, content);
  return loadConfig({ file, env: ENV });
}

/** The warnings that `overrides` add. */
async function warningsOf(overrides: readonly string[]): Promise<readonly string[]> {
  const before = new Set((await loadConfig({ env: ENV })).warnings);
  const { warnings } = await loadConfig({ env: ENV, overrides });
  return warnings.filter((warning) => !before.has(warning));
}

async function problemsOf(env: Record<string, string>): Promise<readonly string[]> {
  try {
    await loadConfig({ env });
    return [];
  } catch (error) {
    assert.ok(error instanceof GossipError);
    return error.problems;
  }
}

describe("a file that is no core.yaml, or not quite", () => {
  const doubtful: readonly (readonly [string, RegExp])[] = [
    ["peers: {p: {url: 'grpcs://h:1'}}", /core\.yaml has no key below peer or fabricGossip: is it/],
    ["peer: [{id: x}]", /has no key below peer or fabricGossip: is it the core\.yaml of a peer\?$/],
    [
      "peer: {fabricGossip: {anchorPeers: [a:1]}}",
      /core\.yaml:1\) has no effect: fabricGossip stands/,
    ],
    [
      "peer: {gossip: {bootstraps: a:1}}",
      /\.bootstraps .* did you mean peer\.gossip\.bootstrap\?$/,
    ],
  ];
  for (const [content, want] of doubtful) {
    test(content, async () => {
      const { warnings } = await withFile(content);
      assert.equal(warnings.filter((warning) => want.test(warning)).length, 1, warnings.join());
    });
  }

  test("keys of Fabric that are none of ours, of any version, are passed over", async () => {
    const others =
      `networkId chaincodeListenAddress chaincodeAddress validatorPoolSize keepalive.deliveryClient.interval
      workers gossip.useLeaderElection gossip.orgLeader
      gossip.membershipTrackerInterval gossip.maxBlockCountToStore gossip.stateInfoRetentionInterval
      gossip.skipBlockVerification gossip.skipHandshake gossip.nonBlockingCommitMode
      gossip.maxConnectionAttempts gossip.election.startupGracePeriod gossip.state.enabled
      gossip.pvtData.minPeers events.address events.timeout tls.serverhostoverride
      authentication.timewindow fileSystemPath BCCSP.SW.Hash BCCSP.PKCS11.Library localMspType
      client.connTimeout deliveryclient.connTimeout profile.listenAddress adminService.listenAddress
      discovery.enabled limits.concurrency.endorserService gateway.dialTimeout`.split(/\s+/);
    const { warnings } = await withFile(others.map((key) => `"peer.${key}": x`).join("\n"));
    const nested = others.map((key) => `peer.${key}`);
    assert.deepEqual(
      warnings.filter((one) => nested.some((key) => one.includes(key.toLowerCase()))),
      [],
    );
  });

  test("a template that has not been filled in, and a map where a list belongs", async () => {
    await assert.rejects(withFile("peer:\n  id: {{ .Values.id }}\n"), /\{\{ \}\} of a template/);
    await assert.rejects(
      withFile("fabricGossip: {trustedMsps: {Org2MSP: /x}}"),
      /fabricGossip\.trustedMsps is no map of names, but a list of `\{mspId, path\}`\.$/,
    );
    await assert.rejects(loadConfig({ file: folder, env: ENV }), /\(it is a folder\)/);
  });

  test("a file in another encoding, with the line and what to do", async () => {
    const file = join(folder, "latin.yaml");
    await writeFile(file, Buffer.from("peer:\n  id: x\n  # caf\u00e9\n", "latin1"));
    await assert.rejects(
      loadConfig({ file, env: ENV }),
      /latin\.yaml cannot be read \(line 3 is not UTF-8\); save it as UTF-8\.$/,
    );
  });

  test("a variable's name behind --set", async () => {
    assert.deepEqual(await warningsOf(["CORE_PEER_ID=x"]), [
      "core_peer_id (--set) has no effect here; write peer.id.",
    ]);
  });
});

describe("numbers that Fabric takes", () => {
  const zeros = [
    "propagateIterations",
    "propagatePeerNum",
    "pullPeerNum",
    "maxPropagationBurstSize",
    "maxPropagationBurstLatency",
    "msgExpirationFactor",
    "sendBuffSize",
    "recvBuffSize",
    "aliveTimeInterval",
    "aliveExpirationTimeout",
    "reconnectInterval",
    "publishCertPeriod",
    "pullInterval",
    "dialTimeout",
    "connTimeout",
  ];
  test("0 is the default of every key of gossip", async () => {
    const { gossip } = await loadConfig({ env: ENV });
    const text = `peer:\n  gossip:\n${zeros.map((name) => `    ${name}: 0\n`).join("")}`;
    assert.deepEqual((await withFile(text)).gossip, gossip);
  });

  const above = [
    ["peer.gossip.pullPeerNum", "500", "pullPeerNum", 100],
    ["peer.gossip.propagateIterations", "0x100", "propagateIterations", 100],
    ["peer.gossip.maxPropagationBurstSize", "1_000_000", "propagationBurstSize", 10_000],
    ["peer.gossip.maxPropagationBurstLatency", "5m", "propagationBurstLatencyMs", 60_000],
    ["peer.gossip.msgExpirationFactor", "50000", "messageExpiryFactor", 10_000],
    ["peer.gossip.reconnectInterval", "48h", "reconnectIntervalMs", 86_400_000],
    ["peer.gossip.sendBuffSize", "999999", "sendBufferSize", 100_000],
  ] as const;
  for (const [key, written, field, want] of above) {
    test(`${key}=${written} is as much as possible, with a warning`, async () => {
      const overrides = [`${key}=${written}`];
      const { gossip } = await loadConfig({ env: ENV, overrides });
      assert.equal(gossip[field], want);
      const sentences = await warningsOf(overrides);
      assert.ok(sentences.some((text) => /more than is possible here; .* is used\.$/.test(text)));
    });
  }

  const below = [
    [
      "peer.gossip.pullInterval",
      "1ms",
      "pullIntervalMs",
      10,
      /less than is possible here; 10ms is/,
    ],
    [
      "peer.gossip.reconnectInterval",
      "2",
      "reconnectIntervalMs",
      25_000,
      /nanoseconds without a unit/,
    ],
    [
      "peer.gossip.aliveTimeInterval",
      "5000",
      "aliveIntervalMs",
      5_000,
      /nanoseconds without a unit/,
    ],
    ["peer.gossip.dialTimeout", "3.5", "dialTimeoutMs", 3_000, /The default is used/],
  ] as const;
  for (const [key, written, field, want, sentence] of below) {
    test(`${key}=${written} starts a member, with a warning`, async () => {
      const overrides = [`${key}=${written}`];
      assert.equal((await loadConfig({ env: ENV, overrides })).gossip[field], want);
      assert.match((await warningsOf(overrides)).join("\n"), sentence);
    });
  }

  test("messages may be called larger than an int32 can say", async () => {
    const overrides = ["peer.maxRecvMsgSize=4294967296", "peer.maxSendMsgSize=9999999999"];
    const config = await loadConfig({ env: ENV, overrides });
    assert.deepEqual(
      [config.maxRecvMessageBytes, config.maxSendMessageBytes],
      [2_147_483_647, 2_147_483_647],
    );
  });

  test("an expiry below two heartbeats starts with a warning", async () => {
    const [warning = ""] = await warningsOf([
      "peer.gossip.aliveTimeInterval=20s",
      "peer.gossip.aliveExpirationTimeout=25s",
    ]);
    assert.match(warning, /aliveExpirationTimeout .* is less than twice/);
  });

  test("whoever is remembered for longer than a timer can run is forgotten then", async () => {
    const overrides = ["peer.gossip.msgExpirationFactor=9000", "peer.gossip.aliveTimeInterval=1m"];
    const { gossip } = await loadConfig({ env: ENV, overrides });
    assert.equal(gossip.forgetAfterMs, 2 ** 31 - 1);
    assert.match((await warningsOf(overrides)).join(), /more than 24 days, after which/);
  });
});

describe("variables of networks that people start from", () => {
  const networks: readonly (readonly [string, Record<string, string>])[] = [
    [
      "a list of Compose that quotes everything",
      {
        CORE_PEER_LOCALMSPID: '"Org1MSP"',
        CORE_PEER_GOSSIP_BOOTSTRAP: '"peer1.org1.example.com:7041 peer2.org1.example.com:7042"',
        CORE_PEER_GOSSIP_USELEADERELECTION: "false",
        CORE_PEER_GOSSIP_ORGLEADER: "true",
        CORE_VM_ENDPOINT: "unix:///host/var/run/docker.sock",
        CORE_OPERATIONS_LISTENADDRESS: "peer0.org1.example.com:9443",
        CORE_METRICS_PROVIDER: "prometheus",
      },
    ],
    [
      "a chart with CouchDB, keepalives of its own and a pattern that nobody reads",
      {
        CORE_PEER_LISTENADDRESS: "0.0.0.0:7051",
        CORE_PEER_NETWORKID: "nid1",
        CORE_PEER_TLS_CLIENTAUTHREQUIRED: "false",
        CORE_PEER_TLS_CLIENTROOTCAS_FILES: "/var/tls/client/cert/*",
        CORE_PEER_KEEPALIVE_MININTERVAL: "25s",
        CORE_PEER_KEEPALIVE_CLIENT_INTERVAL: "30s",
        CORE_PEER_KEEPALIVE_DELIVERYCLIENT_INTERVAL: "30s",
        CORE_LEDGER_STATE_STATEDATABASE: "CouchDB",
        FABRIC_LOGGING_SPEC: "debug:policies,msp,grpc,peer.gossip.mcs,gossip,leveldbhelper=info",
      },
    ],
    [
      "a config map with everything as text",
      {
        CORE_PEER_ADDRESSAUTODETECT: "false",
        CORE_PEER_GOSSIP_ENDPOINT: "peer1.org1.svc:7051",
        CORE_PEER_GOSSIP_STATE_ENABLED: "true",
        CORE_PEER_GOSSIP_PUBLISHCERTPERIOD: "10s",
        CORE_PEER_GOSSIP_SKIPHANDSHAKE: "true",
        CORE_PEER_TLS_CLIENTROOTCAS_FILES: "",
        CORE_PEER_PROFILE_ENABLED: "true",
        CORE_CHAINCODE_EXTERNALBUILDERS: "[{path: /b, name: b}]",
        CORE_LOGGING_LEVEL: "info",
        FABRIC_LOGGING_SPEC: "INFO",
      },
    ],
  ];
  for (const [what, more] of networks) {
    test(`${what} start a member`, async () => {
      const { mspId, warnings } = await loadConfig({ env: { ...ENV, ...more } });
      assert.equal(mspId, "Org1MSP");
      assert.ok(!warnings.some((warning) => /did you mean/.test(warning)), warnings.join("\n"));
    });
  }
});

describe("yes and on", () => {
  for (const word of ["yes", "Yes", "on", "y"]) {
    test(`${word} is true, and told of, since not every peer reads it so`, async () => {
      const [warning = ""] = await warningsOf([`operations.tls.clientAuthRequired=${word}`]);
      assert.match(warning, /not every peer of Fabric reads as true; write true\./);
    });
  }

  for (const word of ["true", "TRUE", "t", "1", "false", "no", "off", "0"]) {
    test(`${word} needs no word`, async () => {
      assert.deepEqual(await warningsOf([`operations.tls.clientAuthRequired=${word}`]), []);
    });
  }
});

describe("a file as people save it", () => {
  const text = "peer:\n  id: peer7\n  localMspId: Org1MSP\n";
  const files: readonly (readonly [string, Uint8Array])[] = [
    ["UTF-8 with a byte order mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16 of Windows", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16 the other way round", Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
    ["Windows line ends", Buffer.from(text.replaceAll("\n", "\r\n"))],
  ];
  for (const [what, bytes] of files) {
    test(`${what} is read`, async () => {
      assert.equal((await withFile(bytes)).id, "peer7");
    });
  }

  test("blanks and quotation marks within a quoted value are left out with a warning", async () => {
    const file = join(folder, "quoted.yaml");
    await writeFile(file, `peer:\n  localMspId: "Org1MSP "\n  id: '"peer7"'\n`);
    const { CORE_PEER_LOCALMSPID: _, ...env } = ENV;
    const { mspId, id, warnings } = await loadConfig({ file, env });
    assert.deepEqual([mspId, id], ["Org1MSP", "peer7"]);
    assert.match(warnings.join("\n"), /quoted\.yaml:2 had a blank around the value/);
    assert.match(warnings.join("\n"), /quoted\.yaml:3 had quotation marks around the value/);
  });

  test("quotation marks of a word processor are left out, too", async () => {
    const env = { ...ENV, CORE_PEER_LOCALMSPID: "\u201cOrg1MSP\u201d" };
    assert.equal((await loadConfig({ env })).mspId, "Org1MSP");
  });
});

describe("paths as they are written", () => {
  for (const path of ["~/msp", "$HOME/msp", `$${"{MSP}"}/msp`, "%USERPROFILE%/msp"]) {
    test(`${path} is told of`, async () => {
      const env = { ...ENV, CORE_PEER_MSPCONFIGPATH: path };
      const { warnings } = await loadConfig({ env });
      assert.match(warnings.join(), /mspConfigPath .*only a shell would expand it/);
    });
  }

  test("a pattern among the client roots is a name, as in Fabric, and read only if needed", async () => {
    const tls = {
      CORE_PEER_TLS_ENABLED: "true",
      CORE_PEER_TLS_CERT_FILE: join(folder, "tls.pem"),
      CORE_PEER_TLS_KEY_FILE: join(folder, "tls.pem"),
      CORE_PEER_TLS_CLIENTROOTCAS_FILES: "/var/certs/*",
    };
    await writeFile(join(folder, "tls.pem"), "");
    assert.deepEqual(await problemsOf({ ...ENV, ...tls }), []);
    const [problem = ""] = await problemsOf({
      ...ENV,
      ...tls,
      CORE_PEER_TLS_CLIENTAUTHREQUIRED: "true",
    });
    assert.match(problem, /does not exist; name each file, since patterns are not expanded/);
  });
});

describe("a variable with words missing", () => {
  const slips = {
    CORE_PEER_MSPID: "CORE_PEER_LOCALMSPID",
    CORE_PEER_TLS_ROOTCERT: "CORE_PEER_TLS_ROOTCERT_FILE",
    CORE_PEER_TLS_CERT: "CORE_PEER_TLS_CERT_FILE",
    CORE_PEER_TLS_CLIENTROOTCAS: "CORE_PEER_TLS_CLIENTROOTCAS_FILES",
    CORE_PEER_BOOTSTRAP: "CORE_PEER_GOSSIP_BOOTSTRAP",
    CORE_GOSSIP_EXTERNALENDPOINT: "CORE_PEER_GOSSIP_EXTERNALENDPOINT",
    CORE_PEER_GOSSIP_EXTERNAL: "CORE_PEER_GOSSIP_EXTERNALENDPOINT",
    CORE_OPERATIONS_ADDRESS: "CORE_OPERATIONS_LISTENADDRESS",
    core_peer_localmspid: "CORE_PEER_LOCALMSPID",
    Core_Peer_Tls_Enabled: "CORE_PEER_TLS_ENABLED",
  };
  for (const [slip, meant] of Object.entries(slips)) {
    test(`${slip} is told of`, async () => {
      const { warnings } = await loadConfig({ env: { ...ENV, [slip]: "x" } });
      assert.ok(warnings.includes(`${slip} has no effect; did you mean ${meant}?`), slip);
    });
  }

  test("what Kubernetes adds for a service is none of our business", async () => {
    const names = ["SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_7051_TCP", "PORT_7051_TCP_ADDR"];
    const services = names.flatMap((name) => [`CORE_PEER_${name}`, `CORE_${name}`]);
    const env = { ...ENV, ...Object.fromEntries(services.map((name) => [name, "10.0.0.1"])) };
    assert.deepEqual(
      (await loadConfig({ env })).warnings,
      (await loadConfig({ env: ENV })).warnings,
    );
  });
});
