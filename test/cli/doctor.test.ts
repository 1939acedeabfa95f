/** Doctor against real files, real sockets and real members: each mistake, and what it says of it. */
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { loadConfig } from "../../src/config/config.ts";
import { examine } from "../../src/doctor/doctor.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import type { Organisation } from "../../src/msp/generate.ts";
import { renewPeerCertificate, revokeCertificate } from "../../src/msp/generate-renew.ts";
import { alternativeNames, keyPem, type Made, makeCertificate } from "../../src/msp/testing.ts";
import { GossipNode } from "../../src/node.ts";
import { freePort, organisation, peerEnvironment, ports, run, temporaryFolder } from "./program.ts";

type Environment = Record<string, string>;

/** A peer that is configured well, and alone. */
interface Peer {
  readonly org: Organisation;
  readonly folder: string;
  readonly env: Environment;
  /** A file of the peer's. */
  readonly file: (name: string) => string;
}

async function setUp(t: TestContext, index = 0, org?: Organisation): Promise<Peer> {
  const made = org ?? (await organisation(await temporaryFolder(t)));
  const folder = made.peers[index]?.folder ?? "";
  const env = peerEnvironment(made, index, await ports());
  return { org: made, folder, env, file: (name) => join(folder, name) };
}

/** Another organisation in the same folder. */
async function foreign(t: TestContext, index = 0): Promise<Peer> {
  const org = await organisation(await temporaryFolder(t), "org2.example.com");
  const peer = await setUp(t, index, org);
  peer.env["CORE_PEER_LOCALMSPID"] = "Org2MSP";
  return peer;
}

async function start(t: TestContext, { env }: Peer, more: Environment = {}): Promise<string> {
  const node = await GossipNode.start(await loadConfig({ env: { ...env, ...more } }));
  t.after(() => node.close());
  return env["CORE_PEER_ADDRESS"] ?? "";
}

async function findingsOf(env: Environment, more: Environment = {}): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of examine({ env: { ...env, ...more } })) findings.push(finding);
  return findings;
}

/** Fails unless there is a finding of this status for this check that says so, remedy included. */
function assertSays(
  findings: readonly Finding[],
  status: Finding["status"],
  check: string,
  sentence: RegExp,
): void {
  const told = findings.map((one) => `${one.status} ${one.check}: ${one.message} ${one.remedy}`);
  const wanted = `${status} ${check}: `;
  const found = told.some((line) => line.startsWith(wanted) && sentence.test(line));
  assert.ok(found, `nothing like "${wanted}${sentence}" in\n${told.join("\n")}`);
}

function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ status }) => status === "error");
}

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

  test("knows the member that runs already, and trusted organisations", async (t) => {
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
    assertSays(findings, "ok", "port", /is in use: this very member runs already/);
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
      /peer\.tls\.key\.file names .*gone, which does not exist\. Correct/,
    );
  });
});

