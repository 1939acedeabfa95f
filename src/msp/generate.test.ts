import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { hasCanonicalSignature, parseCertificate } from "./certificate.ts";
import { createCrypto } from "./crypto.ts";
import { type GeneratedOrganisation, generateOrganisation, TEN_YEARS_MS } from "./generate.ts";
import type { MemberFolder } from "./generate-folder.ts";
import { renewPeerCertificate, revokeCertificate } from "./generate-renew.ts";
import { serializeIdentity } from "./identity.ts";
import { loadLocalMsp, loadMsp } from "./load-msp.ts";
import { makeFolder } from "./testing.ts";

/** Certificates are checked by programs with the real clock, so the tests need it as well. */
const NOW_MS = Date.now();
const SANS = ["localhost", "127.0.0.1", "::1"];
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

let folder = "";
let org: GeneratedOrganisation;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "generate-"));
  org = await make("org1.example.com");
});
after(() => rm(folder, { recursive: true }));

function make(domain: string): Promise<GeneratedOrganisation> {
  return generateOrganisation({ folder, domain, peers: 2, users: 1, sans: SANS, nowMs: NOW_MS });
}

async function readCertificate(file: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(file));
}

function member(members: readonly MemberFolder[], name: string): MemberFolder {
  const found = members.find((candidate) => candidate.name === name);
  assert.ok(found, name);
  return found;
}

async function listFiles(): Promise<string[]> {
  const entries = await readdir(org.folder, { recursive: true, withFileTypes: true });
  const files = entries.map((entry) => [
    relative(org.folder, join(entry.parentPath, entry.name)),
    entry.isDirectory() ? "/" : "",
  ]);
  return files.map((parts) => parts.join("")).sort();
}

