/** Places at an HTTP server: a probe and a newcomer get in whoever holds connections. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect, Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { createApp, type HttpServer, serve } from "./http-server.ts";
import { Places } from "./places.ts";

interface World {
  readonly server: HttpServer;
  open(): Promise<Socket>;
  /** Requests that were answered. */
  answered(): number;
}

async function setUp(t: TestContext): Promise<World> {
  const app = createApp({ host: "127.0.0.1", port: 0 });
  let answered = 0;
  app.use((_context, next) => {
    answered += 1;
    return next();
  });
  app.get("/healthz", (context) => context.json({ status: "OK" }));
  app.get("/api", (context) => context.json({}));
  app.get("/stream", (context) => context.body(new ReadableStream()));
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await serve(app, listen, undefined, { what: "the test", remedy: "" });
  const sockets: Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  };
  return { server, open, answered: () => answered };
}

async function status({ url }: HttpServer, path: string): Promise<number> {
  const response = await fetch(url + path, { signal: AbortSignal.timeout(2_000) });
  await response.text();
  return response.status;
}

describe("an HTTP server of ours", () => {
  test("serves a newcomer beside any number of silent connections", async (t) => {
    const { server, open } = await setUp(t);
    for (let i = 0; i < 600; i++) await open();
    assert.deepEqual([await status(server, "/healthz"), await status(server, "/api")], [200, 200]);
  });

  test("serves a newcomer beside any number of connections that are kept alive", async (t) => {
    const { server, open } = await setUp(t);
    for (let i = 0; i < 300; i++) {
      const socket = await open();
      socket.write("GET /api HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
      await once(socket, "data");
    }
    assert.deepEqual([await status(server, "/healthz"), await status(server, "/api")], [200, 200]);
  });

  test("tells of its health while every place is taken by somebody who is served", async (t) => {
    const { server, open } = await setUp(t);
    const streams: Socket[] = [];
    for (let i = 0; i < 256; i++) {
      const socket = await open();
      socket.write("GET /stream HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
      await once(socket, "data");
      streams.push(socket);
    }
    for (let i = 0; i < 100; i++) await open(); // These fill the reserve.
    assert.deepEqual([await status(server, "/healthz"), await status(server, "/api")], [200, 503]);
    streams[0]?.destroy();
    for (let tries = 0; (await status(server, "/api")) !== 200; tries++) assert.ok(tries < 100);
  });

  for (const path of ["/api", "/healthz", "/nowhere"]) {
    test(`answers few of thousands of requests for ${path} that come at once`, async (t) => {
      const { server, open, answered } = await setUp(t);
      const socket = await open();
      const request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
      socket.resume().write(request.repeat(3_000));
      await new Promise((resolve) => socket.once("close", resolve));
      assert.ok(answered() <= 4, `${answered()} were answered`);
      assert.equal(await status(server, path === "/nowhere" ? "/api" : path), 200);
    });
  }

  test("answers one request after the other on a connection that is kept alive", async (t) => {
    const { open, answered } = await setUp(t);
    const socket = await open();
    for (let i = 1; i <= 50; i++) {
      socket.write("GET /api HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
      await once(socket, "data");
      assert.equal(answered(), i);
    }
  });
});

test("who comes again from the same port before its first connection has closed has a place", () => {
  const server = new Server();
  const places = new Places(server);
  const [first, second] = [new Socket(), new Socket()];
  for (const socket of [first, second]) {
    Object.defineProperty(socket, "remotePort", { value: 40_000 });
    server.emit("connection", socket);
  }
  assert.deepEqual([first.destroyed, second.destroyed], [true, false]);
  first.emit("close");
  const request = new IncomingMessage(second);
  assert.equal(places.hold(request, new ServerResponse(request)), "any");
});
