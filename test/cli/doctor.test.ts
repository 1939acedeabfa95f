/** Doctor on a configuration, its ports, names and folders: each mistake, and what is said of it. */
import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import type { GossipError } from "../../src/lib/errors.ts";
import { loadCredentials } from "../../src/node/load-credentials.ts";
import {
  assertSays,
  type Environment,
  errorsOf,
  findingsOf,
  foreign,
  setUp,
  start,
} from "./doctor-peer.ts";
import { run, temporaryFolder } from "./program.ts";

describe("doctor, when all is well", () => {
  test("finds nothing but what is so, and says it line by line", async (t) => {
    const peer = await setUp(t, 1);
    const bootstrap = await start(t, await setUp(t, 0, peer.org));
    const findings = await findingsOf(peer.env, { CORE_PEER_GOSSIP_BOOTSTRAP: bootstrap });
    assert.deepEqual(
      findings.map(({ status, check }) => `${status} ${check}`),
      [
        "ok configuration",
        "ok msp",
        "ok certificate",
        "ok trusted-msp",
        "ok keys",
        "ok tls",
        "ok tls-names",
        "ok tls-chain",
        "ok state",
        "ok dns",
        "ok port",
        "ok port",
        "ok bootstrap",
        "ok clock",
      ],
    );
    assertSays(findings, "ok", "bootstrap", /answers as CN=peer0\.org1\.example\.com.* of Org1MSP/);
  });

  test("recognises this member when it is already running, and trusted organisations", async (t) => {
    const other = await foreign(t);
    const more = {
      CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${other.org.mspFolder}`,
      CORE_FABRICGOSSIP_ANCHORPEERS: other.env["CORE_PEER_ADDRESS"] ?? "",
    };
    const peer = await setUp(t);
    await start(t, other, { CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org1MSP=${peer.org.mspFolder}` });
    await start(t, peer, more);
    const findings = await findingsOf(peer.env, more);
    assert.deepEqual(errorsOf(findings), []);
    assertSays(findings, "ok", "port", /is in use by this member, which is already running/);
    assertSays(findings, "ok", "anchor", /of Org2MSP/);
    assertSays(findings, "ok", "trusted-msp", /Org2MSP loads from/);
  });

  test("as a command: lines and exit code 0, or JSON and exit code 1", async (t) => {
    const { env } = await setUp(t);
    const good = await run(t, ["doctor"], env);
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /^ok {6}configuration /m);
    const bad = await run(t, ["doctor", "--json", "--set", "peer.tls.key.file=gone"], env);
    assert.equal(bad.code, 1);
    const findings: Finding[] = JSON.parse(bad.stdout);
    assertSays(
      findings,
      "error",
      "configuration",
      /peer\.tls\.key\.file names .*gone, which does not exist[.;:] [Cc]orrect/,
    );
  });

  test("of many contacts that are gone, one line for people, and each in JSON", async (t) => {
    const { env } = await setUp(t);
    const hosts = Array.from({ length: 12 }, (_, i) => `127.0.0.${i + 1}:1`);
    const args = ["doctor", "--set", `peer.gossip.bootstrap=${hosts.join(" ")}`];
    const { code, stdout } = await run(t, args, env);
    assert.equal(code, 1);
    const [line = "", ...others] = stdout.split("\n").filter((one) => one.startsWith("error "));
    assert.deepEqual(others, []);
    assert.match(line, /127\.0\.0\.1:1, .* and 7 more cannot be joined: .* Check that it runs/);
    const all: Finding[] = JSON.parse((await run(t, [...args, "--json"], env)).stdout);
    const gone = all.filter(({ status }) => status === "error");
    assert.equal(gone.length, 12);
    for (const one of gone) {
      assert.deepEqual(Object.keys(one), ["check", "status", "message", "remedy"]);
    }
  });
});

