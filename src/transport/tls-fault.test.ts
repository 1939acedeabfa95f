/** What TLS came to, told by codes: against this OpenSSL, not against what it says in words. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { connect, createServer, type TlsOptions } from "node:tls";
import { alternativeNames, keyPem, makeCertificate } from "../msp/testing.ts";
import { remedyFor } from "../observe/diagnosis/causes.ts";
import { diallerRefusal, isAlert, opensslReason, tlsFailure, verdictFault } from "./tls-fault.ts";

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
    ["a demand for a certificate", { ...pairOf(), ...strict }, "tls-certificate-required"],
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

/** Alerts by number (RFC 8446, section 6, and older ones); all others are `tls`. */
const ALERTS: Readonly<Record<number, string>> = {
  10: "tls-misread",
  20: "tls-misread",
  21: "tls-misread",
  22: "tls-misread",
  30: "tls-misread",
  41: "tls-certificate-required",
  42: "tls-refused-unsaid",
  43: "tls-refused-kind",
  44: "tls-refused-revoked",
  45: "tls-refused-expired",
  46: "tls-refused-unsaid",
  47: "tls-misread",
  48: "tls-refused-us",
  49: "tls-refused-access",
  50: "tls-misread",
  51: "tls-refused-signature",
  70: "tls-version",
  80: "tls-fault-there",
  86: "tls-version",
  90: "tls-fault-there",
  110: "tls-misread",
  112: "tls-unknown-name",
  116: "tls-certificate-required",
  120: "protocol",
};
const WITHOUT_KIND = [40, 60, 71, 100, 109, 111, 113, 114, 115];

describe("alerts of the other side", () => {
  test("each says what it means, as this OpenSSL reads it from the wire", async (t) => {
    const byNumber = new Map<number, Error>();
    for (const number of [...Object.keys(ALERTS).map(Number), ...WITHOUT_KIND]) {
      const server = createTcpServer((socket) => {
        socket.once("data", () => socket.write(Buffer.from([21, 3, 3, 0, 2, 2, number])));
      });
      byNumber.set(number, await errorOf(t, server));
    }
    for (const [number, error] of byNumber) {
      const { fault, reason } = tlsFailure(error);
      assert.equal(fault, ALERTS[number] ?? "tls", `${number}: ${error.message}`);
      assert.match(reason, /^[a-z][a-z ]+$/);
      assert.ok(isAlert(error));
      if (fault !== "protocol") assert.ok(remedyFor(fault), fault);
    }
    const refusals = [...byNumber].flatMap(([number, error]) => {
      const refusal = diallerRefusal(error);
      return refusal === undefined ? [] : [[number, refusal]];
    });
    assert.deepEqual(refusals, [
      ...[
        [42, "tls-client-refuses-us"],
        [43, "tls-refused-kind"],
        [44, "tls-refused-revoked"],
      ],
      ...[
        [45, "tls-refused-expired"],
        [46, "tls-client-refuses-us"],
        [48, "tls-client-refuses-us"],
      ],
      ...[
        [49, "tls-refused-access"],
        [51, "tls-refused-signature"],
      ],
    ]);
  });

  test("older versions of OpenSSL call them otherwise", () => {
    for (const [reason, fault] of [
      ["sslv3 alert certificate revoked", "tls-refused-revoked"],
      ["tlsv13 alert certificate required", "tls-certificate-required"],
      ["tlsv1 unrecognized name", "tls-unknown-name"],
    ] as const) {
      const error = Object.assign(new Error("x"), { code: "ERR_SSL_X", reason });
      assert.equal(tlsFailure(error).fault, fault);
    }
  });

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
