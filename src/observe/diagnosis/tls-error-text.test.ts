import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { connect } from "node:tls";
import { plainReason } from "./tls-error-text.ts";

const ALERT = (text: string, number: number): string =>
  `40FD822F407F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${text}:../deps/openssl/openssl/` +
  `ssl/record/rec_layer_s3.c:918:SSL alert number ${number}\n`;

describe("plainReason()", () => {
  const cases = [
    [ALERT("tlsv13 alert certificate required", 116), "it refused our TLS certificate"],
    [ALERT("tlsv1 alert unknown ca", 48), "it refused our TLS certificate"],
    [ALERT("tlsv1 alert protocol version", 70), "it speaks another version of TLS"],
    [ALERT("ssl/tls alert handshake failure", 40), "ssl/tls alert handshake failure"],
    [
      "a:error:0A000126:SSL routines::unexpected eof while reading:a.c:1:\n",
      "unexpected eof while reading",
    ],
    [
      "self-signed certificate in certificate chain",
      "its TLS certificate is of a CA that we do not trust " +
        "(self-signed certificate in certificate chain)",
    ],
    ["connect ECONNREFUSED\n127.0.0.1:7051\n", "connect ECONNREFUSED 127.0.0.1:7051"],
    ["x".repeat(1_000), "x".repeat(200)],
  ] as const;
  for (const [text, want] of cases) {
    test(`says "${want.slice(0, 60)}"`, () => assert.equal(plainReason(text), want));
  }

  test("knows what this OpenSSL says of a port without TLS", async (t) => {
    const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    server.listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const socket = connect({ host: "127.0.0.1", port });
    const [error] = await once(socket, "error").catch((failure: unknown) => [failure]);
    assert.equal(plainReason(String(error)), "that port does not speak TLS");
  });
});