describe("doctor on the configuration (specs A 1, B 2.1)", () => {
  const cases: readonly (readonly [name: string, env: Environment, Finding["status"], RegExp])[] = [
    [
      "no MSP id",
      { CORE_PEER_LOCALMSPID: "" },
      "error",
      /peer\.localMspId is not set[.;:] [Gg]ive it/,
    ],
    [
      "a key of ours that is none",
      { CORE_FABRICGOSSIP_STATDIR: "x" },
      "error",
      /did you mean fabricGossip\.stateDir/i,
    ],
    ["a duration that is none", { CORE_PEER_GOSSIP_PULLINTERVAL: "soon" }, "error", /pullInterval/],
    [
      "a heartbeat that may not be lost once",
      { CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT: "6s" },
      "warning",
      /one lost heartbeat would kill a member/,
    ],
    [
      "half a client pair",
      { CORE_PEER_TLS_CLIENTCERT_FILE: "x.crt" },
      "error",
      /belong together[.;:] [Ss]et both or neither/,
    ],
    [
      "our own organisation as another one",
      { CORE_FABRICGOSSIP_TRUSTEDMSPS: "Org1MSP=x" },
      "error",
      /lists our own Org1MSP/,
    ],
    [
      "pings that Fabric punishes",
      { CORE_PEER_KEEPALIVE_CLIENT_INTERVAL: "30s" },
      "warning",
      /disconnect whoever pings more often/,
    ],
    [
      "an address that nobody can dial",
      { CORE_PEER_GOSSIP_EXTERNALENDPOINT: "0.0.0.0:7051" },
      "warning",
      /nobody can dial[.;:] [Nn]ame a reachable host/,
    ],
    [
      "an IPv6 address",
      { CORE_PEER_GOSSIP_ENDPOINT: "[::1]:7051" },
      "warning",
      /Fabric's own peers refuse an IPv6 address/,
    ],
    [
      "nothing to show to others",
      { CORE_PEER_GOSSIP_EXTERNALENDPOINT: "", CORE_FABRICGOSSIP_ANCHORPEERS: "a:1" },
      "warning",
      /other organisations will not learn of this node/,
    ],
    [
      "more tags than a heartbeat carries",
      { CORE_FABRICGOSSIP_TAGS: `role=${"x".repeat(600)}` },
      "error",
      /the tags take \d+ bytes: at most 512 can be published/,
    ],
    [
      "no encryption",
      { CORE_PEER_TLS_ENABLED: "false" },
      "warning",
      /neither encrypted nor bound to an identity/,
    ],
  ];
  for (const [name, more, status, sentence] of cases) {
    test(name, async (t) => {
      const { env } = await setUp(t);
      assertSays(await findingsOf(env, more), status, "configuration", sentence);
    });
  }
});

test("doctor says what start says, in the same words", async (t) => {
  const { env } = await setUp(t);
  const wrong = {
    ...env,
    CORE_PEER_LOCALMSPID: "",
    CORE_PEER_GOSSIP_PULLINTERVAL: "soon",
    CORE_PEER_TLS_KEY_FILE: "/nowhere/key.pem",
    CORE_FABRICGOSSIP_STATDIR: "x",
  };
  const problems = await loadConfig({ env: wrong }).then(
    () => [],
    (fault: GossipError) => fault.problems,
  );
  assert.equal(problems.length, 4);
  const found = errorsOf(await findingsOf(wrong)).map(({ message }) => message);
  assert.deepEqual(found, problems);
});

test("errors of files are told together with those of the configuration, by doctor and start alike", async (t) => {
  const { env, file } = await setUp(t);
  await rm(file("msp/keystore"), { recursive: true });
  await writeFile(file("tls/server.key"), "");
  await writeFile(file("my.block"), "no block");
  const wrong = {
    ...env,
    CORE_PEER_GOSSIP_PULLINTERVAL: "soon",
    CORE_PEER_TLS_CERT_FILE: "/nowhere/cert.pem",
    CORE_OPERATIONS_TLS_ENABLED: "true",
    CORE_OPERATIONS_TLS_CERT_FILE: file("msp/config.yaml"),
    CORE_OPERATIONS_TLS_KEY_FILE: file("tls/server.key"),
    CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${file("tls")}`,
  };
  const want = [
    /pullInterval \(CORE_PEER_GOSSIP_PULLINTERVAL\)/,
    /names \/nowhere\/cert\.pem, which does not exist/,
    /msp\/keystore/,
    /tls\/cacerts/,
    /has no administrator/,
    /The TLS server key .*server\.key cannot be used/,
    /The TLS server certificate .*config\.yaml cannot be used/,
  ];
  const errors = errorsOf(await findingsOf(wrong)).map(({ message }) => message);
  const { stderr } = await run(t, ["start"], wrong);
  for (const sentence of want) {
    assert.equal(errors.filter((error) => sentence.test(error)).length, 1, `${sentence}`);
    assert.match(stderr, sentence);
  }
  assert.equal(errors.length, want.length, errors.join("\n"));
});

test("doctor and start say what is trusted by mistake, in the same words", async (t) => {
  const { env, file, org } = await setUp(t);
  const wrong = {
    ...env,
    CORE_PEER_TLS_ROOTCERT_FILE: file("tls/server.crt"),
    CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${org.mspFolder}`,
  };
  const findings = await findingsOf(wrong);
  const { warnings } = await loadCredentials(await loadConfig({ env: wrong }), Date.now());
  const told = warnings.join("\n");
  const shared = /Org2MSP has the CA of Org1MSP, CN=ca\.org1/;
  const lone = /peer\.tls\.rootcert\.file holds our own TLS certificate and no other/;
  assertSays(findings, "warning", "trusted-msp", shared);
  assertSays(findings, "warning", "tls-chain", lone);
  assert.match(told, shared);
  assert.match(told, lone);
});

