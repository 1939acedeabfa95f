/** What somebody without any identity can try at the gossip port, by name: raw TLS and HTTP/2. */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeFrame } from "../../src/transport/grpc-link.ts";
import type { Attacker } from "./attacker-links.ts";
import { FLAG, frame, open, PREFACE, requestHeaders, TYPE, uint32 } from "./http2-frames.ts";
import { times } from "./messages.ts";

const GOSSIP = "/gossip.Gossip/GossipStream";
const PING = "/gossip.Gossip/Ping";
const CONNECTIONS = 10;
/** Who is late stays this long: its target is busy, and is to read what was said. */
const LATE_MS = 250;

/** What is said on a connection after its preface: the next chunk, and the next, until it is closed. */
type Speech = () => Generator<Uint8Array, void>;

/**
 * Several connections that say this as fast as they are read; each that is cut is replaced. On a
 * machine where a handshake takes longer than all of the attack, each says it once nevertheless.
 */
async function speak(
  attacker: Attacker,
  seconds: number,
  speech: Speech,
  connections = CONNECTIONS,
): Promise<void> {
  const endMs = performance.now() + seconds * 1_000;
  const one = async (): Promise<void> => {
    let isFirst = true;
    do {
      const socket = await attacker.connectSilently();
      await say(attacker, socket, speech, isFirst, endMs);
      isFirst = false;
      socket.destroy();
      await sleep(5);
    } while (performance.now() < endMs);
  };
  await Promise.all(times(connections, one));
}

/** Until it is said, or cut, or until the time is up; `isFirst`: it begins even then. */
async function say(
  attacker: Attacker,
  socket: Socket,
  speech: Speech,
  isFirst: boolean,
  endMs: number,
): Promise<void> {
  const gone = once(socket, "close").catch(() => {});
  let isNeeded = isFirst;
  socket.resume();
  socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0)]));
  for (const chunk of speech()) {
    if (socket.destroyed || (!isNeeded && performance.now() > endMs)) break;
    isNeeded &&= chunk.length === 0;
    attacker.bytesSent += chunk.length;
    attacker.messagesSent += 1;
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain").catch(() => {}), gone]);
  }
  // Who has nothing more to say stays, to see whether that costs anything.
  const leftMs = endMs - performance.now();
  await Promise.race([gone, sleep(leftMs > 0 ? Math.min(1_000, leftMs) : LATE_MS)]);
}

/** The same bytes for ever. */
function repeat(bytes: Uint8Array, first: Uint8Array = new Uint8Array(0)): Speech {
  return function* () {
    yield first;
    for (;;) yield bytes;
  };
}

function many(count: number, make: (index: number) => Uint8Array): Buffer {
  return Buffer.concat(times(count, make));
}

/** Streams of which each is opened by `make`, with ids that grow; a thousand in a connection. */
function streams(make: (stream: number) => Uint8Array): Speech {
  return function* () {
    yield many(1_000, (index) => make(2 * index + 1));
  };
}

const cancel = uint32(8);
const block = requestHeaders(GOSSIP);
/** Nothing refers to the table of headers, so that every field costs its whole length. */
const wide = times(60, (i) => [`x-${i}`, "y".repeat(100)] as const);
/** A field that fills the table, and then only references to it: 4 KiB for each byte. */
const bomb = Buffer.concat([
  Buffer.of(0x40, 1, 0x78, 0x7f, 0x81, 0x1e),
  Buffer.alloc(4_000, 0x79),
  Buffer.alloc(12_000, 0xbe),
]);

export const STRANGERS: Readonly<
  Record<string, (attacker: Attacker, seconds: number) => Promise<void>>
