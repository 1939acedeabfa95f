/** A second opinion: grpc-js as client of our server, and as server for our client. */
import assert from "node:assert/strict";
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type StatusObject,
} from "@grpc/grpc-js";
import type { Link, NetworkFault } from "../../src/transport/network.ts";
import { createGrpcWorld, MESSAGE_BYTES_MAX, TLS, until } from "./grpc-world.ts";
import { dialFault, dialOk, type Heard, listenTo } from "./suite.ts";

const PING = "/gossip.Gossip/Ping";
const STREAM = "/gossip.Gossip/GossipStream";
const asIs = (bytes: Buffer): Buffer => bytes;
const sizes = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

describe("a grpc-js client of our server", () => {
  const world = createGrpcWorld(TLS);
  const clients: Client[] = [];
  const accepted: Link[] = [];

  async function connect(): Promise<Client> {
    accepted.length = 0;
    const { network } = world.grpc();
    await network.listen((link) => accepted.push(link));
    const secure = credentials.createSsl(TLS.rootCas[0], TLS.clientKey, TLS.clientCert);
    const client = new Client(`localhost:${network.port}`, secure, sizes);
    clients.push(client);
    return client;
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await world.close();
  });

  interface Call {
    readonly call: ClientDuplexStream<Buffer, Buffer>;
    readonly received: Buffer[];
    readonly statuses: StatusObject[];
    readonly link: Link;
    readonly heard: Heard;
  }
  async function openCall(): Promise<Call> {
    const client = await connect();
    const call = client.makeBidiStreamRequest(STREAM, asIs, asIs);
    const received: Buffer[] = [];
    const statuses: StatusObject[] = [];
    call.on("data", (bytes: Buffer) => received.push(bytes));
    call.on("status", (status: StatusObject) => statuses.push(status));
    call.on("error", () => {});
    await until(() => accepted.length === 1);
    const link = accepted[0];
    assert.ok(link);
    return { call, received, statuses, link, heard: listenTo(link) };
  }

  test("gets an empty answer to Ping", async () => {
    const client = await connect();
    const answers: (Buffer | undefined)[] = [];
    client.makeUnaryRequest(PING, asIs, asIs, Buffer.alloc(0), (error, answer) => {
      assert.equal(error, null);
      answers.push(answer);
    });
    await until(() => answers.length === 1);
    assert.equal(answers[0]?.length, 0);
  });

  test("exchanges messages of many lengths, both ways", async () => {
    const { call, received, link, heard } = await openCall();
    const sent = [0, 1, 1_000, 16_384, 70_000].map((length) => Buffer.alloc(length, length));
    for (const bytes of sent) {
      call.write(bytes);
      link.send(bytes);
    }
    await until(() => received.length === sent.length && heard.messages.length === sent.length);
    assert.deepEqual(received, sent);
    assert.deepEqual(heard.messages, sent);
  });

  const endings: readonly [string, (call: Call) => void, number, RegExp][] = [
    ["OK when we close", ({ link }) => link.close(), 0, /^$/],
    [
      "UNKNOWN and the reason when we refuse",
      ({ link }) => link.close("änderung!"),
      2,
      /änderung!/,
    ],
    [
      "RESOURCE_EXHAUSTED for a message that is too long",
      ({ call }) => call.write(Buffer.alloc(MESSAGE_BYTES_MAX + 1)),
      8,
      /above the limit/,
    ],
    ["OK when it ends its half", ({ call }) => call.end(), 0, /^$/],
  ];
  for (const [name, act, code, details] of endings) {
    test(`sees status ${name}`, async () => {
      const opened = await openCall();
      opened.call.write(Buffer.from("first"));
      await until(() => opened.heard.messages.length === 1);
      act(opened);
      await until(() => opened.statuses.length === 1 && opened.heard.closed.length === 1);
      assert.equal(opened.statuses[0]?.code, code);
      assert.match(opened.statuses[0]?.details ?? "", details);
    });
  }

  test("may cancel: the link is closed", async () => {
    const { call, heard } = await openCall();
    call.cancel();
    await until(() => heard.closed.length === 1);
    assert.equal(heard.closed[0]?.fault, "closed");
  });

  test("sees UNIMPLEMENTED for a method we do not have, and for compressed messages", async () => {
    const client = await connect();
    const codes: (number | undefined)[] = [];
    client.makeUnaryRequest("/gossip.Gossip/Nope", asIs, asIs, Buffer.alloc(0), (error) =>
      codes.push(error?.code),
    );
    await until(() => codes.length === 1);
    assert.deepEqual(codes, [12]);
  });
});

