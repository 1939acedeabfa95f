import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { keyPem, makeCertificate } from "../msp/testing.ts";
import { speaksTls } from "./tls-trial.ts";

test("a trial lets the handshake end: a Fabric peer logs one that is cut short as an error", async (t) => {
  const made = makeCertificate({ commonName: "peer" });
  const failed: Error[] = [];
  const pair = { cert: Buffer.from(made.pem), key: Buffer.from(keyPem(made)) };
  const server = createServer({ ...pair, requestCert: true, rejectUnauthorized: false });
  server.on("tlsClientError", (error) => failed.push(error));
  t.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const accepted = once(server, "secureConnection");
  const isTls = await new Promise<boolean>((resolve) => {
    speaksTls({ host: "127.0.0.1", port: address.port }, resolve);
  });
  assert.equal(isTls, true);
  const [socket]: TLSSocket[] = await Promise.race([
    accepted,
    once(server, "tlsClientError").then(() => []),
  ]);
  assert.deepEqual(failed, []);
  assert.ok(socket);
  socket.resume();
  await once(socket, "end");
});
