/** Whatever a server sends to us who have dialled it: it is left, soon, and others are served. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { encodeFrame } from "../../src/transport/grpc-link.ts";
import type { Link } from "../../src/transport/network.ts";
import { FLAG, frame, PREFACE, TYPE, uint32 } from "../hostile/http2-frames.ts";
import { createGrpcWorld, TLS, until } from "./grpc-world.ts";
import { listenTo } from "./suite.ts";

const world = createGrpcWorld(TLS);
const servers: { close(): void }[] = [];
const sockets = new Set<TLSSocket>();

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  await world.close();
});

const SETTINGS = frame(TYPE.settings, 0, 0);
/** HPACK: ":status: 200", and "content-type: application/grpc". */
const RESPONSE = Buffer.concat([Buffer.of(0x88, 0x0f, 0x10, 16), Buffer.from("application/grpc")]);
const TRAILERS = Buffer.concat([
  Buffer.of(0, 11),
  Buffer.from("grpc-status"),
  Buffer.of(1),
  Buffer.from("0"),
]);
const response = (stream: number): Buffer => frame(TYPE.headers, FLAG.endHeaders, stream, RESPONSE);
/** What Ping is answered with. */
const PONG = Buffer.concat([
  response(1),
  frame(TYPE.data, 0, 1, encodeFrame(Buffer.alloc(0))),
  frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, TRAILERS),
]);

interface Evil {
  readonly endpoint: string;
  /** What it could send before it was left. */
  readonly bytes: () => number;
  readonly isLeft: () => boolean;
}

/** What it says once a stream is open. */
interface Say {
  readonly stream: number;
  readonly bytes: Uint8Array;
}

/** A server with our own certificate that says these, and then the same again and again. */
async function evilServer(speech: readonly Say[], again: Uint8Array): Promise<Evil> {
  let [bytes, isLeft] = [0, false];
  const server = createServer({ cert: TLS.cert, key: TLS.key, ALPNProtocols: ["h2"] }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      isLeft = true;
    });
    const write = (): void => {
      do bytes += again.length;
      while (!socket.destroyed && socket.write(again));
    };
    const left = [...speech];
    onStreams(socket, (stream) => {
      while (left[0] !== undefined && left[0].stream <= stream) {
        socket.write(left.shift()?.bytes ?? EIGHT);
      }
      if (left.length > 0) return;
      socket.on("drain", write);
      write();
    });
    socket.write(Buffer.concat([SETTINGS, frame(TYPE.settings, FLAG.ack, 0)]));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { endpoint: `localhost:${address.port}`, bytes: () => bytes, isLeft: () => isLeft };
}

/** Calls back with the number of each stream that the other side opens. */
function onStreams(socket: TLSSocket, opened: (stream: number) => void): void {
  let read = Buffer.alloc(0);
  let at = PREFACE.length;
  socket.on("data", (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    while (at + 9 <= read.length && at + 9 + read.readUIntBE(at, 3) <= read.length) {
      if (read[at + 3] === TYPE.headers) opened(read.readUInt32BE(at + 5));
      at += 9 + read.readUIntBE(at, 3);
    }
  });
}

const many = (count: number, one: Uint8Array): Buffer => Buffer.concat(Array(count).fill(one));
const EIGHT = Buffer.alloc(8);
const INFORMATION = frame(TYPE.headers, FLAG.endHeaders, 1, Buffer.of(0x08, 3, 0x31, 0x30, 0x33));
const ORIGIN = frame(0x0c, 0, 0, Buffer.from("\0\x0fhttps://a.b.c:1"));
const ALTSVC = frame(0x0a, 0, 0, Buffer.from("\0\x0bhttps://a.bclear"));
const LONG_MESSAGE = frame(TYPE.data, 0, 1, Buffer.of(0, 0, 3, 0, 0));

const FLOODS: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
  ["pings", EIGHT.subarray(8), frame(TYPE.ping, 0, 0, EIGHT)],
  ["answers to pings", EIGHT.subarray(8), frame(TYPE.ping, FLAG.ack, 0, EIGHT)],
  ["settings", EIGHT.subarray(8), SETTINGS],
  ["window updates", EIGHT.subarray(8), frame(TYPE.window, 0, 0, uint32(1))],
  ["frames nobody knows", EIGHT.subarray(8), frame(TYPE.unknown, 0, 0)],
  ["farewells", EIGHT.subarray(8), frame(TYPE.goaway, 0, 0, Buffer.concat([uint32(9), uint32(0)]))],
  ["origins", EIGHT.subarray(8), ORIGIN],
  ["alternative services", EIGHT.subarray(8), ALTSVC],
  ["resets of what was never opened", EIGHT.subarray(8), frame(TYPE.reset, 0, 99, uint32(8))],
  ["informational headers", EIGHT.subarray(8), INFORMATION],
  ["empty data", response(1), frame(TYPE.data, 0, 1)],
  [
    "an answer byte by byte",
    Buffer.concat([response(1), LONG_MESSAGE]),
    frame(TYPE.data, 0, 1, Buffer.of(0)),
  ],
];

/** Twice what may come beside messages, and what waits in buffers on both sides. */
const BYTES_MAX = 12_000_000;

describe("a server that we ping", () => {
  for (const [name, first, again] of FLOODS) {
    test(`${name} without end: it is left`, async () => {
      const evil = await evilServer([{ stream: 1, bytes: first }], many(500, again));
      const faults: (string | undefined)[] = [];
      const { network } = world.grpc({ timeouts: { connTimeoutMs: 60_000 } });
      network.ping(evil.endpoint, (fault) => faults.push(fault));
      await until(() => faults.length === 1 && evil.isLeft());
      assert.ok(faults[0] !== undefined);
      assert.ok(evil.bytes() < BYTES_MAX, `${evil.bytes()} bytes were taken`);
    });
  }
});

describe("a server that we gossip with", () => {
  const ofStream = (flood: Uint8Array): Buffer => {
    const copy = Buffer.from(flood);
    for (let at = 0; at + 9 <= copy.length; at += 9 + copy.readUIntBE(at, 3)) {
      if (copy.readUInt32BE(at + 5) === 1) copy.writeUInt32BE(3, at + 5);
    }
    return copy;
  };
  for (const [name, first, again] of FLOODS) {
    test(`${name} without end, before it has shown who it is: it is left`, async () => {
      const speech = [
        { stream: 1, bytes: PONG },
        { stream: 3, bytes: ofStream(first) },
      ];
      const evil = await evilServer(speech, many(500, ofStream(again)));
      const links: Link[] = [];
      const { network } = world.grpc({ timeouts: { connTimeoutMs: 60_000 } });
      network.dial(evil.endpoint, { opened: (link) => links.push(link), failed: assert.fail });
      await until(() => links.length === 1);
      const [link] = links;
      assert.ok(link);
      const { closed } = listenTo(link);
      await until(() => closed.length === 1 && evil.isLeft());
      assert.ok(evil.bytes() < BYTES_MAX, `${evil.bytes()} bytes were taken`);
    });
  }
});