describe("our client of a grpc-js server", () => {
  const world = createGrpcWorld(TLS);
  const servers: Server[] = [];
  type ServerCall = ServerDuplexStream<Buffer, Buffer>;

  async function serve(
    accept: (call: ServerCall) => void,
    pingFault?: { readonly code: number; readonly details: string },
  ): Promise<{ readonly endpoint: string }> {
    const server = new Server(sizes);
    servers.push(server);
    const method = { requestSerialize: asIs, requestDeserialize: asIs };
    const both = { ...method, responseSerialize: asIs, responseDeserialize: asIs };
    server.addService(
      {
        ping: { ...both, path: PING, requestStream: false, responseStream: false },
        stream: { ...both, path: STREAM, requestStream: true, responseStream: true },
      },
      {
        ping: (_call: unknown, done: (error: object | null, answer?: Buffer) => void) =>
          pingFault ? done(pingFault) : done(null, Buffer.alloc(0)),
        stream: accept,
      },
    );
    const pair = { private_key: TLS.key, cert_chain: TLS.cert };
    const secure = ServerCredentials.createSsl(TLS.clientRootCas[0] ?? null, [pair], true);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", secure, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return { endpoint: `127.0.0.1:${port}` };
  }
  afterEach(async () => {
    for (const server of servers.splice(0)) server.forceShutdown();
    await world.close();
  });

  test("pings and exchanges messages of many lengths", async () => {
    const sent = [0, 1, 1_000, 16_384, 70_000].map((length) => Buffer.alloc(length, length));
    const { endpoint } = await serve((call) => call.on("data", (bytes) => call.write(bytes)));
    const link = await dialOk(world, world.grpc().network, endpoint);
    const heard = listenTo(link);
    for (const bytes of sent) link.send(bytes);
    await until(() => heard.messages.length === sent.length);
    assert.deepEqual(heard.messages, sent);
  });

  const endings: readonly [string, (call: ServerCall) => void, string, RegExp][] = [
    ["status OK", (call) => call.end(), "closed", /OK/],
    [
      "an error",
      (call) => call.emit("error", { code: 2, details: "no TLS certificate" }),
      "refused-no-certificate",
      /no TLS certificate/,
    ],
    [
      "a message that is too long",
      (call) => {
        call.write(Buffer.from("first"));
        call.write(Buffer.alloc(MESSAGE_BYTES_MAX + 1));
      },
      "message-too-large",
      /above the limit/,
    ],
  ];
  for (const [name, act, fault, reason] of endings) {
    test(`hears of the end by ${name}`, async () => {
      const { endpoint } = await serve((call) => {
        call.on("error", () => {});
        act(call);
      });
      const heard = listenTo(await dialOk(world, world.grpc().network, endpoint));
      await until(() => heard.closed.length === 1);
      assert.equal(heard.closed[0]?.fault, fault);
      assert.match(heard.closed[0]?.reason ?? "", reason);
    });
  }

  test("closing the link cancels the call", async () => {
    let cancelled = 0;
    const { endpoint } = await serve((call) => {
      call.on("error", () => {});
      call.on("cancelled", () => {
        cancelled += 1;
      });
    });
    const link = await dialOk(world, world.grpc().network, endpoint);
    await world.settle();
    link.close();
    await until(() => cancelled === 1);
  });

  /** What servers and proxies say, and what it means to us. */
  const STATUSES: readonly (readonly [number, string, NetworkFault])[] = [
    [1, "context canceled", "closed"],
    [2, "Peer Identity x cannot be validated", "refused-us"],
    [4, "upstream request timeout", "deadline"],
    [5, "no such thing", "failed-there"],
    [7, "RBAC: access denied", "access-denied"],
    [8, "grpc: received message larger than max (5 vs. 4)", "message-too-large"],
    [8, "too many requests", "overloaded"],
    [12, "unknown service gossip.Gossip", "no-gossip"],
    [13, "", "failed-there"],
    [14, "no healthy upstream", "unavailable"],
    [16, "Jwt is missing", "access-denied"],
  ];
  for (const [code, details, fault] of STATUSES) {
    test(`status ${code}, "${details}", means ${fault}: of a Ping, and of the stream`, async () => {
      const mute = await serve(() => {}, { code, details });
      assert.equal(await pingFault(world, mute.endpoint), fault);
      const { endpoint } = await serve((call) => {
        call.on("error", () => {});
        call.emit("error", { code, details });
      });
      const heard = listenTo(await dialOk(world, world.grpc().network, endpoint));
      await until(() => heard.closed.length === 1);
      assert.equal(heard.closed[0]?.fault, fault);
      if (code !== 2) assert.match(heard.closed[0]?.reason ?? "", new RegExp(`status ${code}`));
    });
  }
});

