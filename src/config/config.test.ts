import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { ALL_KEYS } from "./keys.ts";
import { loadConfig } from "./load.ts";
import { CHANNEL, ENV, FILE, problemsOf } from "./testing.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "config-"));
  await mkdir(join(folder, "tls"));
  for (const name of ["server.crt", "server.key", "ca.crt"]) {
    await writeFile(join(folder, "tls", name), "");
  }
  await writeFile(join(folder, "core.yaml"), FILE);
  await writeFile(join(folder, "long.yaml"), `${FILE}#${"x".repeat(300_000)}`);
});
after(() => rm(folder, { recursive: true }));

describe("a configuration file", () => {
  test("is read whole, with paths relative to its folder", async () => {
    const config = await loadConfig({ env: { FABRIC_CFG_PATH: folder } });
    assert.equal(config.file, join(folder, "core.yaml"));
    assert.equal(config.id, "peer0");
    assert.equal(config.mspFolder, join(folder, "msp"));
    assert.equal(config.keystoreFolder, join(folder, "keys"));
    assert.deepEqual(config.listenAddress, { host: "127.0.0.1", port: 7051 });
    assert.equal(config.endpoint, "peer0.org1.example.com:7051");
    assert.deepEqual(config.tls, {
      enabled: true,
      clientAuthRequired: false,
      certFile: join(folder, "tls/server.crt"),
      keyFile: join(folder, "tls/server.key"),
      rootCertFile: join(folder, "tls/ca.crt"),
      clientRootCaFiles: [join(folder, "tls/ca.crt"), join(folder, "tls/none.crt")],
      clientCertFile: join(folder, "tls/server.crt"),
      clientKeyFile: join(folder, "tls/server.key"),
    });
    assert.deepEqual(config.gossip.bootstrap, ["127.0.0.1:7051"]);
    assert.equal(config.operations.listenAddress, undefined);
    assert.deepEqual(config.fabricGossip.trustedMsps, [
      { mspId: "Org2MSP", path: join(folder, "org2/msp") },
    ]);
    assert.deepEqual(config.fabricGossip.channels, [
      { ...CHANNEL, name: "mychannel", configBlock: join(folder, "mychannel.block") },
    ]);
    assert.equal(config.fabricGossip.stateDir, join(folder, "state"));
    const tags = { role: "shop", HTTP: "10.0.0.5:80", replicas: "3", empty: "", "a.b": "c" };
    assert.deepEqual(config.fabricGossip.tags, tags);
    assert.equal(config.fabricGossip.limits.membersMax, 500);
  });

  test("can be named directly", async () => {
    const config = await loadConfig({ file: join(folder, "core.yaml"), env: {} });
    assert.equal(config.mspId, "Org1MSP");
  });

  test("yields to the environment, which yields to overrides", async () => {
    const env = { FABRIC_CFG_PATH: folder, CORE_PEER_ID: "fromEnv", CORE_PEER_LOCALMSPID: "Env" };
    const config = await loadConfig({
      env,
      overrides: ["peer.ID=fromSet", "peer.mspConfigPath=m"],
    });
    assert.deepEqual([config.id, config.mspId], ["fromSet", "Env"]);
    assert.equal(config.mspFolder, join(folder, "m"));
  });

  test("is not shaken by empty environment variables, as in Fabric", async () => {
    const config = await loadConfig({ env: { FABRIC_CFG_PATH: folder, CORE_PEER_ID: "" } });
    assert.equal(config.id, "peer0");
  });

  const missing = [
    { name: "that does not exist", file: () => join(folder, "none.yaml") },
    { name: "that is a folder", file: () => folder },
    { name: "that never ends", file: () => "/dev/zero" },
    { name: "that is far too long", file: () => join(folder, "long.yaml") },
  ];
  for (const { name, file } of missing) {
    test(`${name} is the problem, and what it would have said is not called missing`, async () => {
      const problems = await problemsOf({ file: file(), env: {} });
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /cannot be read .*; name another with --config/);
    });
  }
});

