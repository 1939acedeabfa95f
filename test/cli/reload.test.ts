/** Files that are read again while a member runs, and are not in order: processes. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { keyPem, type Made, makeCertificate } from "../../src/msp/testing.ts";
import { type Environment, foreign, type Peer, setUp } from "./doctor-peer.ts";
import { launch, type Running, run, until } from "./program.ts";

async function startPeer(t: TestContext, peer: Peer): Promise<Running> {
  const running = launch(t, ["start"], peer.env);
  await until("it has started", () => /gossips as/.test(running.output()));
  return running;
}

const countOf = (running: Running, text: string): number => running.output().split(text).length - 1;

const healthOf = async ({ env }: { readonly env: Environment }): Promise<string> =>
  (await fetch(`http://${env["CORE_OPERATIONS_LISTENADDRESS"]}/healthz`)).text();

describe("files that are read again", () => {
  test("a renewal that cannot be used is logged once, however often it is looked at", async (t) => {
    const peer = await setUp(t);
    const running = await startPeer(t, peer);
    const [name = ""] = await readdir(peer.file("msp/signcerts"));
    const file = peer.file(`msp/signcerts/${name}`);
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, 300));
    const told = "not all files could be read again";
    // The first write may have come before the member's first look.
    await until("it is told", async () => {
      await utimes(file, new Date(), new Date());
      return countOf(running, told) > 0;
    });
    const before = countOf(running, told);
    // Another change, and so another look at the same fault.
    await writeFile(file, whole.subarray(0, 300));
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    assert.equal(countOf(running, told), before, running.output());
    assert.match(await healthOf(peer), /not all files could be read again/);
    await writeFile(file, whole);
    await until("it is read", () => countOf(running, "read certificates, keys") > 0);
    assert.match(await healthOf(peer), /"OK"/);
  });

  test("a certificate that is gone is told, and the member goes on with the one it has", async (t) => {
    const peer = await setUp(t);
    const running = await startPeer(t, peer);
    await rename(peer.file("msp/signcerts"), peer.file("msp/elsewhere"));
    running.child.kill("SIGHUP");
    await until("it is told", () =>
      /There is no certificate in .*signcerts/.test(running.output()),
    );
    assert.match(await healthOf(peer), /There is no certificate in/);
    assert.equal(running.child.exitCode, null);
    await rename(peer.file("msp/elsewhere"), peer.file("msp/signcerts"));
    running.child.kill("SIGHUP");
    await until("it is well again", async () => (await healthOf(peer)).includes('"OK"'));
  });

  test("a trusted MSP that is broken does not keep a new revocation list from counting", async (t) => {
    const [peer, other] = [await setUp(t), await foreign(t)];
    peer.env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${other.org.mspFolder}`;
    const fellow = await setUp(t, 1, peer.org);
    fellow.env["CORE_PEER_GOSSIP_BOOTSTRAP"] = peer.env["CORE_PEER_ADDRESS"] ?? "";
    const running = await startPeer(t, peer);
    await startPeer(t, fellow);
    await until("they meet", () => / joined /.test(running.output()));
    await rm(join(other.org.mspFolder, "cacerts"), { recursive: true });
    await mkdir(join(other.org.mspFolder, "cacerts"));
    const [certificate = ""] = await readdir(fellow.file("msp/signcerts"));
    const revoke = ["crypto", "revoke", fellow.file(`msp/signcerts/${certificate}`)];
    const { code } = await run(t, [...revoke, "--org", peer.org.folder]);
    assert.equal(code, 0);
    running.child.kill("SIGHUP");
    await until("it is dropped", () => /forgot the identity of .*: revoked/.test(running.output()));
    await until("the MSP is told of", () => /There is no root CA/.test(running.output()));
  });

  test("the TLS certificate of the operations endpoint is told of when it has expired, and renewed", async (t) => {
    const peer = await setUp(t);
    const [own, url] = [peer.file("operations.pem"), peer.env["CORE_OPERATIONS_LISTENADDRESS"]];
    const place = async (made: Made): Promise<void> => {
      await writeFile(own, `${Buffer.from(made.pem)}${keyPem(made)}`, { mode: 0o600 });
    };
    await place(makeCertificate({ commonName: "old", notAfter: "20250101000000Z" }));
    peer.env["CORE_OPERATIONS_TLS_ENABLED"] = "true";
    peer.env["CORE_OPERATIONS_TLS_CERT_FILE"] = own;
    peer.env["CORE_OPERATIONS_TLS_KEY_FILE"] = own;
    const healthz = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const asked = get(`https://${url}/healthz`, { rejectUnauthorized: false }, (response) => {
          void response.toArray().then((parts) => resolve(Buffer.concat(parts).toString()), reject);
        });
        asked.once("error", reject);
      });
    const running = await startPeer(t, peer);
    assert.match(
      await healthz(),
      /the TLS certificate of the operations endpoint expired at 2025-01-01.* Renew operations/,
    );
    await until("it is told", () => /code=operations-certificate-expired/.test(running.output()));
    await place(makeCertificate({ commonName: "new" }));
    running.child.kill("SIGHUP");
    await until("it is well", async () => (await healthz()).includes('"OK"'));
    await until("it is over", () => /over: operations-certificate-expired/.test(running.output()));
  });

  test("TLS files that OpenSSL alone finds fault with are named", async (t) => {
    const peer = await setUp(t);
    const chain = peer.file("tls/server.crt");
    const keys = generateKeyPairSync("rsa", { modulusLength: 512 });
    const issuer = makeCertificate({ commonName: "ca", isCa: true });
    const weak = makeCertificate({ commonName: "p", keys, issuer });
    await writeFile(chain, weak.pem);
    await writeFile(peer.file("tls/server.key"), keyPem(weak), { mode: 0o600 });
    const { stderr } = await run(t, ["start"], peer.env);
    assert.match(
      stderr,
      /\S+server\.crt cannot be used \(.+\): have it issued for an ECDSA P-256 key/,
    );
  });
});