> = {
  "streams opened and reset": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) => Buffer.concat([open(id, block), frame(TYPE.reset, 0, id, cancel)])),
    ),

  "streams opened and ended": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) => open(id, block, FLAG.endStream)),
    ),

  "streams that begin with rubbish": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) =>
        Buffer.concat([open(id, block), frame(TYPE.data, 0, id, encodeFrame(Buffer.alloc(20, 7)))]),
      ),
    ),

  "streams that have an error in a later frame": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) =>
        Buffer.concat([open(id, block), frame(TYPE.window, 0, id, uint32(0x7fffffff))]),
      ),
    ),

  "methods that do not exist": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) => open(id, requestHeaders("/a.B/C"), FLAG.endStream)),
    ),

  "no gRPC at all": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) => open(id, requestHeaders(GOSSIP, "text/plain"))),
    ),

  "Pings by the thousand": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) =>
        Buffer.concat([
          open(id, requestHeaders(PING)),
          frame(TYPE.data, FLAG.endStream, id, Buffer.alloc(5)),
        ]),
      ),
    ),

  "wide headers": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) => open(id, requestHeaders(GOSSIP, "application/grpc", ...wide))),
    ),

  "headers that unpack to megabytes": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      streams((id) => open(id, bomb)),
    ),

  "headers without an end": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(
        many(20, () => frame(TYPE.continuation, 0, 1, Buffer.alloc(0))),
        frame(TYPE.headers, 0, 1, block),
      ),
    ),

  "settings without end": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(many(2_000, (i) => frame(TYPE.settings, 0, 0, Buffer.of(0, 3, 0, 0, 0, i & 63)))),
    ),

  "acknowledgements nobody waits for": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(many(2_000, () => frame(TYPE.ping, FLAG.ack, 0, Buffer.alloc(8)))),
    ),

  "HTTP/2 pings": (attacker, seconds) =>
    speak(attacker, seconds, repeat(many(2_000, () => frame(TYPE.ping, 0, 0, Buffer.alloc(8))))),

  "HTTP/2 pings whose answers are not read": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(many(2_000, () => frame(TYPE.ping, 0, 0, Buffer.alloc(8)))),
      100,
    ),

  priorities: (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(
        many(2_000, (i) =>
          frame(TYPE.priority, 0, 2 * i + 1, Buffer.concat([uint32(0), Buffer.of(9)])),
        ),
      ),
    ),

  "windows opened by a byte": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(
        many(2_000, () => frame(TYPE.window, 0, 0, uint32(1))),
        open(1, block),
      ),
    ),

  "empty data": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(
        many(2_000, () => frame(TYPE.data, 0, 1)),
        open(1, block),
      ),
    ),

  "frames of an unknown type": (attacker, seconds) =>
    speak(attacker, seconds, repeat(many(2_000, () => frame(TYPE.unknown, 0, 0)))),

  "large frames of an unknown type": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(many(8, () => frame(TYPE.unknown, 0, 0, Buffer.alloc(16_000)))),
    ),

  farewells: (attacker, seconds) =>
    speak(attacker, seconds, repeat(many(2_000, () => frame(TYPE.goaway, 0, 0, Buffer.alloc(8))))),

  "resets of what was never opened": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(
        many(2_000, () => frame(TYPE.reset, 0, 1, cancel)),
        open(1, block),
      ),
    ),

  "messages of one byte in frames of their own": (attacker, seconds) =>
    speak(
      attacker,
      seconds,
      repeat(
        many(1_000, () => frame(TYPE.data, 0, 1, Buffer.alloc(1))),
        Buffer.concat([open(1, block), frame(TYPE.data, 0, 1, Buffer.of(0, 0, 1, 0, 0))]),
      ),
    ),

  async "TLS handshakes"(attacker, seconds) {
    const endMs = performance.now() + seconds * 1_000;
    const comeAndGo = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const socket = await attacker.connectSilently();
        attacker.messagesSent += 1;
        socket.destroy();
      }
    };
    await Promise.all(times(50, comeAndGo));
  },

  async "TCP connections that come and go"(attacker, seconds) {
    const endMs = performance.now() + seconds * 1_000;
    const comeAndGo = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const socket = connectTcp(attacker.target.port, attacker.target.host);
        socket.on("error", () => {});
        await Promise.race([once(socket, "connect"), once(socket, "close")]).catch(() => {});
        socket.write(Buffer.from("160301020001fc0303", "hex"));
        attacker.messagesSent += 1;
        socket.destroy();
      }
    };
    await Promise.all(times(100, comeAndGo));
  },

  async "streams opened and left, on 300 connections"(attacker, seconds) {
    await speak(
      attacker,
      seconds,
      function* () {
        for (let id = 1; id < 32; id += 2) yield open(id, block);
      },
      300,
    );
  },
};
