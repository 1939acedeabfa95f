/** HTTP/2 that breaks the rules of gRPC: the server survives, stays small, and serves everybody else. */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { constants } from "node:http2";
import { describe, test } from "node:test";
import { encodeFrame } from "../../src/transport/grpc-link.ts";
import { frame, open, PREFACE, requestHeaders, TYPE, uint32 } from "../hostile/http2-frames.ts";
import { MESSAGE_BYTES_MAX, until } from "./grpc-world.ts";
import {
  accepted,
  assertServes,
  call,
  closed,
  floodWith,
  lengthPrefix,
  listening,
  openHttp2,
  openTcp,
  openTls,
  plainWorld,
  world,
} from "./hostile-world.ts";
import { listenTo } from "./suite.ts";

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
    const { network } = await listening({ timeouts: { connTimeoutMs: 1_000 } });
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
    const hasEnded = () => member.network.stats().acceptedClosed === 1;
    for (let i = 0; i < 400 && !hasEnded(); i++) {
      const streams = Array.from({ length: 10 }, () => call(session).stream);
      await new Promise(setImmediate);
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      await new Promise(setImmediate);
    }
    await until(hasEnded);
    await assertServes(member);
    const open = new Set(accepted.map((link) => listenTo(link)));
    session.destroy();
    await until(() => [...open].every(({ closed }) => closed.length === 1));
  });

  for (const [name, rest] of [
    ["reset at once", (id: number) => frame(TYPE.reset, 0, id, uint32(8))],
    ["left open", () => Buffer.alloc(0)],
  ] as const) {
    test(`of hundreds of streams in one record of TLS, ${name}, none is made after the fifth`, async () => {
      const member = await listening();
      let made = 0;
      const count = (): void => {
        made += 1;
      };
      subscribe("http2.server.stream.created", count);
      try {
        const socket = openTls(member.network.port, ["h2"]);
        await once(socket, "secureConnect");
        const streams = Array.from({ length: 100 }, (_, i) => {
          const id = 2 * i + 1;
          return [open(id, requestHeaders("/gossip.Gossip/GossipStream")), rest(id)];
        });
        const opened = Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), ...streams.flat()]);
        assert.ok(opened.length < 16_384);
        socket.write(opened);
        await closed(socket);
      } finally {
        unsubscribe("http2.server.stream.created", count);
      }
      assert.equal(made, 5);
      assert.equal(member.network.stats().refused["too-many-streams"], 1);
      await assertServes(member);
    });
  }

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