describe("doctor on the configuration (specs A 1, B 2.1)", () => {
  const cases: readonly (readonly [name: string, env: Environment, Finding["status"], RegExp])[] = [
    ["no MSP id", { CORE_PEER_LOCALMSPID: "" }, "error", /peer\.localMspId is not set\. Give it/],
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
      "error",
      /one lost heartbeat would kill a member/,
    ],
    [
      "half a client pair",
      { CORE_PEER_TLS_CLIENTCERT_FILE: "x.crt" },
      "error",
      /belong together\. Set both or neither/,
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
      /nobody can dial\. Name a reachable host/,
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

describe("doctor on MSP folders (spec A 7)", () => {
  type Spoil = (peer: Peer, t: TestContext) => Promise<unknown>;
  const configYaml =
    (change: (text: string) => string): Spoil =>
    async ({ file }) => {
      const path = file("msp/config.yaml");
      await writeFile(path, change(await readFile(path, "utf8")));
    };
  const cases: readonly (readonly [string, Spoil, Finding["status"], string, RegExp])[] = [
    [
      "no CA",
      ({ file }) => rm(file("msp/cacerts"), { recursive: true }),
      "error",
      "msp",
      /cacerts cannot be read .* Create it/,
    ],
    [
      "no key",
      ({ file }) => rm(file("msp/keystore/priv_sk")),
      "error",
      "msp",
      /No file in .*keystore is the private key of .* Put it there/,
    ],
    [
      "the key of another peer",
      ({ org, file }) =>
        copyFile(
          join(org.peers[1]?.mspFolder ?? "", "keystore/priv_sk"),
          file("msp/keystore/priv_sk"),
        ),
      "error",
      "msp",
      /is the private key of/,
    ],
    [
      "a certificate of another CA",
      async ({ file }, t) => {
        const other = await foreign(t);
        const [name = ""] = await readdir(other.file("msp/signcerts"));
        await rm(file("msp/signcerts"), { recursive: true });
        await mkdir(file("msp/signcerts"));
        await copyFile(other.file(`msp/signcerts/${name}`), file("msp/signcerts/cert.pem"));
        await copyFile(other.file("msp/keystore/priv_sk"), file("msp/keystore/priv_sk"));
      },
      "error",
      "msp",
      /refused by its own MSP \(none of the MSP's CAs/,
    ],
    [
      "a certificate that expired",
      ({ org }) =>
        renewPeerCertificate({
          organisationFolder: org.folder,
          peer: "peer0",
          nowMs: Date.now() - 120_000,
          validityMs: 60_000,
        }),
      "error",
      "msp",
      /expired at .* Renew it/,
    ],
    [
      "a certificate that expires soon",
      ({ org }) =>
        renewPeerCertificate({
          organisationFolder: org.folder,
          peer: "peer0",
          nowMs: Date.now(),
          validityMs: 3 * 86_400_000,
        }),
      "warning",
      "certificate",
      /it expires in (2 days|71 hours)\. Renew it in time/,
    ],
    [
      "a certificate that begins in the future",
      ({ org }) =>
        renewPeerCertificate({
          organisationFolder: org.folder,
          peer: "peer0",
          nowMs: Date.now() + 86_400_000,
        }),
      "warning",
      "clock",
      /begins in the future\. Check the clock/,
    ],
    [
      "a certificate that was revoked",
      async ({ org, file }) => {
        const [name = ""] = await readdir(file("msp/signcerts"));
        await revokeCertificate({
          organisationFolder: org.folder,
          certFile: file(`msp/signcerts/${name}`),
          nowMs: Date.now(),
        });
      },
      "error",
      "msp",
      /refused by its own MSP \(.* revoked serial number/,
    ],
    [
      "NodeOUs that know no peers",
      configYaml((text) =>
        text.replace(/(PeerOUIdentifier:[\s\S]*?OrganizationalUnitIdentifier: )peer/, "$1pear"),
      ),
      "error",
      "msp",
      /no organisational unit says what role it has \(it has "peer"\)/,
    ],
    [
      "a NodeOU whose CA cannot be read",
      configYaml((text) => text.replace(/Certificate: .*/, "Certificate: cacerts/gone.pem")),
      "warning",
      "msp",
      /NodeOUs accepts the client role from any CA, since .* cannot be read/,
    ],
    [
      "neither NodeOUs nor admincerts",
      ({ file }) => rm(file("msp/config.yaml")),
      "error",
      "msp",
      /The MSP has no administrator\. Put a certificate into admincerts/,
    ],
    [
      "an administrator who is a peer",
      async ({ file }) => {
        const [name = ""] = await readdir(file("msp/signcerts"));
        await mkdir(file("msp/admincerts"), { recursive: true });
        await copyFile(file(`msp/signcerts/${name}`), file("msp/admincerts/a.pem"));
      },
      "error",
      "msp",
      /is no administrator of this MSP \(its organisational unit is neither/,
    ],
    [
      "a key that others may read",
      ({ file }) => chmod(file("msp/keystore/priv_sk"), 0o644),
      "warning",
      "keys",
      /is open to other users\. Chmod 600 it/,
    ],
    [
      "a trusted organisation without a folder",
      async ({ env }) => {
        env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = "Org2MSP=/nowhere";
      },
      "error",
      "trusted-msp",
      /\/nowhere\/cacerts cannot be read/,
    ],
    [
      "a trusted organisation without TLS CA",
      async ({ env }, t) => {
        const { org } = await foreign(t);
        await rm(join(org.mspFolder, "tlscacerts"), { recursive: true });
        env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${org.mspFolder}`;
      },
      "warning",
      "trusted-msp",
      /Org2MSP has no TLS CA .* Put its TLS CA certificate there/,
    ],
  ];
  for (const [name, spoil, status, check, sentence] of cases) {
    test(name, async (t) => {
      const peer = await setUp(t);
      await spoil(peer, t);
      assertSays(await findingsOf(peer.env), status, check, sentence);
    });
  }
});

describe("doctor on TLS files (spec A 1.3)", () => {
  const ca = makeCertificate({ commonName: "tls ca", isCa: true });
  const localhost = alternativeNames("localhost");
  const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  const leaf = (wish: Parameters<typeof makeCertificate>[0] | object = {}): Made =>
    makeCertificate({ commonName: "peer", issuer: ca, extensions: [localhost], ...wish });

  /** Puts a TLS pair of our own making in place; the peer advertises localhost. */
  async function install({ env, file }: Peer, made: Made, chain: readonly Made[] = []) {
    const port = env["CORE_PEER_ADDRESS"]?.split(":")[1] ?? "";
    env["CORE_PEER_ADDRESS"] = `localhost:${port}`;
    env["CORE_PEER_GOSSIP_EXTERNALENDPOINT"] = `localhost:${port}`;
    const pems = [made, ...chain].map(({ pem }) => Buffer.from(pem).toString());
    await writeFile(file("tls/server.crt"), pems.join(""));
    await writeFile(file("tls/server.key"), keyPem(made), { mode: 0o600 });
    await writeFile(file("tls/ca.crt"), ca.pem);
  }

  test("a pair that is in order, also with its chain", async (t) => {
    const peer = await setUp(t);
    await install(peer, leaf());
    assert.deepEqual(errorsOf(await findingsOf(peer.env)), []);
    const inner = makeCertificate({ commonName: "inner", isCa: true, issuer: ca });
    await install(peer, leaf({ issuer: inner }), [inner]);
    assert.deepEqual(errorsOf(await findingsOf(peer.env)), []);
  });

  const inner = makeCertificate({ commonName: "inner", isCa: true, issuer: ca });
  const strict = { CORE_PEER_TLS_CLIENTAUTHREQUIRED: "true" };
  const pairs: readonly (readonly [
    string,
    Made,
    Environment,
    Finding["status"],
    string,
    RegExp,
  ])[] = [
    [
      "expired",
      leaf({ notAfter: "20250101000000Z" }),
      {},
      "error",
      "tls",
      /server certificate .* expired at 2025-01-01.* Renew it/,
    ],
    [
      "not valid yet",
      leaf({ notBefore: "20590101000000Z" }),
      {},
      "error",
      "clock",
      /begins at 2059-01-01.*, in the future.* Check the clock/,
    ],
    [
      "of another CA",
      leaf({ issuer: makeCertificate({ commonName: "else", isCa: true }) }),
      {},
      "error",
      "tls-chain",
      /refuses our server certificate: .*CA that we do not trust.* issued by the CA in/,
    ],
    [
      "below an intermediate CA that is missing",
      leaf({ issuer: inner }),
      {},
      "error",
      "tls-chain",
      /refuses our server certificate.* add intermediate CAs/,
    ],
    [
      "without a name",
      leaf({ extensions: [] }),
      {},
      "error",
      "tls-names",
      /\(it names nothing\).* Advertise a name of the certificate/,
    ],
    [
      "with another name",
      leaf({ extensions: [alternativeNames("elsewhere")] }),
      {},
      "error",
      "tls-names",
      /advertises localhost, which the TLS certificate does not name/,
    ],
    [
      "for clients only",
      leaf({ extendedKeyUsage: [CLIENT_AUTH] }),
      {},
      "error",
      "tls-chain",
      /refuses our server certificate: .*purpose.* both uses/,
    ],
    [
      "for servers only, where clients are verified",
      leaf({ extendedKeyUsage: [SERVER_AUTH] }),
      strict,
      "error",
      "tls-chain",
      /refuses our client certificate: unsuitable certificate purpose.* both uses/,
    ],
  ];
  for (const [name, made, more, status, check, sentence] of pairs) {
    test(`a certificate ${name}`, async (t) => {
      const peer = await setUp(t);
      await install(peer, made);
      const clientCas = { CORE_PEER_TLS_CLIENTROOTCAS_FILES: peer.file("tls/ca.crt") };
      assertSays(await findingsOf(peer.env, { ...clientCas, ...more }), status, check, sentence);
    });
  }

  test("a server certificate will do for dialling where clients are not verified", async (t) => {
    const peer = await setUp(t);
    await install(peer, leaf({ extendedKeyUsage: [SERVER_AUTH] }));
    assert.deepEqual(errorsOf(await findingsOf(peer.env)), []);
  });

  const files: readonly (readonly [
    string,
    (peer: Peer) => Promise<unknown>,
    Finding["status"],
    string,
    RegExp,
  ])[] = [
    [
      "the key of another peer",
      ({ org, file }) =>
        copyFile(join(org.peers[1]?.folder ?? "", "tls/server.key"), file("tls/server.key")),
      "error",
      "tls",
      /does not belong to the certificate .* Use the pair/,
    ],
    [
      "a certificate that is none",
      ({ file }) => writeFile(file("tls/server.crt"), "x"),
      "error",
      "tls",
      /is not a PEM certificate\. Put one there/,
    ],
    [
      "a key that is none",
      ({ file }) => writeFile(file("tls/server.key"), "x"),
      "error",
      "tls",
      /is not an unencrypted PEM private key/,
    ],
    [
      "a CA file that is none",
      ({ file }) => writeFile(file("tls/ca.crt"), "x"),
      "error",
      "tls",
      /holds no PEM certificate/,
    ],
    [
      "no CA to dial with",
      async ({ env }) => {
        env["CORE_PEER_TLS_ROOTCERT_FILE"] = "";
      },
      "warning",
      "tls-chain",
      /cannot be tried without peer\.tls\.rootcert\.file\. Name the TLS CA there/,
    ],
    [
      "client CAs that do not know us",
      async ({ env, file }) => {
        await writeFile(file("tls/other.crt"), ca.pem);
        env["CORE_PEER_TLS_CLIENTAUTHREQUIRED"] = "true";
        env["CORE_PEER_TLS_CLIENTROOTCAS_FILES"] = file("tls/other.crt");
      },
      "error",
      "tls-chain",
      /refuses our client certificate: its chain leads to no CA of peer\.tls\.clientRootCAs\.files/,
    ],
    [
      "the operations endpoint with the key of another",
      async ({ org, env, file }) => {
        env["CORE_OPERATIONS_TLS_ENABLED"] = "true";
        env["CORE_OPERATIONS_TLS_CERT_FILE"] = file("tls/server.crt");
        env["CORE_OPERATIONS_TLS_KEY_FILE"] = join(org.peers[1]?.folder ?? "", "tls/server.key");
      },
      "error",
      "operations-tls",
      /does not belong to the certificate/,
    ],
    [
      "the operations endpoint that knows no clients",
      async ({ env, file }) => {
        env["CORE_OPERATIONS_TLS_ENABLED"] = "true";
        env["CORE_OPERATIONS_TLS_CERT_FILE"] = file("tls/server.crt");
        env["CORE_OPERATIONS_TLS_KEY_FILE"] = file("tls/server.key");
      },
      "warning",
      "operations-tls",
      /names no CA, so that nobody can use/,
    ],
    [
      "the operations endpoint open to all",
      async ({ env }) => {
        env["CORE_OPERATIONS_LISTENADDRESS"] = `0.0.0.0:${await freePort()}`;
      },
      "warning",
      "operations",
      /open on every interface without TLS/,
    ],
  ];
  for (const [name, spoil, status, check, sentence] of files) {
    test(name, async (t) => {
      const peer = await setUp(t);
      await spoil(peer);
      assertSays(await findingsOf(peer.env), status, check, sentence);
    });
  }
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
      /\(EADDRINUSE\)\. Stop what uses it, or choose another peer\.listenAddress/,
    );
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
      /but listen on port 31999\. Correct one of them, unless/,
    ],
    [
      "a name that leads nowhere",
      { CORE_PEER_GOSSIP_EXTERNALENDPOINT: "nowhere.invalid:1" },
      "warning",
      "dns",
      /which we advertise, does not resolve here/,
    ],
    [
      "a bootstrap peer whose name leads nowhere",
      { CORE_PEER_GOSSIP_BOOTSTRAP: "nowhere.invalid:1" },
      "error",
      "bootstrap",
      /does not resolve \(\w+\)\. Correct the name/,
    ],
    [
      "a state folder that cannot be made",
      { CORE_FABRICGOSSIP_STATEDIR: "/proc/nothing" },
      "error",
      "state",
      /cannot be written \(\w+\)\. Make it a folder/,
    ],
    [
      "a state folder that is a file",
      { CORE_FABRICGOSSIP_STATEDIR: import.meta.filename },
      "error",
      "state",
      /is not a folder/,
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
    assertSays(await findingsOf(env, state), "error", "state", /holds no incarnation\. Remove it/);
  });
});

describe("doctor on bootstrap and anchor peers", () => {
  test("nobody there, and no TLS there", async (t) => {
    const peer = await setUp(t, 1);
    const other = await setUp(t, 0, peer.org);
    const at = await start(t, other, { CORE_PEER_TLS_ENABLED: "false" });
    const bootstrap = `127.0.0.1:${await freePort()} ${at}`;
    const findings = await findingsOf(peer.env, { CORE_PEER_GOSSIP_BOOTSTRAP: bootstrap });
    assertSays(findings, "error", "bootstrap", /ECONNREFUSED .* Check that it runs/);
    assertSays(findings, "error", "bootstrap", /does not speak TLS \(tls\)\. Check the port/);
  });

  test("a certificate that does not name the host we dial", async (t) => {
    const peer = await setUp(t, 1);
    const at = await start(t, await setUp(t, 0, peer.org));
    const bootstrap = at.replace("127.0.0.1", "127.0.0.2");
    const listen = { CORE_PEER_GOSSIP_BOOTSTRAP: bootstrap };
    const server = createServer((socket) => {
      const [host = "", port = ""] = at.split(":");
      const to = connect(Number(port), host);
      socket.pipe(to).pipe(socket);
      for (const one of [socket, to]) one.on("error", () => socket.destroy());
    });
    server.listen(Number(bootstrap.split(":")[1]), "127.0.0.2");
    await new Promise((resolve) => server.once("listening", resolve));
    t.after(() => server.close());
    const findings = await findingsOf(peer.env, listen);
    assertSays(findings, "error", "bootstrap", /Dial a host that its TLS certificate names/);
  });

  test("another organisation: its TLS CA, its MSP, its place", async (t) => {
    const peer = await setUp(t);
    const other = await foreign(t);
    const at = await start(t, other, {
      CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org1MSP=${peer.org.mspFolder}`,
    });
    const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: at };
    const unknownCa = await findingsOf(peer.env, bootstrap);
    assertSays(
      unknownCa,
      "error",
      "bootstrap",
      /CA that we do not trust.* \(tls\)\. Check that the CA/,
    );

    const both = peer.file("tls/both.crt");
    const cas = [peer.file("tls/ca.crt"), other.file("tls/ca.crt")].map((file) => readFile(file));
    await writeFile(both, Buffer.concat(await Promise.all(cas)));
    const unknownMsp = { ...bootstrap, CORE_PEER_TLS_ROOTCERT_FILE: both };
    const untrusted = await findingsOf(peer.env, unknownMsp);
    assertSays(
      untrusted,
      "error",
      "bootstrap",
      /Org2MSP.*\(identity-unknown-msp\)\. To accept its organisation, list/,
    );

    const trusted = { CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${other.org.mspFolder}` };
    const wrongPlace = await findingsOf(peer.env, { ...bootstrap, ...trusted });
    assertSays(
      wrongPlace,
      "error",
      "bootstrap",
      /is of Org2MSP; a bootstrap peer must be of our own/,
    );
    const anchor = { CORE_FABRICGOSSIP_ANCHORPEERS: at, CORE_PEER_GOSSIP_EXTERNALENDPOINT: "" };
    const hidden = await findingsOf(peer.env, { ...anchor, ...trusted });
    assertSays(hidden, "error", "anchor", /we have no external endpoint to show it\. Set/i);
  });

  test("a peer that does not trust us ends the handshake", async (t) => {
    const peer = await setUp(t);
    const other = await foreign(t);
    const at = await start(t, other);
    const findings = await findingsOf(peer.env, {
      CORE_FABRICGOSSIP_ANCHORPEERS: at,
      CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${other.org.mspFolder}`,
    });
    assertSays(
      findings,
      "error",
      "anchor",
      /who answers as CN=peer0\.org2.* cannot be joined: .*not trusted.*\(refused-us\)\. Have our MSP folder trusted there/,
    );
  });

  test("a peer that asks for clients of its own CAs refuses our TLS certificate", async (t) => {
    const peer = await setUp(t);
    const other = await foreign(t);
    const at = await start(t, other, {
      CORE_PEER_TLS_CLIENTAUTHREQUIRED: "true",
      CORE_PEER_TLS_CLIENTROOTCAS_FILES: other.file("tls/ca.crt"),
    });
    const findings = await findingsOf(peer.env, {
      CORE_FABRICGOSSIP_ANCHORPEERS: at,
      CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${other.org.mspFolder}`,
    });
    assertSays(
      findings,
      "error",
      "anchor",
      /during the TLS handshake \(tls\)\. Check that it runs; if it does, have the CA of our TLS certificate/,
    );
  });

  test("a revoked peer", async (t) => {
    const peer = await setUp(t, 1);
    const other = await setUp(t, 0, peer.org);
    const at = await start(t, other);
    const [name = ""] = await readdir(other.file("msp/signcerts"));
    await revokeCertificate({
      organisationFolder: peer.org.folder,
      certFile: other.file(`msp/signcerts/${name}`),
      nowMs: Date.now(),
    });
    const findings = await findingsOf(peer.env, { CORE_PEER_GOSSIP_BOOTSTRAP: at });
    assertSays(findings, "error", "bootstrap", /\(identity-revoked\)\. Give it a new certificate/);
  });

  test("something in between that ends TLS", async (t) => {
    const peer = await setUp(t, 1);
    const behind = await setUp(t, 0, peer.org);
    const at = await start(t, behind);
    const [key, cert, ca] = await Promise.all(
      ["server.key", "server.crt", "ca.crt"].map((name) =>
        readFile(join(peer.org.peers[2]?.folder ?? "", "tls", name)),
      ),
    );
    if (!key || !cert || !ca) throw new Error("the organisation has no third peer");
    const proxy = createTlsServer(
      { key, cert, ca, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ["h2"] },
      (socket) => {
        const [host = "", port = ""] = at.split(":");
        const to = connectTls({ host, port: Number(port), key, cert, ca, ALPNProtocols: ["h2"] });
        socket.pipe(to).pipe(socket);
        for (const one of [socket, to]) one.on("error", () => socket.destroy());
      },
    );
    proxy.listen(0, "127.0.0.1");
    await new Promise((resolve) => proxy.once("listening", resolve));
    t.after(() => proxy.close());
    const address = proxy.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${port}` };
    const findings = await findingsOf(peer.env, bootstrap);
    assertSays(
      findings,
      "error",
      "bootstrap",
      /\(tls-binding-mismatch\)\. Let TLS pass through|\(handshake-closed\)/,
    );
  });
});
