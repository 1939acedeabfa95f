/** What TLS came to, told by codes: against this OpenSSL, not against what it says in words. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { connect, createServer, type TlsOptions } from "node:tls";
import { alternativeNames, keyPem, makeCertificate } from "../msp/testing.ts";
import {
  isAlert,
  isCertificateAlert,
  opensslReason,
  tlsFailure,
  verdictFault,
} from "./tls-fault.ts";

const ca = makeCertificate({ commonName: "ca", isCa: true });
const localhost = alternativeNames("localhost");
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

function pairOf(wish: Partial<Parameters<typeof makeCertificate>[0]> = {}): TlsOptions {
  const made = makeCertificate({
    commonName: "peer",
    issuer: ca,
    extensions: [localhost],
    ...wish,
  });
  return { cert: Buffer.from(made.pem), key: String(keyPem(made)) };
}

/** How dialling this server ends. */
async function errorOf(t: TestContext, server: Server): Promise<Error> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const socket = connect({
    ...{ host: "127.0.0.1", port, servername: "localhost" },
    ...{ ca: Buffer.from(ca.pem), ALPNProtocols: ["h2"], minVersion: "TLSv1.2" as const },
  });
  t.after(() => socket.destroy());
  return new Promise((resolve) => socket.once("error", resolve));
}

describe("tlsFailure()", () => {
  const strict = { requestCert: true, rejectUnauthorized: true, ca: Buffer.from(ca.pem) };
  const old = {
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "DEFAULT:@SECLEVEL=0",
  } as const;
  const stranger = makeCertificate({ commonName: "other ca", isCa: true });
  const cases: readonly (readonly [string, TlsOptions, string])[] = [
    ["another name", pairOf({ extensions: [alternativeNames("elsewhere")] }), "tls-name"],
    ["no name", pairOf({ extensions: [] }), "tls-name"],
    ["another CA", pairOf({ issuer: stranger }), "tls-untrusted"],
    ["expired", pairOf({ notAfter: "20250101000000Z" }), "tls-expired"],
    ["from the future", pairOf({ notBefore: "20590101000000Z" }), "tls-not-yet-valid"],
    ["for clients only", pairOf({ extendedKeyUsage: [CLIENT_AUTH] }), "tls-wrong-purpose"],
    ["older versions only", { ...pairOf(), ...old }, "tls-version"],
    ["another protocol", { ...pairOf(), ALPNProtocols: ["http/1.1"] }, "protocol"],
    ["a demand for a certificate", { ...pairOf(), ...strict }, "tls-refused-us"],
    [
      "no cipher in common",
      { ...pairOf(), maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" },
      "tls",
    ],
  ];
  for (const [name, options, want] of cases) {
    test(`${name}: ${want}`, async (t) => {
      const error = await errorOf(t, createServer(options));
      assert.equal(tlsFailure(error).fault, want, error.message);
      assert.doesNotMatch(tlsFailure(error).reason, /:SSL routines:|\.c:\d/);
    });
  }

  test("a port without TLS", async (t) => {
    const ssh = createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    assert.equal(tlsFailure(await errorOf(t, ssh)).fault, "tls-not-spoken");
    const http = createTcpServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert.equal(tlsFailure(await errorOf(t, http)).fault, "tls-not-spoken");
  });
});

describe("alerts of the other side", () => {
  const alert = (text: string): Error =>
    Object.assign(new Error("x"), {
      code: `ERR_SSL_${text.toUpperCase().replaceAll(" ", "_")}`,
      reason: text,
    });
  const cases: readonly (readonly [string, string, string])[] = [
    ["tlsv13 alert certificate required", "tls-refused-us", "certificate required"],
    ["tlsv1 alert unknown ca", "tls-refused-us", "unknown ca"],
    ["ssl/tls alert bad certificate", "tls-refused-us", "bad certificate"],
    ["sslv3 alert certificate expired", "tls-refused-expired", "certificate expired"],
    ["tlsv1 unrecognized name", "tls-unknown-name", "tlsv1 unrecognized name"],
    ["tlsv1 alert protocol version", "tls-version", "protocol version"],
    ["tlsv1 alert internal error", "tls", "internal error"],
  ];
  for (const [text, fault, reason] of cases) {
    test(`${text}: ${fault}`, () => {
      assert.deepEqual(tlsFailure(alert(text)), { fault, reason });
      assert.equal(isCertificateAlert(alert(text)), fault.startsWith("tls-refused"));
      assert.equal(isAlert(alert(text)), text.includes("alert"));
    });
  }

  test("of a write that failed, Node gives the system's code and OpenSSL's words", () => {
    const message =
      "write EPROTO 40FD:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record.c:354:\n";
    const error = Object.assign(new Error(message), { code: "EPROTO" });
    assert.deepEqual(tlsFailure(error), {
      fault: "tls-not-spoken",
      reason: "wrong version number",
    });
  });

  test("what they say is one short line", () => {
    assert.equal(opensslReason(new Error("a\nb\u001b[2J")), "a b [2J");
    assert.ok(opensslReason(new Error("x".repeat(5_000))).length <= 300);
  });
});

test("a verdict on a certificate that nobody knows is one on the certificate all the same", () => {
  assert.equal(verdictFault("PATH_LENGTH_EXCEEDED"), "tls-bad-certificate");
});