describe("defaults", () => {
  test("are Fabric's, with nothing but an environment", async () => {
    const { gossip, keepalive, ...config } = await loadConfig({ env: ENV });
    assert.deepEqual(gossip, {
      bootstrap: [],
      aliveIntervalMs: 5_000,
      aliveExpiryMs: 25_000,
      aliveExpiryCheckMs: 2_500,
      reconnectIntervalMs: 25_000,
      messageExpiryFactor: 20,
      forgetAfterMs: 500_000,
      publishCertPeriodMs: 10_000,
      stateInfoExpiryMs: 400_000,
      stateInfoIntervalMs: 4_000,
      pullIntervalMs: 4_000,
      pullPeerNum: 3,
      digestWaitMs: 1_000,
      requestWaitMs: 1_500,
      responseWaitMs: 2_000,
      propagateIterations: 1,
      propagatePeerNum: 3,
      propagationBurstSize: 10,
      propagationBurstLatencyMs: 10,
      dialTimeoutMs: 3_000,
      connTimeoutMs: 2_000,
      sendBufferSize: 200,
      identityUsageMs: 3_600_000,
    });
    assert.deepEqual(keepalive, {
      clientIntervalMs: 60_000,
      clientTimeoutMs: 20_000,
      serverIntervalMs: 7_200_000,
    });
    assert.deepEqual(config.listenAddress, { host: "0.0.0.0", port: 7051 });
    assert.deepEqual(config.operations.listenAddress, { host: "127.0.0.1", port: 9443 });
    assert.deepEqual([config.id, config.file], ["peer0.org1.example.com:7051", undefined]);
    assert.deepEqual(
      [config.maxRecvMessageBytes, config.connectionTimeoutMs],
      [104_857_600, 5_000],
    );
    assert.deepEqual(config.logging, { spec: "info", format: "text" });
  });

  test("of the expiry and the reconnect interval follow the heartbeat", async () => {
    const { gossip } = await loadConfig({ env: { FABRIC_CFG_PATH: folder } });
    assert.deepEqual(
      [gossip.aliveExpiryMs, gossip.reconnectIntervalMs, gossip.forgetAfterMs],
      [10_000, 10_000, 200_000],
    );
  });

  test("stand in for zero, as in Fabric", async () => {
    const overrides = ["peer.gossip.pullInterval=0s", "peer.gossip.pullPeerNum=0"];
    const { gossip } = await loadConfig({ env: ENV, overrides });
    assert.deepEqual([gossip.pullIntervalMs, gossip.pullPeerNum], [4_000, 3]);
  });

  test("keep messages within what the connection may receive", async () => {
    const { fabricGossip } = await loadConfig({
      env: { ...ENV, CORE_PEER_MAXRECVMSGSIZE: "1048576" },
    });
    assert.equal(fabricGossip.limits.messageBytesMax, 1_048_576);
  });
});

