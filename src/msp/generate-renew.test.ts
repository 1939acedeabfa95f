import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { type GeneratedOrganisation, generateOrganisation } from "./generate.ts";
import { renewPeerCertificate, revokeCertificate } from "./generate-renew.ts";
import { parseRevocationList } from "./revocation.ts";
import { makeFolder } from "./testing.ts";

const NOW_MS = Date.UTC(2030, 0, 1);

async function organisation(t: TestContext): Promise<GeneratedOrganisation> {
  const folder = await makeFolder(t, {});
  return generateOrganisation({ folder, domain: "a.org", peers: 1, users: 0, nowMs: NOW_MS });
}

/** Whether exactly these problems are told, in this order. */
function tells(...wants: readonly RegExp[]) {
  return (error: unknown): boolean => {
    assert(error instanceof GossipError);
    assert.equal(error.problems.length, wants.length, error.message);
    for (const [i, want] of wants.entries()) assert.match(error.problems[i] ?? "", want);
    return true;
  };
}

describe("all that is wrong is told at once, and nothing is written", () => {
  test("with CAs, peer and TLS certificate of a renewal", async (t) => {
    const org = await organisation(t);
    const options = { organisationFolder: org.folder, nowMs: NOW_MS, tls: true };
    const [peer] = org.peers;
    assert(peer);
    await rm(org.tlsCa.keyFile);
    await rm(peer.tlsCertFile);
    const before = await readFile(peer.certFile, "utf8");
    await assert.rejects(
      renewPeerCertificate({ ...options, peer: "peer0", problems: ["Another."] }),
      tells(/^Another\.$/, /tlsca\/priv_sk does not exist/, /server\.crt does not exist/),
    );
    assert.equal(await readFile(peer.certFile, "utf8"), before);
    await writeFile(org.ca.certFile, "");
    await assert.rejects(
      renewPeerCertificate({ ...options, peer: "peer7" }),
      tells(
        /ca\.a\.org.* holds no certificate/,
        /tlsca/,
        /there is no peer peer7\.a\.org, but peer0/,
      ),
    );
  });

  test("with CA, certificate and list of a revocation", async (t) => {
    const org = await organisation(t);
    const options = { organisationFolder: org.folder, nowMs: NOW_MS };
    const list = join(org.mspFolder, "crls/crl.pem");
    const [peer] = org.peers;
    assert(peer);
    await revokeCertificate({ ...options, certFile: peer.certFile });
    await writeFile(list, "x");
    await assert.rejects(
      revokeCertificate({ ...options, certFile: org.tlsCa.certFile }),
      tells(/crl\.pem is no revocation list/, /was not issued by ca\.a\.org/),
    );
    await rm(org.ca.keyFile);
    await assert.rejects(
      revokeCertificate({ ...options, certFile: "no.pem" }),
      tells(/^no\.pem does not exist/, /ca\/priv_sk does not exist/, /crl\.pem is no/),
    );
    assert.equal(await readFile(list, "utf8"), "x");
  });

  test("with an organisation that is not there, once", async (t) => {
    const organisationFolder = join(await makeFolder(t, {}), "no");
    const options = { organisationFolder, nowMs: NOW_MS };
    await assert.rejects(
      renewPeerCertificate({ ...options, peer: "peer0", tls: true }),
      tells(/no does not exist: name a folder as crypto generate/),
    );
    await assert.rejects(
      revokeCertificate({ ...options, certFile: "no.pem" }),
      tells(/^no\.pem/, /no does not exist: name a folder/),
    );
  });
});

describe("of changes at the same time, each takes effect", () => {
  test("no revocation is lost, and nothing else is left, also after a process that was killed", async (t) => {
    const folder = await makeFolder(t, {});
    const made = { folder, domain: "b.org", peers: 4, users: 1, nowMs: NOW_MS };
    const { peers, users, mspFolder, ...org } = await generateOrganisation(made);
    const before = await readdir(org.folder);
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    const lock = join(org.folder, ".in-use");
    await writeFile(lock, `${gone}\n`);
    const revoked = [...peers, ...users];
    const revoke = ({ certFile }: { readonly certFile: string }) =>
      revokeCertificate({ organisationFolder: org.folder, certFile, nowMs: NOW_MS });
    const [first, second, ...others] = revoked;
    assert(first && second);
    await Promise.all(others.map(revoke));
    // In a container each command may have the same number.
    await writeFile(lock, `${process.pid}\n`);
    await revoke(first);
    await writeFile(lock, "");
    await utimes(lock, 1, 1);
    await revoke(second);
    const list = await readFile(join(mspFolder, "crls/crl.pem"));
    const serials = parseRevocationList(list)?.serials;
    assert.equal(serials?.size, revoked.length);
    assert.deepEqual(await readdir(org.folder), before);
  });

  test("a certificate and a key of one renewal stand beside each other", async (t) => {
    const org = await organisation(t);
    const options = { organisationFolder: org.folder, peer: "peer0", nowMs: NOW_MS };
    const [peer] = org.peers;
    assert(peer);
    for (let i = 0; i < 5; i++) {
      await Promise.all([1, 2, 3].map(() => renewPeerCertificate(options)));
      const certificate = new X509Certificate(await readFile(peer.certFile));
      assert.ok(certificate.checkPrivateKey(createPrivateKey(await readFile(peer.keyFile))));
    }
  });
});