describe("doctor on ports, names and folders", () => {
  test("a port that somebody else uses", async (t) => {
    const { env } = await setUp(t);
    const port = Number(env["CORE_PEER_ADDRESS"]?.split(":")[1]);
    const server = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    t.after(() => server.close());
    assertSays(
      await findingsOf(env),
      "error",
      "port",
      /\(EADDRINUSE\)\. Stop the process that uses it, or choose another peer\.listenAddress/,
    );
  });

  test("a port in use while our own files are not in order", async (t) => {
    const { env, file } = await setUp(t);
    const port = Number(env["CORE_PEER_ADDRESS"]?.split(":")[1]);
    const server = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    t.after(() => server.close());
    await rm(file("msp/keystore"), { recursive: true });
    assertSays(await findingsOf(env), "warning", "port", /by this member, if it runs already/);
  });

  const cases: readonly (readonly [string, Environment, Finding["status"], string, RegExp])[] = [
    [
      "an address of another machine",
      { CORE_PEER_LISTENADDRESS: "192.0.2.1:7051" },
      "error",
      "port",
      /\(EADDRNOTAVAIL\)\. Choose an address of this machine/,
    ],
    [
      "another port than advertised",
      { CORE_PEER_LISTENADDRESS: "127.0.0.1:31999" },
      "warning",
      "endpoint",
      /but listen on port 31999[.;:] [Cc]orrect one of them, unless/,
    ],
    [
      "any port, while one is advertised",
      { CORE_PEER_LISTENADDRESS: "127.0.0.1:0" },
      "warning",
      "endpoint",
      /but listen on any free port/,
    ],
    [
      "a name that leads nowhere",
      { CORE_PEER_GOSSIP_EXTERNALENDPOINT: "nowhere.invalid:1" },
      "warning",
      "dns",
      /which we advertise, does not resolve on this machine: DNS (?:knows nobody under that name|does not answer) \(/,
    ],
    [
      "a bootstrap peer whose name leads nowhere",
      { CORE_PEER_GOSSIP_BOOTSTRAP: "nowhere.invalid:1" },
      "error",
      "bootstrap",
      /cannot be joined: DNS .*\(\w+\) \(name-unresolved\)\. Look the name up/,
    ],
    [
      "a state folder that cannot be made",
      { CORE_FABRICGOSSIP_STATEDIR: "/proc/nothing" },
      "warning",
      "state",
      /cannot be written \([\w -]+\), so that .*; make it writable/,
    ],
    [
      "a state folder that is a file",
      { CORE_FABRICGOSSIP_STATEDIR: import.meta.filename },
      "warning",
      "state",
      /cannot be written \([\w -]+\), so that the incarnation and the known members are not kept/,
    ],
  ];
  for (const [name, more, status, check, sentence] of cases) {
    test(name, async (t) => {
      const { env } = await setUp(t);
      assertSays(await findingsOf(env, more), status, check, sentence);
    });
  }

  test("a state folder is left as it was, and what is in it must be ours", async (t) => {
    const { env } = await setUp(t);
    const folder = await temporaryFolder(t);
    const state = { CORE_FABRICGOSSIP_STATEDIR: join(folder, "deep/state") };
    assertSays(await findingsOf(env, state), "ok", "state", /can be written/);
    assert.deepEqual(await readdir(folder), []);
    await mkdir(join(folder, "deep/state"), { recursive: true });
    await writeFile(join(folder, "deep/state/incarnation"), "yesterday");
    assertSays(await findingsOf(env, state), "warning", "state", /holds no incarnation/);
    await writeFile(join(folder, "deep/state/incarnation"), "4000000000000000000\n");
    const ahead = /last started in the future, at 2096-10-02T07:06:40\.000Z: .* Check the clock/;
    assertSays(await findingsOf(env, state), "warning", "clock", ahead);
  });
});
