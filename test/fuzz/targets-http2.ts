/** HTTP/2 frames of a stranger, as they come: what Node's HTTP/2 and our guard make of them together. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createGrpcNetwork } from "../../src/transport/grpc.ts";
import { encodeFrame } from "../../src/transport/grpc-link.ts";
import {
  FLAG,
  frame,
  open,
  PREFACE,
  requestHeaders,
  TYPE,
  uint32,
} from "../hostile/http2-frames.ts";
import { readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { LINES } from "./tree.ts";

const MESSAGE_BYTES_MAX = 4_096;
const ENDED_MAX_MS = 5_000;

/** Nothing is thrown, nothing is left, and each link that was given out has ended. */
async function checkFrames(input: Uint8Array): Promise<string> {
  const limits = { receivedBytesMax: MESSAGE_BYTES_MAX };
  const network = createGrpcNetwork({ listen: { host: "127.0.0.1", port: 0 }, limits });
  let [links, ended, messages] = [0, 0, 0];
  await network.listen((link) => {
    links += 1;
    link.start({
      message: (bytes) => {
        messages += 1;
        assert.ok(bytes.length <= MESSAGE_BYTES_MAX, "above the limit");
      },
      drain: () => {},
      closed: () => {
        ended += 1;
      },
    });
  });
  const socket = connect(network.port, "127.0.0.1");
  socket.on("error", () => {});
  const heard = once(socket, "data").catch(() => {});
  const closed = once(socket, "close").catch(() => {});
  socket.write(Buffer.concat([PREFACE, input]));
  await Promise.race([heard, closed]);
  await sleep(1);
  const isCut = socket.closed;
  socket.destroy();
  const deadlineMs = performance.now() + ENDED_MAX_MS;
  const isOver = (): boolean => network.stats().acceptedClosed === 1 && ended === links;
  while (!isOver() && performance.now() < deadlineMs) await sleep(1);
  assert.ok(isOver(), `${links - ended} of ${links} links are left`);
  await network.close();
  const [refused] = Object.entries(network.stats().refused).filter(([, times]) => times > 0);
  if (refused !== undefined) return refused[0];
  return `${isCut ? "ended" : "open"}, ${Math.min(links, 2)} links, ${Math.min(messages, 2)} messages`;
}

const settings = frame(TYPE.settings, 0, 0);
const gossip = open(1, requestHeaders("/gossip.Gossip/GossipStream"));
const ping = open(3, requestHeaders("/gossip.Gossip/Ping"));
const message = frame(TYPE.data, 0, 1, encodeFrame(Buffer.from("a message")));
const end = frame(TYPE.data, FLAG.endStream, 3, encodeFrame(Buffer.alloc(0)));
const frames = [
  settings,
  frame(TYPE.settings, FLAG.ack, 0),
  frame(TYPE.settings, 0, 0, Buffer.of(0, 4, 0, 0, 0, 0)),
  frame(TYPE.settings, 0, 0, Buffer.of(0, 5, 0, 0, 0x40, 0)),
  frame(TYPE.ping, 0, 0, Buffer.alloc(8)),
  frame(TYPE.window, 0, 0, uint32(1)),
  frame(TYPE.window, 0, 1, uint32(0x7fffffff)),
  frame(TYPE.reset, 0, 1, uint32(8)),
  frame(TYPE.priority, 0, 1, Buffer.concat([uint32(0), Buffer.of(9)])),
  frame(TYPE.goaway, 0, 0, Buffer.alloc(8)),
  frame(TYPE.continuation, FLAG.endHeaders, 1),
  frame(TYPE.unknown, 0, 0, Buffer.from("what is this?")),
  frame(TYPE.data, FLAG.endStream, 1),
  frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, requestHeaders("/x", "x")),
  gossip,
  ping,
  message,
  end,
];

export const http2Targets: readonly Target[] = [
  {
    name: "http2",
    grammar: LINES,
    corpus: [
      Buffer.concat([settings, gossip, message, message]),
      Buffer.concat([settings, ping, end, gossip, message]),
      Buffer.concat(frames),
      ...readCorpus("http2"),
    ].map((bytes) => new Uint8Array(bytes)),
    dictionary: frames.map((bytes) => new Uint8Array(bytes)),
    bytesMax: 65_536,
    check: checkFrames,
    // Most of the time is that of the sockets on both sides.
    slowMs: 100,
  },
];