describe("generateOrganisation() makes what cryptogen makes", () => {
  test("the same folders and files", async () => {
    const msp = ["admincerts/", "cacerts/", "cacerts/ca.%-cert.pem", "config.yaml", "tlscacerts/"];
    const publicMsp = [...msp, "tlscacerts/tlsca.%-cert.pem"];
    const memberOf = (name: string, tls: string) => [
      `${name}/`,
      ...["msp/", "tls/", "tls/ca.crt", `tls/${tls}.crt`, `tls/${tls}.key`].map(
        (f) => `${name}/${f}`,
      ),
      ...publicMsp.map((file) => `${name}/msp/${file}`),
      ...["keystore/", "keystore/priv_sk", "signcerts/"].map((file) => `${name}/msp/${file}`),
      `${name}/msp/signcerts/${name.split("/")[1]}-cert.pem`,
    ];
    const expected = [
      ...["ca/", "ca/ca.%-cert.pem", "ca/priv_sk", "tlsca/", "tlsca/priv_sk"],
      ...["tlsca/tlsca.%-cert.pem", "msp/", "peers/", "users/"],
      ...publicMsp.map((file) => `msp/${file}`),
      ...["peers/peer0.%", "peers/peer1.%"].flatMap((name) => memberOf(name, "server")),
      ...["users/Admin@%", "users/User1@%"].flatMap((name) => memberOf(name, "client")),
    ].map((file) => file.replaceAll("%", "org1.example.com"));
    assert.deepEqual(await listFiles(), expected.sort());
  });

  test("private keys for their owner only, the rest for all", async () => {
    for (const file of await listFiles()) {
      if (file.endsWith("/")) continue;
      const { mode } = await stat(join(org.folder, file));
      const isKey = /priv_sk$|\.key$/.test(file);
      assert.equal(mode & 0o777, isKey ? 0o600 : 0o644, file);
    }
  });

  const subjects = [
    { file: () => org.ca.certFile, want: "O=org1.example.com\nCN=ca.org1.example.com" },
    { file: () => org.tlsCa.certFile, want: "O=org1.example.com\nCN=tlsca.org1.example.com" },
    { file: () => org.peers[0]?.certFile, want: "OU=peer\nCN=peer0.org1.example.com" },
    { file: () => org.peers[0]?.tlsCertFile, want: "CN=peer0.org1.example.com" },
    { file: () => org.users[0]?.certFile, want: "OU=client\nCN=User1@org1.example.com" },
    { file: () => org.users[1]?.certFile, want: "OU=admin\nCN=Admin@org1.example.com" },
  ];
  for (const { file, want } of subjects) {
    test(`a certificate with the subject ${want.replace("\n", ", ")}`, async () => {
      const { subject, validFromDate, validToDate } = await readCertificate(file() ?? "");
      assert.equal(subject, `C=US\nST=California\nL=San Francisco\n${want}`);
      assert.equal(validToDate.getTime() - validFromDate.getTime(), TEN_YEARS_MS);
      assert.ok(Math.abs(NOW_MS - 300_000 - validFromDate.getTime()) <= 30_000);
    });
  }

  test("certificates of the right issuer, with low-S signatures", async () => {
    const ca = await readCertificate(org.ca.certFile);
    const tlsCa = await readCertificate(org.tlsCa.certFile);
    for (const { certFile, tlsCertFile, keyFile } of [...org.peers, ...org.users]) {
      const enrolment = await readCertificate(certFile);
      const tls = await readCertificate(tlsCertFile);
      assert.ok(enrolment.checkIssued(ca) && enrolment.verify(ca.publicKey));
      assert.ok(tls.checkIssued(tlsCa) && tls.verify(tlsCa.publicKey));
      assert.ok(enrolment.checkPrivateKey(createPrivateKey(await readFile(keyFile))));
      for (const { raw } of [enrolment, tls, ca, tlsCa]) {
        const parsed = parseCertificate(raw);
        assert.ok(parsed !== undefined && hasCanonicalSignature(parsed));
      }
    }
  });

  test("TLS certificates for the peer's names and addresses only", async () => {
    const tls = await readCertificate(org.peers[0]?.tlsCertFile ?? "");
    for (const host of ["peer0.org1.example.com", "peer0", "localhost"]) {
      assert.ok(tls.checkHost(host), host);
    }
    for (const address of ["127.0.0.1", "::1"]) assert.ok(tls.checkIP(address), address);
    assert.equal(tls.checkHost("peer1"), undefined);
    assert.equal(tls.checkIP("127.0.0.2"), undefined);
  });

  test("MSP folders that our own loader takes, with peers that it accepts", async () => {
    const peer = member(org.peers, "peer0.org1.example.com");
    const { msp, identity } = await loadLocalMsp(peer.mspFolder, "Org1MSP", { wallMs: NOW_MS });
    const other = await readCertificate(member(org.peers, "peer1.org1.example.com").certFile);
    const verdict = createCrypto([msp]).identify(serializeIdentity("Org1MSP", other.raw).bytes);
    assert.ok(verdict.ok);
    assert.notEqual(verdict.value.pkiId, identity.pkiId);
  });

  test("a tree that openssl verifies", { skip: !hasOpenssl && "openssl is not installed" }, () => {
    for (const { certFile, tlsCertFile, tlsCaFile } of [...org.peers, ...org.users]) {
      const check = ["verify", "-x509_strict", "-CAfile"];
      execFileSync("openssl", [...check, org.ca.certFile, certFile]);
      execFileSync("openssl", [...check, tlsCaFile, "-purpose", "sslserver", tlsCertFile]);
      execFileSync("openssl", [...check, tlsCaFile, "-purpose", "sslclient", tlsCertFile]);
    }
  });
});

