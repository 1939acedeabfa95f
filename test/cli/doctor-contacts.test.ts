/** Doctor on bootstrap and anchor peers: real members, and what stands between us. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { connect as connectTls, createServer as createTlsServer, type TlsOptions } from "node:tls";
import { revokeCertificate } from "../../src/msp/generate-renew.ts";
import { alternativeNames, keyPem, makeCertificate } from "../../src/msp/testing.ts";
import { startDnsServer } from "../names/dns-server.ts";
import { freePort } from "../ports.ts";
import { assertSays, findingsOf, foreign, setUp, start } from "./doctor-peer.ts";
import { launch, until } from "./program.ts";

/** Has the server listen on a port of its own, until the test ends. */
async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

describe("doctor on bootstrap and anchor peers", () => {
  test("nobody there, and no TLS there", async (t) => {
    const peer = await setUp(t, 1);
    const other = await setUp(t, 0, peer.org);
    const at = await start(t, other, { CORE_PEER_TLS_ENABLED: "false" });
    const bootstrap = `127.0.0.1:${await freePort()} ${at}`;
    const findings = await findingsOf(peer.env, { CORE_PEER_GOSSIP_BOOTSTRAP: bootstrap });
    assertSays(findings, "error", "bootstrap", /ECONNREFUSED .* Check that it runs/);
    assertSays(
      findings,
      "error",
      "bootstrap",
      /does not speak TLS \(tls-not-spoken\)\. Check the port/,
    );
  });

  test("leaves nothing in the log of a peer that requires TLS client certificates", async (t) => {
    const peer = await setUp(t, 1);
    const other = await setUp(t, 0, peer.org);
    other.env["CORE_PEER_TLS_CLIENTAUTHREQUIRED"] = "true";
    other.env["CORE_PEER_TLS_CLIENTROOTCAS_FILES"] = other.env["CORE_PEER_TLS_ROOTCERT_FILE"] ?? "";
    const running = launch(t, ["start"], other.env);
    await until("it has started", () => /gossips as/.test(running.output()));
    const at = other.env["CORE_PEER_ADDRESS"] ?? "";
    const findings = await findingsOf(peer.env, { CORE_PEER_GOSSIP_BOOTSTRAP: at });
    assertSays(findings, "ok", "bootstrap", /answers as CN=peer0/);
    assert.doesNotMatch(running.output(), /refused a handshake/);
  });

  test("this member itself under an address that is none of its endpoints, running or not", async (t) => {
    const peer = await setUp(t);
    const [, port = ""] = (peer.env["CORE_PEER_ADDRESS"] ?? "").split(":");
    const more = {
      CORE_PEER_LISTENADDRESS: `0.0.0.0:${port}`,
      CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.2:${port} 0.0.0.0:${port}`,
    };
    const itself = [
      /^127\.0\.0\.2:\d+ .*leads to this member itself/,
      /^0\.0\.0\.0:\d+ .*leads to/,
    ];
    for (const isRunning of [false, true]) {
      if (isRunning) await start(t, peer, more);
      const findings = await findingsOf(peer.env, more);
      const told = findings.filter(({ check }) => check === "bootstrap");
      assert.deepEqual(
        told.map(({ status }) => status),
        ["warning", "warning"],
      );
      for (const [i, { message }] of told.entries()) assert.match(message, itself[i] ?? /^$/);
    }
    const elsewhere = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.2:${await freePort()}` };
    assertSays(await findingsOf(peer.env, elsewhere), "error", "bootstrap", /ECONNREFUSED/);
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

  test("names: where they lead, who answers there, and that nobody is there yet", async (t) => {
    const peer = await setUp(t, 1);
    const at = await start(t, await setUp(t, 0, peer.org));
    const [, port = ""] = at.split(":");
    const dns = await startDnsServer(t);
    dns.records.set("_gossip._tcp.shop.test", [`0 0 ${port} localhost`]);
    dns.records.set("shop.test", ["127.0.0.1"]);
    const names = `_gossip._tcp.shop.test shop.test:${port} nobody.test:7051`;
    const findings = await findingsOf(peer.env, {
      CORE_FABRICGOSSIP_BOOTSTRAPNAMES: names,
      CORE_FABRICGOSSIP_NAMESERVERS: dns.address,
    });
    assertSays(findings, "ok", "bootstrap", /_gossip\._tcp\.shop\.test leads to localhost:\d+\./);
    assertSays(findings, "ok", "bootstrap", /localhost:\d+ answers as CN=peer0\.org1/);
    assertSays(findings, "error", "bootstrap", /not for shop\.test, .* \(tls-name\)\. Dial a host/);
    assertSays(
      findings,
      "warning",
      "bootstrap",
      /nobody\.test:7051 leads nowhere: .*Look the name/,
    );
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
      /CA that we do not trust.* \(tls-untrusted\)[.;:] [Cc]heck that it is the gossip port.*add the CA/,
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
      /named "Org2MSP"; we are of "Org1MSP".*of our own organisation \(bootstrap-untrusted\)[.;:] [Cc]orrect peer\.localMspId/,
    );

    const trusted = { CORE_FABRICGOSSIP_TRUSTEDMSPS: `Org2MSP=${other.org.mspFolder}` };
    const wrongPlace = await findingsOf(peer.env, { ...bootstrap, ...trusted });
    assertSays(
      wrongPlace,
      "error",
      "bootstrap",
      /is of "Org2MSP", we are of "Org1MSP", and a bootstrap peer must be of our own.*List it under/,
    );
    const anchor = { CORE_FABRICGOSSIP_ANCHORPEERS: at, CORE_PEER_GOSSIP_EXTERNALENDPOINT: "" };
    const hidden = await findingsOf(peer.env, { ...anchor, ...trusted });
    assertSays(
      hidden,
      "error",
      "anchor",
      /no external endpoint to show it \(we-are-hidden\)\. Set/,
    );
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
      /who answers as CN=peer0\.org2.* cannot be joined: .*not trusted.*\(refused-us\)\. Have our organisation trusted there/,
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
      /during the TLS handshake \(tls-closed\)\. Check that it runs; if it does, its log says why .*: have the CA of our TLS certificate/,
    );
  });

  test("a peer that speaks another version of TLS, or no gossip behind it", async (t) => {
    const peer = await setUp(t, 1);
    const other = await setUp(t, 0, peer.org);
    const [key, cert] = await Promise.all(
      ["tls/server.key", "tls/server.crt"].map((name) => readFile(other.file(name))),
    );
    if (!key || !cert) throw new Error("the peer has no TLS pair");
    const old: TlsOptions = {
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1",
      ciphers: "DEFAULT:@SECLEVEL=0",
    };
    const noGossip = createSecureServer({ key, cert }).on("stream", (stream) => {
      const trailers = { "grpc-status": "12", "grpc-message": "unknown service" };
      const status = { ":status": 200, "content-type": "application/grpc", ...trailers };
      stream.respond(status, { endStream: true });
    });
    const cases: readonly (readonly [Server, RegExp])[] = [
      [
        createTlsServer({ key, cert, ...old }),
        /another version of TLS \(tls-version\)\. Allow TLS 1\.2/,
      ],
      [
        createTlsServer({ key, cert }),
        /does not speak HTTP\/2 \(protocol\)\. Check that this is the gossip port/,
      ],
      [
        createHttpsServer({ key, cert }),
        /does not speak HTTP\/2 \(protocol\)\. Check that this is the gossip port/,
      ],
      [noGossip, /unknown service\) \(no-gossip\)\. Dial the port of a peer/],
      [
        createServer((socket) => socket.destroy()),
        /closed during the TLS handshake \(tls-closed\)\. Check that it runs/,
      ],
      [createServer(), /no connection within \d+ ms \(timeout\)\. Check that it runs/],
    ];
    const ports = await Promise.all(cases.map(([server]) => listen(t, server)));
    const bootstrap = ports.map((port) => `127.0.0.1:${port}`).join(" ");
    const findings = await findingsOf(peer.env, { CORE_PEER_GOSSIP_BOOTSTRAP: bootstrap });
    for (const [, sentence] of cases) assertSays(findings, "error", "bootstrap", sentence);
  });

  test("a peer whose TLS certificate is not valid now", async (t) => {
    const peer = await setUp(t, 1);
    const ca = makeCertificate({ commonName: "tls ca", isCa: true });
    await writeFile(peer.file("tls/ca.crt"), ca.pem);
    const extensions = [alternativeNames("localhost")];
    const at = async (times: { notBefore?: string; notAfter?: string }): Promise<string> => {
      const made = makeCertificate({ commonName: "peer", issuer: ca, extensions, ...times });
      const pair = { key: Buffer.from(keyPem(made)), cert: Buffer.from(made.pem) };
      return `localhost:${await listen(t, createSecureServer(pair))}`;
    };
    const [old, early] = [
      await at({ notAfter: "20250101000000Z" }),
      await at({ notBefore: "20590101000000Z" }),
    ];
    // Our own pair is of another CA now, which is no matter for dialling.
    const findings = await findingsOf({
      ...peer.env,
      CORE_PEER_GOSSIP_BOOTSTRAP: `${old} ${early}`,
    });
    assertSays(
      findings,
      "error",
      "bootstrap",
      /certificate has expired .*\(tls-expired\)\. Have its TLS certificate, or that of its CA, renewed/,
    );
    assertSays(
      findings,
      "error",
      "bootstrap",
      /not yet valid .*\(tls-not-yet-valid\)\. Check the clocks/,
    );
    assertSays(findings, "warning", "clock", /2059-01-01.*the clock of this machine is slow/);
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
    assertSays(
      findings,
      "error",
      "bootstrap",
      /\(identity-revoked\)[.;:] [Gg]ive it a new certificate/,
    );
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
    const port = await listen(t, proxy);
    const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${port}` };
    const findings = await findingsOf(peer.env, bootstrap);
    assertSays(
      findings,
      "error",
      "bootstrap",
      /\(tls-binding-mismatch\)[.;:] [Ll]et TLS pass through|\(handshake-closed\)/,
    );
  });
});
