/** An HTTP server of ours over TLS: strangers cannot make it shake hundreds of hands in one go. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { connect as connectTls, createSecureContext, type TLSSocket } from "node:tls";
import { createApp, serve } from "../../src/ops/http-server.ts";
import { createAuthority } from "../transport/certificates.ts";

const LISTEN = { host: "127.0.0.1", port: 0 };
const authority = await createAuthority("test CA");
const { cert, key } = await authority.issue("operations");

function portOf(server: Server): number {
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  return address.port;
}

/** The first bytes of a TLS client that names its server. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, LISTEN.host);
  await once(server, "listening");
  const accepted = once(server, "connection");
  const client = connectTls({ port: portOf(server), host: LISTEN.host, servername: "localhost" });
  client.on("error", () => {});
  const [socket] = (await accepted) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return hello;
}

test("answers a few of the clients that begin together, and the next ones in later rounds", async (t) => {
  const context = createSecureContext({ cert, key });
  let [inThisRound, most, greeted] = [0, 0, 0];
  const SNICallback = (_name: string, done: (e: null, c: typeof context) => void): void => {
    greeted += 1;
    inThisRound += 1;
    most = Math.max(most, inThisRound);
    setImmediate(() => {
      inThisRound = 0;
    });
    done(null, context);
  };
  const server = await serve(createApp(LISTEN), LISTEN, { cert, key, SNICallback }, EXPLAIN);
  const sockets: Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });
  const hello = await clientHello();
  for (let i = 0; i < 40; i++) {
    const socket = connectTcp(Number(new URL(server.url).port), LISTEN.host);
    socket.on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
  }
  for (const socket of sockets) socket.write(hello);
  while (greeted < sockets.length) await nextRound();
  // Three are read, and at the end of the round as many begin their turn whose bytes were put off.
  assert.ok(most <= 6, `${most} in one round`);
});

test("knows and answers a client whose bytes come one by one, and one whose come all at once", async (t) => {
  const app = createApp(LISTEN);
  app.get("/who", (context) => context.text(`from ${context.env.incoming.socket.remoteAddress}`));
  const server = await serve(app, LISTEN, { cert, key }, EXPLAIN);
  const port = Number(new URL(server.url).port);
  const slow = createServer((client) => {
    const onward = connectTcp(port, LISTEN.host).setNoDelay();
    onward.pipe(client);
    client.on("data", (bytes: Buffer) => {
      for (const byte of bytes) onward.write(Uint8Array.of(byte));
    });
    client.on("close", () => onward.destroy()).on("error", () => {});
    onward.on("error", () => {});
  }).listen(0, LISTEN.host);
  await once(slow, "listening");
  t.after(async () => {
    slow.close();
    await server.close();
  });
  const request = "GET /who HTTP/1.1\r\nhost: localhost\r\n";
  for (const [through, times] of [
    [portOf(slow), 1],
    [port, 3],
  ] as const) {
    const client = connectTls({ port: through, ca: authority.cert });
    client.write(`${`${request}\r\n`.repeat(times - 1)}${request}connection: close\r\n\r\n`);
    let answer = "";
    for await (const bytes of client) answer += bytes;
    assert.equal(answer.match(/from 127\.0\.0\.1/g)?.length, times);
  }
});

test("shakes hands once in a connection, and answers there", async (t) => {
  const app = createApp(LISTEN);
  app.get("/healthz", (context) => context.json({ status: "OK" }));
  const server = await serve(app, LISTEN, { cert, key }, EXPLAIN);
  t.after(() => server.close());
  const port = Number(new URL(server.url).port);
  const open = async (): Promise<TLSSocket> => {
    const socket = connectTls({ port, ca: authority.cert, maxVersion: "TLSv1.2" });
    await once(socket, "secureConnect");
    return socket;
  };
  const patient = await open();
  patient.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
  assert.match(String((await once(patient, "data"))[0]), /^HTTP\/1\.1 200 /);
  patient.destroy();
  const eager = await open();
  eager.on("error", () => {}); // An alert, or the end of the connection: either may come first.
  const isDone = await new Promise((resolve) => {
    eager.renegotiate({}, (error) => resolve(error === null));
    eager.once("close", () => resolve(false));
  });
  assert.equal(isDone, false);
});

test("refuses a client whose certificates are too many to be checked in one go", async (t) => {
  const asks = { ca: authority.cert, requestCert: true, rejectUnauthorized: false };
  const server = await serve(createApp(LISTEN), LISTEN, { cert, key, ...asks }, EXPLAIN);
  t.after(() => server.close());
  const statusAfter = async (chainLength: number): Promise<string> => {
    const chain = Buffer.concat([cert, ...Array(chainLength).fill(authority.cert)]);
    const port = Number(new URL(server.url).port);
    const client = connectTls({ port, ca: authority.cert, cert: chain, key });
    client.on("error", () => {});
    client.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    const [answer] = await Promise.race([once(client, "data"), once(client, "close")]);
    client.destroy();
    return answer instanceof Buffer ? answer.toString("latin1").split("\r\n", 1).join() : "closed";
  };
  assert.equal(await statusAfter(5), "HTTP/1.1 404 Not Found");
  assert.equal(await statusAfter(60), "closed");
});

const EXPLAIN = { what: "the test", remedy: "" };