describe("generateOrganisation() refuses", () => {
  test("to overwrite an organisation", async () => {
    const before = await readFile(org.ca.keyFile, "utf8");
    await assert.rejects(make("org1.example.com"), /org1\.example\.com exists already; remove it/);
    assert.equal(await readFile(org.ca.keyFile, "utf8"), before);
  });

  const wrong = [
    { change: { domain: "../evil" }, want: /"\.\.\/evil" is no host name/ },
    { change: { peers: ["a/b"] }, want: /"a\/b" is no host name/ },
    { change: { peers: ["a", "a"] }, want: /same name/ },
    { change: { peers: -1 }, want: /-1 peers cannot be made/ },
    { change: { peers: 1_001 }, want: /1001 peers cannot be made/ },
    { change: { users: 0.5 }, want: /cannot be made/ },
    { change: { sans: ["a b"] }, want: /"a b" is neither/ },
    { change: { validityMs: 0 }, want: /validity of 0 ms/ },
  ];
  for (const { change, want } of wrong) {
    test(JSON.stringify(change), async () => {
      const options = { folder, domain: "x.example.com", peers: 1, nowMs: NOW_MS };
      await assert.rejects(
        generateOrganisation({ ...options, ...change }),
        (error) => error instanceof GossipError && want.test(error.message),
      );
    });
  }
});

describe("renewPeerCertificate()", () => {
  test("gives a new identity that is accepted, and with tls the same names again", async () => {
    const { folder: organisationFolder, peers } = await make("renew.example.com");
    const old = member(peers, "peer0.renew.example.com");
    const [oldTls, oldCert] = [
      await readCertificate(old.tlsCertFile),
      await readCertificate(old.certFile),
    ];
    const validityMs = 3_600_000;
    const options = { organisationFolder, peer: "peer0", nowMs: NOW_MS, tls: true, validityMs };
    const renewed = await renewPeerCertificate(options);
    const { identity } = await loadLocalMsp(renewed.mspFolder, "M", { wallMs: NOW_MS });
    assert.notEqual(identity.serial, oldCert.serialNumber.toLowerCase());
    assert.equal(identity.notAfterMs, Math.trunc((NOW_MS + validityMs) / 1_000) * 1_000);
    const tls = await readCertificate(renewed.tlsCertFile);
    assert.equal(tls.subjectAltName, oldTls.subjectAltName);
    assert.notEqual(tls.serialNumber, oldTls.serialNumber);
  });

  test("refuses a peer that does not exist", async () => {
    const options = { organisationFolder: org.folder, peer: "peer9", nowMs: NOW_MS };
    await assert.rejects(renewPeerCertificate(options), GossipError);
  });

  test("issues nothing that outlives its CA, and nothing of a CA that is not valid", async () => {
    const { folder: organisationFolder, peers, ca, tlsCa } = await make("late.example.com");
    const peer = member(peers, "peer0.late.example.com");
    const renewAt = (nowMs: number, tls = true) =>
      renewPeerCertificate({ organisationFolder, peer: "peer0", nowMs, tls });
    const yearMs = 365 * 24 * 3_600_000;
    await renewAt(NOW_MS + yearMs);
    for (const [authority, file] of [
      [ca, peer.certFile],
      [tlsCa, peer.tlsCertFile],
    ] as const) {
      const [{ validTo: end }, leaf] = [
        await readCertificate(authority.certFile),
        await readCertificate(file),
      ];
      assert.equal(leaf.validTo, end);
    }
    const before = await readFile(peer.certFile, "utf8");
    await assert.rejects(renewAt(NOW_MS + 11 * yearMs), {
      code: "msp-invalid",
      message:
        /^The CA certificate .*ca\.late.*-cert\.pem expired at 20\S+Z, so that members refuse/,
    });
    await assert.rejects(renewAt(NOW_MS - yearMs), /begins at 20\S+Z, in the future, so that/);
    await writeFile(tlsCa.certFile, "nonsense");
    await assert.rejects(renewAt(NOW_MS), /holds no certificate/);
    assert.equal(await readFile(peer.certFile, "utf8"), before, "all or nothing");
  });
});

