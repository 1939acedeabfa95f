/** Whatever a stranger sends: the server survives, stays small, and serves everybody else. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { GrpcOptions } from "../../src/transport/grpc.ts";
import { encodeFrame } from "../../src/transport/grpc-link.ts";
import type { Link } from "../../src/transport/network.ts";
import { frame, open, PREFACE, requestHeaders, TYPE, uint32 } from "../hostile/http2-frames.ts";
import {
  authority,
  createGrpcWorld,
  type GrpcMember,
  MESSAGE_BYTES_MAX,
  TLS,
  until,
} from "./grpc-world.ts";
import { listenTo } from "./suite.ts";

const world = createGrpcWorld(TLS);
const plainWorld = createGrpcWorld(undefined);
const accepted: Link[] = [];
const sessions: ClientHttp2Session[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all([world.close(), plainWorld.close()]);
});

async function listening(options: Partial<GrpcOptions> = {}, of = world): Promise<GrpcMember> {
  const member = of.grpc(options);
  accepted.length = 0;
  await member.network.listen((link) => accepted.push(link));
  return member;
}

/** Whether an honest member is still served. */
async function assertServes(member: GrpcMember, of = world): Promise<void> {
  const answers: (string | undefined)[] = [];
  const friend = of.grpc();
  friend.network.ping(member.endpoint(), (fault, reason) => answers.push(fault && reason));
  await until(() => answers.length === 1);
  assert.deepEqual(answers, [undefined]);
}

/** Resolves when it is closed, whether by an error or not. */
function closed(socket: Socket | ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

function openTcp(port: number): Socket {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  sockets.push(socket);
  return socket;
}

function openTls(port: number, protocols: string[]): Socket {
  const options = { ca: authority.cert, ALPNProtocols: protocols };
  const socket = connectTls({ host: "localhost", port, ...options });
  socket.on("error", () => {});
  socket.resume();
  sockets.push(socket);
  return socket;
}

function openHttp2(port: number): ClientHttp2Session {
  const session = connectHttp2(`https://localhost:${port}`, {
    ca: authority.cert,
    cert: TLS.cert,
    key: TLS.key,
  });
  session.on("error", () => {});
  sessions.push(session);
  return session;
}

/** A session written by hand: the preface, the settings, and then these bytes again and again. */
function floodWith(socket: Socket, first: Uint8Array, bytes: Uint8Array): Socket {
  socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), first]));
  const write = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on("drain", write);
  write();
  return socket;
}

interface Answer {
  readonly stream: ClientHttp2Stream;
  httpStatus?: number | undefined;
  grpcStatus?: string | undefined;
}

function call(session: ClientHttp2Session, headers: Record<string, string> = {}): Answer {
  const stream = session.request({
    ":method": "POST",
    ":path": "/gossip.Gossip/GossipStream",
    "content-type": "application/grpc",
    ...headers,
  });
  const answer: Answer = { stream };
  const read = (received: Record<string, unknown>): void => {
    const status = received["grpc-status"];
    if (typeof status === "string") answer.grpcStatus = status;
  };
  stream.on("error", () => {});
  stream.on("response", (received) => {
    answer.httpStatus = received[":status"];
    read(received);
  });
  stream.on("trailers", read);
  stream.resume();
  return answer;
}