describe("a wrong value is one sentence with its place and a remedy", () => {
  const cases = [
    ["peer.localMspId=", /^peer\.localMspId is not set; give it/],
    ["peer.address=", /^peer\.address is not set; give it .* the host:port/],
    [
      "peer.address=peer0",
      /^peer\.address \(--set\) is "peer0", which is no endpoint; write host:/,
    ],
    ["peer.address=::1:7051", /"::1:7051", which is no endpoint; write an IPv6 address in br/],
    ["peer.gossip.bootstrap=a:1,b", /"b", which is no endpoint/],
    ["peer.gossip.bootstrap=a:0", /"a:0", which is no endpoint/],
    [
      "fabricGossip.bootstrapNames=a",
      /"a", which is no name of DNS; write host:port, or a service/,
    ],
    ["fabricGossip.tags=role", /is "role", which is no tag; write NAME: VALUE/],
    ["fabricGossip.tags==x", /which is no tag/],
    ["fabricGossip.bootstrapNames=a:0", /which is no name of DNS/],
    ["fabricGossip.bootstrapNames=_gossip._tcp", /which is no name of DNS/],
    ["fabricGossip.bootstrapNames=_g._tcp.a:7051", /which is no name of DNS/],
    ["fabricGossip.bootstrapNames=a..b:7051", /which is no name of DNS/],
    [
      "fabricGossip.bootstrapNames=10.0.0.1:1",
      /an address, no name; list it under peer\.gossip\.b/,
    ],
    ["fabricGossip.bootstrapNames=[::1]:7051", /which is an address, no name/],
    ["fabricGossip.nameServers=dns.example.com", /which is no address of a server; write for/],
    ["fabricGossip.nameServers=10.0.0.1:0", /which is no address of a server/],
    ["peer.listenAddress=x", /which is no address/],
    ["peer.gossip.pullInterval=5x", /"5x", which is no duration; write for example 5s/],
    ["fabricGossip.neighbourRefresh=4", /out of range; .*a bare number is nanoseconds/],
    ["fabricGossip.neighbourRefresh=800h", /out of range; stay within 10s to 720h\.$/],
    ["peer.gossip.pullInterval=-4s", /out of range/],
    ["peer.gossip.pullPeerNum=three", /no whole number/],
    ["peer.gossip.pullPeerNum=-1", /out of range; write the members as a number from 1 to 100/],
    ["peer.gossip.pullPeerNum=010", /no whole number/],
    ["fabricGossip.limits.hellosPerPeerMax=1_001", /out of range; write the hellos as a number/],
    ["peer.tls.enabled=maybe", /neither yes nor no; write true or false/],
    ["logging.spec=loud", /no level called "loud"/],
    ["fabricGossip.strategy=flood", /write one of neighbours, random/],
    ["operations.listenAddress=9443", /no address; write host:port, for example 127\.0\.0\.1:9443/],
    ["operations.listenAddress=127.0.0.1:7051", /both take port 7051; choose another one/],
    ["fabricGossip.trustedMsps=Org2MSP", /no mspId with a path; write mspId=path/],
    ["fabricGossip.trustedMsps=Org1MSP=/a", /lists our own Org1MSP/],
    ["fabricGossip.trustedMsps=A=/a,A=/b", /lists A twice/],
    ["fabricGossip.stateDirr=x", /no key of fabric-gossip; did you mean fabricGossip\.stateDir\?/],
    ["fabricGossip.colourOfTheSky=x", /no key of fabric-gossip; remove it\./],
    ["fabricGossip.limits.listenersMax=5", /listenersmax.* is no key of fabric-gossip/],
    ["peer.gossip.recvBuffSize=many", /no whole number/],
    ["peer.gossip.aliveExpirationTimeout=5s", /less than twice peer\.gossip\.aliveTimeInterval/],
    ["peer.id=a\nb", /not printable/],
    ["peer.tls.clientCert.file=x", /belong together; set both or neither/],
    ["justtext", /"justtext" \(--set\) is no setting; write KEY=VALUE/],
  ] as const;
  for (const [override, want] of cases) {
    test(JSON.stringify(override), async () => {
      const problems = await problemsOf({ env: ENV, overrides: [override] });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", want);
    });
  }

  test("names the file and line, or the variable", async () => {
    const file = join(folder, "wrong.yaml");
    await writeFile(file, "peer:\n  gossip:\n    pullInterval: soon\n");
    const env = { ...ENV, CORE_PEER_TLS_ENABLED: "maybe", CORE_FABRICGOSSIP_LIMITS_X: "1" };
    const problems = await problemsOf({ file, env });
    assert.match(problems.join("\n"), /pullInterval \(.*wrong\.yaml:3\) is "soon"/);
    assert.match(problems.join("\n"), /peer\.tls\.enabled \(CORE_PEER_TLS_ENABLED\) is "maybe"/);
    assert.match(problems.join("\n"), /limits\.x \(CORE_FABRICGOSSIP_LIMITS_X\) is no key/);
  });

  test("all are told at once", async () => {
    const overrides = ["peer.gossip.pullInterval=x", "peer.tls.enabled=true", "fabricGossip.x=1"];
    const problems = await problemsOf({ env: {}, overrides });
    assert.equal(problems.length, 8, problems.join("\n"));
    assert.match(problems[0] ?? "", /^There is no configuration: name the core\.yaml/);
  });

  test("of very many names that do not exist, the first are told one by one", async () => {
    const file = join(folder, "strange.yaml");
    const names = Array.from({ length: 1_020 }, (_, i) => `  strange${i}: 1\n`);
    await writeFile(file, `fabricGossip:\n${names.join("")}`);
    const problems = await problemsOf({ file, env: ENV });
    assert.equal(problems.length, 21);
    assert.equal(
      problems[20],
      "1000 other names below fabricGossip are no keys of it; remove them.",
    );
  });

  test("TLS files are looked for, all of them", async () => {
    await symlink("nowhere", join(folder, "gone.crt"));
    const problems = await problemsOf({
      env: { FABRIC_CFG_PATH: folder },
      overrides: [
        "peer.tls.clientAuthRequired=true",
        "peer.tls.key.file=tls",
        "operations.listenAddress=:0",
        "operations.tls.enabled=yes",
        "operations.tls.cert.file=gone.crt",
      ],
    });
    assert.match(
      problems[0] ?? "",
      /peer\.tls\.key\.file names .*tls, which is a folder; name a file/,
    );
    assert.match(problems[1] ?? "", /clientRootCAs\.files names .*none\.crt, which does not exist/);
    assert.match(
      problems[2] ?? "",
      /gone\.crt, which is a symbolic link that leads nowhere; correct/,
    );
    assert.match(
      problems[3] ?? "",
      /operations\.tls\.key\.file is not set although TLS is enabled/,
    );
    assert.equal(problems.length, 4);
  });
});