describe("revokeCertificate()", () => {
  let revoked: GeneratedOrganisation;
  let files: readonly string[] = [];
  before(async () => {
    revoked = await make("revoke.example.com");
    const peers = ["peer1.revoke.example.com", "peer0.revoke.example.com"];
    for (const name of [...peers, ...peers]) {
      const { certFile } = member(revoked.peers, name);
      const organisationFolder = revoked.folder;
      files = await revokeCertificate({ organisationFolder, certFile, nowMs: NOW_MS });
    }
  });

  test("reaches the MSP folders of the organisation and of each peer", async () => {
    assert.equal(files.length, 3);
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
    assert.ok(texts[0]?.startsWith("-----BEGIN X509 CRL-----\n"));
    assert.deepEqual(new Set(texts).size, 1);
  });

  test("makes exactly these certificates count as revoked", async () => {
    const crypto = createCrypto([await loadMsp(revoked.mspFolder, "M")]);
    const codeOf = async ({ certFile }: MemberFolder) => {
      const { raw } = await readCertificate(certFile);
      const verdict = crypto.identify(serializeIdentity("M", raw).bytes);
      return verdict.ok ? "accepted" : verdict.code;
    };
    assert.deepEqual(await Promise.all([...revoked.peers, ...revoked.users].map(codeOf)), [
      "identity-revoked",
      "identity-revoked",
      "accepted",
      "accepted",
    ]);
  });

  test("convinces openssl", { skip: !hasOpenssl && "openssl is not installed" }, () => {
    const check = ["verify", "-x509_strict", "-crl_check", "-CAfile", revoked.ca.certFile];
    const verify = (file = "") =>
      spawnSync("openssl", [...check, "-CRLfile", files[0] ?? "", file], { encoding: "utf8" });
    assert.match(verify(revoked.peers[0]?.certFile).stderr, /certificate revoked/);
    assert.equal(verify(revoked.users[0]?.certFile).status, 0);
    const printed = execFileSync("openssl", ["crl", "-noout", "-text", "-in", files[0] ?? ""], {
      encoding: "utf8",
    });
    assert.equal(printed.match(/Serial Number:/g)?.length, 2, "twice is once");
    assert.match(printed, /CRL Number: \n\s+4\n/);
  });

  test("reads the certificate as it comes, and says in words why a file is none", async (t) => {
    const folder = await makeFolder(t, { "empty.pem": "" });
    const [certFile = ""] = revoked.users.map((user) => user.certFile);
    const options = { organisationFolder: revoked.folder, nowMs: NOW_MS };
    const pem = await readFile(certFile, "utf8");
    const file = join(folder, "read");
    for (const form of [
      pem.replace("-----\n", "-----\nComment: x\n\n"),
      (await readCertificate(certFile)).raw,
    ]) {
      await writeFile(file, form);
      await revokeCertificate({ ...options, certFile: file });
    }
    for (const [name, want] of [
      ["gone.pem", /gone\.pem does not exist: check the path\.$/],
      [".", / is a folder: check the path\.$/],
      ["empty.pem", /empty\.pem cannot be used: it is empty: put the PEM text into it\.$/],
    ] as const) {
      const given = { ...options, certFile: join(folder, name) };
      await assert.rejects(revokeCertificate(given), { code: "msp-invalid", message: want });
    }
    const elsewhere = { ...options, certFile, organisationFolder: folder };
    await assert.rejects(
      revokeCertificate(elsewhere),
      /-cert\.pem does not exist; name a folder as/,
    );
  });

  test("refuses the certificate of the CA itself, of another CA, and a broken list", async () => {
    const organisationFolder = revoked.folder;
    const certFile = org.peers[0]?.certFile ?? "";
    const options = { organisationFolder, certFile, nowMs: NOW_MS };
    await assert.rejects(revokeCertificate(options), /was not issued by ca\.revoke\.example\.com/);
    const root = { ...options, certFile: revoked.ca.certFile };
    await assert.rejects(revokeCertificate(root), /the CA itself, which its own revocation list/);
    await writeFile(files[0] ?? "", "nonsense");
    const own = revoked.peers[0]?.certFile ?? "";
    await assert.rejects(revokeCertificate({ ...options, certFile: own }), /no revocation list/);
  });
});