function lengthPrefix(length: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

test("closing does not wait for somebody in the middle of TLS", async () => {
  const { network } = await listening({ timeouts: { acceptTimeoutMs: 3_600_000 } });
  const stranger = openTcp(network.port);
  await once(stranger, "connect");
  stranger.write(Buffer.from("160301020001fc0303", "hex"));
  await until(() => network.stats().accepted === 1);
  await Promise.all([network.close(), closed(stranger)]);
});

describe("bytes that are no gRPC", () => {
  const clientHello = Buffer.from("160301020001fc0303", "hex");
  const inputs: readonly [string, Buffer][] = [
    ["nothing, and closed", Buffer.alloc(0)],
    ["random bytes", randomBytes(2_000)],
    ["an HTTP/1.1 request", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["the beginning of a TLS handshake", clientHello],
    ["an HTTP/2 preface", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
    ["a preface and garbage", Buffer.from(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"x".repeat(999)}`)],
    ["zeros", Buffer.alloc(50_000)],
  ];
  for (const [name, bytes] of inputs) {
    test(`${name}: TLS and plain servers go on`, async () => {
      const timeouts = { acceptTimeoutMs: 150 };
      const secure = await listening({ timeouts });
      const plain = await listening({ timeouts }, plainWorld);
      for (const { network } of [secure, plain]) {
        const socket = openTcp(network.port);
        if (bytes.length === 0) socket.end();
        else socket.write(bytes);
        await closed(socket);
        await until(() => network.stats().acceptedClosed === 1);
        const { refused } = network.stats();
        assert.equal(refused.tls + refused.protocol + refused.timeout, 1);
      }
      await assertServes(secure);
      await assertServes(plain, plainWorld);
    });
  }

  for (const protocols of [["http/1.1"], []]) {
    test(`TLS with the protocols [${protocols}] is closed`, async () => {
      const member = await listening();
      const socket = openTls(member.network.port, protocols);
      await closed(socket);
      await until(() => member.network.stats().acceptedClosed === 1);
      await assertServes(member);
    });
  }

  test("TLS, h2, and then garbage instead of HTTP/2", async () => {
    const member = await listening();
    const socket = openTls(member.network.port, ["h2"]);
    socket.write(randomBytes(500));
    await closed(socket);
    await until(() => member.network.stats().refused.protocol === 1);
  });

  test("a thousand sockets with garbage leave nothing behind", async () => {
    // Some garbage looks like the beginning of a TLS record, and waits for the rest.
    const timeouts = { acceptTimeoutMs: 200 };
    const member = await listening({ timeouts, limits: { handshakesMax: 50 } });
    const ends: Promise<unknown>[] = [];
    for (let i = 0; i < 1_000; i++) {
      const socket = openTcp(member.network.port);
      socket.write(randomBytes(64));
      ends.push(closed(socket));
      if (i % 100 === 99) await Promise.all(ends.splice(0));
    }
    await until(() => {
      const { accepted: opened, acceptedClosed } = member.network.stats();
      return opened === acceptedClosed;
    });
    assert.equal(member.network.stats().accepted, 1_000);
    await assertServes(member);
  });
});

describe("sockets that only take room", () => {
  test("a silent one is cut off in time, before and after TLS", async () => {
    const member = await listening({ timeouts: { acceptTimeoutMs: 100 } });
    const started = performance.now();
    const silent = [openTcp(member.network.port), openTls(member.network.port, ["h2"])];
    await Promise.all(silent.map((socket) => closed(socket)));
    assert.ok(performance.now() - started < 1_000);
    await until(() => member.network.stats().refused.timeout === 2);
  });

  test("a session without a stream is cut off in time", async () => {
    const member = await listening({ timeouts: { idleTimeoutMs: 100 } });
    const idle = openHttp2(member.network.port);
    const busy = openHttp2(member.network.port);
    call(busy);
    await closed(idle);
    assert.equal(busy.destroyed, false);
  });

  test("of too many handshakes the one that takes longest is cut", async () => {
    const member = await listening({ limits: { handshakesMax: 3 } });
    const [first, ...others] = Array.from({ length: 4 }, () => openTcp(member.network.port));
    assert.ok(first);
    await closed(first);
    assert.deepEqual(
      others.map((socket) => socket.destroyed),
      [false, false, false],
    );
    assert.equal(member.network.stats().refused["too-many-handshakes"], 1);
  });

  test("silent ones, however many, keep nobody out", async () => {
    const member = await listening({ limits: { handshakesMax: 20, connectionsMax: 30 } });
    for (let i = 0; i < 40; i++) openTcp(member.network.port);
    for (let i = 0; i < 40; i++) await once(openHttp2(member.network.port), "remoteSettings");
    await assertServes(member);
    assert.ok(member.network.stats().refused["too-many-connections"] > 0);
  });

  test("of too many connections the oldest stranger's is cut, never one that is proven", async () => {
    const member = await listening({ limits: { connectionsMax: 3 } });
    const open = async () => {
      const session = openHttp2(member.network.port);
      await once(session, "remoteSettings");
      return session;
    };
    const [busy, idle] = [await open(), await open()];
    call(busy);
    await until(() => accepted.length === 1);
    accepted[0]?.admit();
    call(idle); // An open stream is no proof.
    await until(() => accepted.length === 2);
    const isCut = closed(idle);
    const young = await open();
    const newcomer = await open();
    await isCut;
    for (const session of [young, newcomer]) call(session);
    await until(() => accepted.length === 4);
    for (const link of accepted) link.admit();
    await closed(openTcp(member.network.port));
    assert.deepEqual(
      [busy, young, newcomer].map(({ destroyed }) => destroyed),
      [false, false, false],
    );
    assert.equal(member.network.stats().refused["too-many-connections"], 2);
  });
});

describe("HTTP/2 that breaks the rules of gRPC", () => {
  test("other methods and content types get status 415", async () => {
    const { network } = await listening();
    const session = openHttp2(network.port);
    const answers = [
      call(session, { "content-type": "text/plain" }),
      call(session, { "content-type": "application/grpcx" }),
      call(session, { ":method": "GET" }),
    ];
    await until(() => answers.every(({ httpStatus }) => httpStatus === 415));
    assert.equal(accepted.length, 0);
  });

  const first = Buffer.from("0000000000", "hex");
  const frames: readonly [string, Buffer, string][] = [
    ["a compressed message", Buffer.from("0100000001aa", "hex"), "12"],
    ["a length above the limit", lengthPrefix(MESSAGE_BYTES_MAX + 1), "8"],
    [
      "a later length above the limit",
      Buffer.concat([first, Buffer.from("007fffffff", "hex")]),
      "8",
    ],
  ];
  for (const [name, bytes, status] of frames) {
    test(`${name} ends the stream with status ${status} at once`, async () => {
      const { network } = await listening();
      const answer = call(openHttp2(network.port));
      answer.stream.write(bytes);
      await until(() => accepted.length === 1);
      const link = accepted[0];
      assert.ok(link);
      const heard = listenTo(link);
      await until(() => answer.grpcStatus === status && heard.closed.length === 1);
      assert.ok(["message-too-large", "protocol"].includes(heard.closed[0]?.fault ?? ""));
    });
  }

  test("a Ping that is no empty message, or none at all, is answered or cut", async () => {
    const { network } = await listening({ timeouts: { connTimeoutMs: 100 } });
    const session = openHttp2(network.port);
    const ping = { ":path": "/gossip.Gossip/Ping" };
    const [odd, huge, silent, empty] = [0, 1, 2, 3].map(() => call(session, ping));
    assert.ok(odd && huge && silent && empty);
    odd.stream.end(Buffer.from("00000000020801", "hex"));
    huge.stream.write(Buffer.from("0000100000", "hex"));
    empty.stream.end();
    await until(() => odd.grpcStatus === "0" && huge.grpcStatus === "8");
    await until(() => silent.stream.destroyed && empty.stream.destroyed);
    assert.equal(session.destroyed, false);
  });

  test("streams above the limit end the session, unanswered", async () => {
    const member = await listening();
    const session = openHttp2(member.network.port);
    const answers = Array.from({ length: 40 }, () => call(session));
    await closed(session);
    assert.ok(accepted.length <= 4);
    assert.equal(answers.filter(({ httpStatus }) => httpStatus !== undefined).length, 0);
    assert.equal(member.network.stats().refused["too-many-streams"], 1);
    await assertServes(member);
  });

  test("resets by the thousand end the session", async () => {
    const member = await listening();
    const session = openHttp2(member.network.port);
    await once(session, "remoteSettings");
    for (let i = 0; i < 400 && !session.destroyed; i++) {
      const streams = Array.from({ length: 10 }, () => call(session).stream);
      await new Promise(setImmediate);
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      await new Promise(setImmediate);
    }
    await until(() => session.destroyed);
    await assertServes(member);
    const open = new Set(accepted.map((link) => listenTo(link)));
    session.destroy();
    await until(() => [...open].every(({ closed }) => closed.length === 1));
  });

  test("streams by the hundred end the session, a few at a time do not", async () => {
    const member = await listening();
    const session = openHttp2(member.network.port);
    await once(session, "remoteSettings");
    const ended = closed(session);
    // Ended, not reset: those Node counts itself.
    const ping = async (): Promise<void> => {
      const { stream } = call(session, { ":path": "/gossip.Gossip/Ping" });
      stream.end();
      await once(stream, "close").catch(() => {});
    };
    for (let i = 0; i < 4; i++) await ping();
    assert.equal(session.destroyed, false);
    for (let i = 0; i < 200 && !session.destroyed; i++) await ping();
    await ended;
    assert.equal(member.network.stats().refused["too-many-streams"], 1);
    await assertServes(member);
  });

  const request = open(1, requestHeaders("/gossip.Gossip/GossipStream"));
  const longMessage = frame(TYPE.data, 0, 1, lengthPrefix(200_000));
  const floods: readonly [string, Uint8Array, Uint8Array][] = [
    ["pings", Buffer.alloc(0), frame(TYPE.ping, 0, 0, Buffer.alloc(8))],
    ["settings", Buffer.alloc(0), frame(TYPE.settings, 0, 0)],
    ["frames nobody knows", Buffer.alloc(0), frame(TYPE.unknown, 0, 0, Buffer.alloc(50))],
    ["window updates", request, frame(TYPE.window, 0, 0, uint32(1))],
    [
      "a message byte by byte",
      Buffer.concat([request, longMessage]),
      frame(TYPE.data, 0, 1, Buffer.of(1)),
    ],
  ];
  for (const [name, first, bytes] of floods) {
    for (const place of [world, plainWorld]) {
      const tls = place === world ? "with" : "without";
      test(`${name} without end, ${tls} TLS, end the connection`, async () => {
        const member = await listening({}, place);
        const chunk = Buffer.concat(Array.from({ length: 100 }, () => bytes));
        const { port } = member.network;
        const socket = floodWith(
          place === world ? openTls(port, ["h2"]) : openTcp(port),
          first,
          chunk,
        );
        await until(() => accepted.length === (first.length > 0 ? 1 : 0));
        for (const link of accepted) listenTo(link);
        await closed(socket);
        // The others may be ended by nghttp2 first, for answers that wait.
        if (accepted.length > 0) assert.equal(member.network.stats().refused["too-many-frames"], 1);
        await assertServes(member, place);
      });
    }
  }

  test("a member that sends many small messages is none of these", async () => {
    const member = await listening();
    const session = openHttp2(member.network.port);
    const answer = call(session);
    await until(() => accepted.length === 1);
    const [link] = accepted;
    assert.ok(link);
    const heard = listenTo(link);
    link.admit();
    for (let i = 0; i < 5_000; i++) {
      answer.stream.write(encodeFrame(Buffer.alloc(100)));
      if (i % 500 === 0) await new Promise(setImmediate);
    }
    await until(() => heard.messages.length === 5_000);
    assert.equal(session.destroyed, false);
  });

  test("a place that was proven is a stranger's again when its stream ends", async () => {
    const member = await listening({ limits: { connectionsMax: 1 } });
    const session = openHttp2(member.network.port);
    const { stream } = call(session);
    await until(() => accepted.length === 1);
    accepted[0]?.admit();
    await closed(openTcp(member.network.port));
    assert.equal(session.destroyed, false);
    stream.close(constants.NGHTTP2_NO_ERROR);
    await once(stream, "close");
    await world.settle();
    const ended = closed(session);
    openTcp(member.network.port);
    await ended;
  });

  test("an address has so many unproven places; its newcomer takes the oldest", async () => {
    const member = await listening({ limits: { unprovenPerAddressMax: 2 } });
    const [first, second] = [openTcp(member.network.port), openTcp(member.network.port)];
    await Promise.all([first, second].map((socket) => once(socket, "connect")));
    const third = openTcp(member.network.port);
    await closed(first);
    assert.deepEqual([second.destroyed, third.destroyed], [false, false]);
    await assertServes(member);
  });

  test("more headers than any peer sends are refused", async () => {
    const member = await listening();
    const session = openHttp2(member.network.port);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, "y"]));
    const answer = call(session, many);
    await until(() => answer.stream.destroyed);
    assert.equal(accepted.length, 0);
    await assertServes(member);
  });

  test("a peer that never reads fills no memory", async () => {
    const member = await listening();
    const answer = call(openHttp2(member.network.port));
    answer.stream.pause();
    await until(() => accepted.length === 1);
    const link = accepted[0];
    assert.ok(link);
    const heard = listenTo(link);
    let sentBytes = 0;
    let drains = -1;
    while (heard.drains > drains) {
      drains = heard.drains;
      do sentBytes += 10_000;
      while (link.send(Buffer.alloc(10_000)));
      await world.settle();
    }
    assert.ok(sentBytes < 1_000_000, `${sentBytes} bytes were taken`);
    await assertServes(member);
  });

  test("many small messages at once do not hold up the others", async (t) => {
    const member = await listening();
    const answer = call(openHttp2(member.network.port));
    answer.stream.write(Buffer.alloc(5 * 20_000));
    await until(() => accepted.length === 1);
    let messages = 0;
    let before = 0;
    let mostInARound = 0;
    const watch = setInterval(() => {
      mostInARound = Math.max(mostInARound, messages - before);
      before = messages;
    }, 1);
    t.after(() => clearInterval(watch)); // Also if it fails, or the run would not end.
    accepted[0]?.start({
      message() {
        messages += 1;
        const busyUntil = performance.now() + 0.02;
        while (performance.now() < busyUntil);
      },
      drain() {},
      closed() {},
    });
    await until(() => messages === 20_000);
    // 250 take 5 ms, the time of a round; counted, for a busy machine takes longer for each.
    assert.ok(mostInARound < 1_000, `${mostInARound} messages before anything else had a turn`);
  });

  test("a peer that writes faster than we read is held back", async () => {
    const { network } = await listening();
    const { stream } = call(openHttp2(network.port));
    let writtenBytes = 0;
    const write = (): void => {
      do writtenBytes += 10_050;
      while (stream.write(Buffer.alloc(10_050, encodeFrame(Buffer.alloc(1_000)))));
    };
    stream.on("drain", write);
    write();
    await until(() => accepted.length === 1);
    let readBytes = 0;
    accepted[0]?.start({
      message(bytes) {
        readBytes += 5 + bytes.length;
        const busyUntil = performance.now() + 0.5;
        while (performance.now() < busyUntil);
      },
      drain() {},
      closed() {},
    });
    await until(() => readBytes > 200_000);
    assert.ok(writtenBytes - readBytes < 1_000_000, `${writtenBytes - readBytes} bytes wait`);
  });
});