describe("what is allowed but strange is a warning", () => {
  const cases = [
    ["peer.gossip.pullInterval=3s", /pulls overlap/],
    ["peer.gossip.requestWaitTime=1s", /come too late/],
    ["peer.keepalive.client.interval=30s", /below 60s/],
    ["peer.gossip.endpoint=[::1]:7051", /refuse an IPv6/],
    ["peer.gossip.externalEndpoint=0.0.0.0:7051", /nobody can dial/],
    ["fabricGossip.anchorPeers=a:1", /will not learn of this node/],
    ["metrics.provider=statsd", /read \/metrics instead/],
    ["metrics.provider=influx", /counts as disabled; write one of disabled, prometheus, statsd/],
    ["peer.networkId=dev", /has no effect here/],
    ["peer.gosip.bootstrap=a:1", /has no effect here; did you mean peer\.gossip\.bootstrap\?/],
  ] as const;
  for (const [override, want] of cases) {
    test(override, async () => {
      const { warnings } = await loadConfig({ env: ENV, overrides: [override] });
      assert.match(warnings.join("\n"), want);
      assert.equal(warnings.length, 2, "and the one that TLS is off");
    });
  }
});

test("an override without effect is told beside what is missing because of it", async () => {
  const { CORE_PEER_LOCALMSPID: _, ...env } = ENV;
  const problems = await problemsOf({ env, overrides: ["peer.localMspid2=Org1MSP"] });
  assert.match(problems.join("\n"), /peer\.localMspId is not set/);
  assert.match(problems.at(-1) ?? "", /has no effect here; did you mean peer\.localMspId\?/);
});

describe("the table of keys", () => {
  test("is read completely: every key, given a wrong value, is noticed", async () => {
    // A line break fits no kind of key; those that take any text say so as well.
    const overrides = ALL_KEYS.map(({ name }) => `${name}=a\nb`);
    const noticed = (await problemsOf({ env: {}, overrides })).join("\n");
    const unread = ALL_KEYS.filter(
      ({ name, kind }) => !noticed.includes(`${name} (`) && !/list/.test(kind),
    );
    assert.deepEqual(unread, []);
  });

  test("survives any text in any key", async () => {
    const name = fc.constantFrom(...ALL_KEYS.map((key) => key.name));
    await fc.assert(
      fc.asyncProperty(name, fc.string({ unit: "binary" }), async (key, value) => {
        const problems = await problemsOf({ env: ENV, overrides: [`${key}=${value}`] });
        for (const problem of problems) assert.match(problem, /[.?]$/);
      }),
      { numRuns: 300 },
    );
  });
});
