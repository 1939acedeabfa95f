/** Doctor on TLS files: each mistake in a real pair, and what is said of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, copyFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Finding } from "../../src/doctor/finding.ts";
import {
  alternativeNames,
  keyPem,
  type Made,
  makeCertificate,
  makeKeys,
} from "../../src/msp/testing.ts";
import { freePort } from "../ports.ts";
import {
  assertSays,
  type Environment,
  errorsOf,
  findingsOf,
  type Peer,
  setUp,
  start,
} from "./doctor-peer.ts";
import { ca, install, leaf } from "./tls-pairs.ts";

/** As a certificate has it. */
function inDays(days: number): string {
  const time = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${time.slice(0, 19).replace(/\D/g, "")}Z`;
}

describe("doctor on TLS files (spec A 1.3)", () => {
  const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

  test("a pair that is in order, also with its chain", async (t) => {
    const peer = await setUp(t);
    await install(peer, leaf());
    assert.deepEqual(errorsOf(await findingsOf(peer.env)), []);
    const inner = makeCertificate({ commonName: "inner", isCa: true, issuer: ca });
    await install(peer, leaf({ issuer: inner }), [inner]);
    assert.deepEqual(errorsOf(await findingsOf(peer.env)), []);
  });

  test("a port in use, by ourselves perhaps, while our certificate has expired", async (t) => {
    const peer = await setUp(t);
    await install(peer, leaf({ notAfter: "20250101000000Z" }));
    const port = Number(peer.env["CORE_PEER_ADDRESS"]?.split(":")[1]);
    const server = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const findings = await findingsOf(peer.env);
    assertSays(findings, "warning", "port", /in use: by this member, if it runs already/);
  });

  const inner = makeCertificate({ commonName: "inner", isCa: true, issuer: ca });
  const noCa = makeCertificate({ commonName: "no ca" });
  const ended = makeCertificate({ commonName: "ended", isCa: true, notAfter: "20250101000000Z" });
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
      /Our own TLS certificate expired at 2025-01-01.* \(own-tls-certificate-expired\)\. Renew it/,
    ],
    [
      "not valid yet",
      leaf({ notBefore: "20590101000000Z" }),
      {},
      "error",
      "clock",
      /begins at 2059-01-01.*, in the future.* Check the clock/i,
    ],
    [
      "of another CA",
      leaf({ issuer: makeCertificate({ commonName: "else", isCa: true }) }),
      {},
      "error",
      "tls-chain",
      /refuses our server certificate: none of the trusted CAs is its issuer, CN=else\. Have .* issued by a CA in peer\.tls\.rootcert\.file, or add its CA there/i,
    ],
    [
      "below an intermediate CA that is missing",
      leaf({ issuer: inner }),
      {},
      "error",
      "tls-chain",
      /refuses our server certificate.* put intermediate CAs behind the certificate/i,
    ],
    [
      "without a name",
      leaf({ extensions: [] }),
      {},
      "error",
      "tls-names",
      /\(it names nothing, as a common name does not count\).*; have it issued with the subject alternative name DNS:localhost\./,
    ],
    [
      "with an address among the DNS names",
      leaf({ extensions: [alternativeNames("127.0.0.1")] }),
      { CORE_PEER_GOSSIP_ENDPOINT: "127.0.0.1:7051" },
      "error",
      "tls-names",
      /and an address counts as IP Address only\).* subject alternative name IP Address:127\.0\.0\.1\./,
    ],
    [
      "with another name",
      leaf({ extensions: [alternativeNames("elsewhere")] }),
      {},
      "error",
      "tls-names",
      /advertises localhost, which the TLS certificate does not name/i,
    ],
    [
      "for clients only",
      leaf({ extendedKeyUsage: [CLIENT_AUTH] }),
      {},
      "error",
      "tls-chain",
      /refuses our server certificate: .*purpose.* both uses/i,
    ],
    [
      "of a CA that may not issue it",
      leaf({ issuer: noCa }),
      { CORE_PEER_TLS_ROOTCERT_FILE: "tls/no-ca.crt" },
      "error",
      "tls-chain",
      /its issuer CN=no ca may not issue it\. Put a CA certificate with basicConstraints CA and .* into peer\.tls\.rootcert\.file/i,
    ],
    [
      "of a CA that has ended",
      leaf({ issuer: ended }),
      { CORE_PEER_TLS_ROOTCERT_FILE: "tls/ended.crt" },
      "error",
      "tls-chain",
      /of its CA CN=ended: not valid at .* Renew the CA certificate, or have/i,
    ],
    [
      "on a curve that Go does not know",
      leaf({ keys: makeKeys("brainpoolP256r1") }),
      {},
      "error",
      "tls",
      /its key is on the curve brainpoolP256r1\): have it issued for an ECDSA P-256 key/i,
    ],
    [
      "for servers only, where clients are verified",
      leaf({ extendedKeyUsage: [SERVER_AUTH] }),
      strict,
      "error",
      "tls-chain",
      /refuses our client certificate: .*purpose.* both uses/i,
    ],
  ];
  for (const [name, made, more, status, check, sentence] of pairs) {
    test(`a certificate ${name}`, async (t) => {
      const peer = await setUp(t);
      await install(peer, made);
      await writeFile(peer.file("tls/no-ca.crt"), noCa.pem);
      await writeFile(peer.file("tls/ended.crt"), ended.pem);
      const root = more["CORE_PEER_TLS_ROOTCERT_FILE"];
      if (root !== undefined) peer.env["CORE_PEER_TLS_ROOTCERT_FILE"] = peer.file(root);
      const clientCas = { CORE_PEER_TLS_CLIENTROOTCAS_FILES: peer.file("tls/ca.crt") };
      assertSays(await findingsOf({ ...clientCas, ...more, ...peer.env }), status, check, sentence);
    });
  }

  test("a server certificate will do for dialling where clients are not verified", async (t) => {
    const peer = await setUp(t);
    await install(peer, leaf({ extendedKeyUsage: [SERVER_AUTH] }));
    const findings = await findingsOf(peer.env);
    assert.deepEqual(errorsOf(findings), []);
    const doubt = /require TLS client certificates .* refuse ours: .* Reissue .* both uses/;
    assertSays(findings, "warning", "tls-chain", doubt);
  });

  const files: readonly (readonly [
    string,
    (peer: Peer) => Promise<unknown>,
    Finding["status"],
    string,
    RegExp,
  ])[] = [
    [
      "a chain that is half written",
      ({ file }) => appendFile(file("tls/server.crt"), "-----BEGIN CERTIFICATE-----\nMIIB"),
      "error",
      "tls",
      /TLS server certificate \S+server\.crt is used in part: 1 of its 2 certificates cannot be read.* Put the whole text/i,
    ],
    [
      "the certificate of the CA before that of the server",
      async ({ file }) => {
        const chain = [await readFile(file("tls/ca.crt")), await readFile(file("tls/server.crt"))];
        await writeFile(file("tls/server.crt"), Buffer.concat(chain));
      },
      "error",
      "tls",
      /does not belong to the certificate .* Put the certificate of this key first/i,
    ],
    [
      "the key of another peer",
      ({ org, file }) =>
        copyFile(join(org.peers[1]?.folder ?? "", "tls/server.key"), file("tls/server.key")),
      "error",
      "tls",
      /does not belong to the certificate .* Use the pair/i,
    ],
    [
      "a certificate that is none",
      ({ file }) => writeFile(file("tls/server.crt"), "x"),
      "error",
      "tls",
      /cannot be used: there is no PEM block in it[.;:] [Pp]ut the PEM text there/i,
    ],
    [
      "a key that is none",
      ({ file }) => writeFile(file("tls/server.key"), "x"),
      "error",
      "tls",
      /key .* cannot be used: it holds no private key in PEM form: put a private key as/i,
    ],
    [
      "a key as a secret of Kubernetes is shown",
      async ({ file }) =>
        writeFile(
          file("tls/server.key"),
          (await readFile(file("tls/server.key"))).toString("base64"),
        ),
      "error",
      "tls",
      /key .* cannot be used: its PEM text is encoded in base64 once more: replace it by/i,
    ],
    [
      "a certificate that OpenSSL marks as trusted",
      async ({ file }) => {
        const pem = (await readFile(file("tls/server.crt"))).toString();
        await writeFile(
          file("tls/server.crt"),
          pem.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"),
        );
      },
      "error",
      "tls",
      /certificate .* its first PEM block \(TRUSTED CERTIFICATE\) is not a certificate/i,
    ],
    [
      "a CA file that is none",
      ({ file }) => writeFile(file("tls/ca.crt"), "x"),
      "error",
      "tls",
      /TLS CA .* cannot be used: there is no PEM block in it/i,
    ],
    [
      "no CA to dial with",
      async ({ env }) => {
        env["CORE_PEER_TLS_ROOTCERT_FILE"] = "";
      },
      "warning",
      "tls-chain",
      /cannot test whether peers accept our TLS certificate\. Name the TLS CA there/i,
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
      /refuses our client certificate: none of the trusted CAs.* issued by a CA in peer\.tls\.clientRootCAs\.files/i,
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
      /does not belong to the certificate/i,
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
      /names no CA, so that nobody can use/i,
    ],
    [
      "the operations endpoint whose certificate has expired, with which the member starts",
      async (peer) => {
        const { env, file } = peer;
        const made = leaf({ notAfter: "20250101000000Z" });
        await writeFile(file("tls/old.pem"), `${Buffer.from(made.pem)}${keyPem(made)}`);
        env["CORE_OPERATIONS_TLS_ENABLED"] = "true";
        env["CORE_OPERATIONS_TLS_CERT_FILE"] = file("tls/old.pem");
        env["CORE_OPERATIONS_TLS_KEY_FILE"] = file("tls/old.pem");
      },
      "warning",
      "operations-tls",
      /The TLS certificate of the operations endpoint expired at 2025-01-01.* Renew operations/,
    ],
    [
      "the operations endpoint whose certificate expires soon",
      async ({ env, file }) => {
        const made = leaf({ notAfter: inDays(5) });
        await writeFile(file("tls/soon.pem"), `${Buffer.from(made.pem)}${keyPem(made)}`);
        env["CORE_OPERATIONS_TLS_ENABLED"] = "true";
        env["CORE_OPERATIONS_TLS_CERT_FILE"] = file("tls/soon.pem");
        env["CORE_OPERATIONS_TLS_KEY_FILE"] = file("tls/soon.pem");
        env["CORE_OPERATIONS_TLS_CLIENTROOTCAS_FILES"] = file("tls/ca.crt");
      },
      "warning",
      "operations-tls",
      /soon\.pem and its key match; it expires in 4 days\. Renew it in time/i,
    ],
    [
      "the certificate that is shown as a client and expires soon",
      async ({ env, file }) => {
        const made = leaf({ notAfter: inDays(5) });
        await writeFile(file("tls/client.pem"), `${Buffer.from(made.pem)}${keyPem(made)}`);
        env["CORE_PEER_TLS_CLIENTCERT_FILE"] = file("tls/client.pem");
        env["CORE_PEER_TLS_CLIENTKEY_FILE"] = file("tls/client.pem");
      },
      "warning",
      "tls",
      /client\.pem and its key match; it is shown as a client and expires in 4 days\. Renew/i,
    ],
    [
      "the operations endpoint open to all",
      async ({ env }) => {
        env["CORE_OPERATIONS_LISTENADDRESS"] = `0.0.0.0:${await freePort()}`;
      },
      "warning",
      "operations",
      /open on every interface without TLS/i,
    ],
  ];
  for (const [name, spoil, status, check, sentence] of files) {
    test(name, async (t) => {
      const peer = await setUp(t);
      await spoil(peer);
      assertSays(await findingsOf(peer.env), status, check, sentence);
    });
  }

  test("a key whose BEGIN line names another form serves, as in Go", async (t) => {
    const peer = await setUp(t);
    const pem = (await readFile(peer.file("tls/server.key"))).toString();
    await writeFile(peer.file("tls/server.key"), pem.replaceAll("PRIVATE", "RSA PRIVATE"));
    assert.deepEqual(errorsOf(await findingsOf(peer.env)), []);
    await start(t, peer);
  });
});