/** Why nobody answers a Ping there; undefined: somebody does. */
function pingFault(
  world: ReturnType<typeof createGrpcWorld>,
  endpoint: string,
): Promise<NetworkFault | undefined> {
  return new Promise((resolve) => world.grpc().network.ping(endpoint, resolve));
}

describe("our client of what is no gossip server", () => {
  const world = createGrpcWorld(undefined);
  afterEach(() => world.close());

  const answers: readonly (readonly [string, (stream: ServerHttp2Stream) => void, NetworkFault])[] =
    [
      [
        "HTTP 404",
        (stream) => stream.respond({ ":status": 404 }, { endStream: true }),
        "no-gossip",
      ],
      [
        "HTTP 403",
        (stream) => stream.respond({ ":status": 403 }, { endStream: true }),
        "access-denied",
      ],
      [
        "HTTP 503",
        (stream) => stream.respond({ ":status": 503 }, { endStream: true }),
        "unavailable",
      ],
      ["HTTP 302", (stream) => stream.respond({ ":status": 302 }, { endStream: true }), "protocol"],
      [
        "a page of a web server",
        (stream) =>
          stream.respond({ ":status": 200, "content-type": "text/html" }, { endStream: true }),
        "no-gossip",
      ],
      ["REFUSED_STREAM", (stream) => stream.close(0x7), "unavailable"],
      ["ENHANCE_YOUR_CALM", (stream) => stream.close(0xb), "overloaded"],
      ["CANCEL", (stream) => stream.close(0x8), "closed"],
    ];
  for (const [name, answer, fault] of answers) {
    test(`${name}: ${fault}`, async (t) => {
      const server = createHttp2Server();
      const sessions = new Set<ServerHttp2Session>();
      server.on("session", (session) => sessions.add(session));
      server.on("stream", (stream) => answer(stream.on("error", () => {})));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      t.after(() => {
        for (const session of sessions) session.destroy();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      const endpoint = `127.0.0.1:${port}`;
      assert.equal(await pingFault(world, endpoint), fault);
      const heard = listenTo(await dialOk(world, world.grpc().network, endpoint));
      await until(() => heard.closed.length === 1);
      assert.equal(heard.closed[0]?.fault, fault);
    });
  }
});

test("a TLS server that speaks HTTP/1 although it agreed to HTTP/2 means protocol", async (t) => {
  const world = createGrpcWorld(TLS);
  t.after(() => world.close());
  const server = createTlsServer({ ...TLS, ALPNProtocols: ["h2"] }, (socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.equal(await dialFault(world, world.grpc().network, `localhost:${port}`), "protocol");
});
