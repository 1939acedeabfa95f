import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMemoryHub } from "../transport/memory.ts";
import type { Link } from "../transport/network.ts";
import { createVirtualClock, type VirtualClock } from "../transport/testing.ts";
import { encodeUnsigned } from "../wire/envelope.ts";
import { encodeMemberEnvelope, type MemberContentInit } from "../wire/member-messages.ts";
import { createMessageTap, type MessageBatch, type MessageTap } from "./message-tap.ts";
import { meterNetwork } from "./meters.ts";

const PKI_ID = new Uint8Array(32).fill(7);
const HANDSHAKE = encodeUnsigned({ content: { type: "conn-establish", value: { pkiId: PKI_ID } } });

function hello(nonce: bigint, metadata = new Uint8Array(0)): Uint8Array {
  return encodeUnsigned({ content: { type: "hello", value: { nonce, metadata } } });
}

interface World {
  readonly clock: VirtualClock;
  readonly tap: MessageTap;
  /** Ours, through the tap; and the other side's. */
  readonly ours: Link;
  readonly theirs: Link;
  /** What the gossip above the tap received. */
  readonly received: Uint8Array[];
}

/** A link that we have dialled and watch at our end. */
async function connect(): Promise<World> {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock });
  const tap = createMessageTap(clock);
  const received: Uint8Array[] = [];
  const links: Link[] = [];
  const certificate = new Uint8Array(1);
  const b = hub.network({ endpoints: ["b:1"], certificate });
  await b.listen((link) => links.push(link));
  const a = meterNetwork(hub.network({ endpoints: ["a:1"], certificate }), undefined, tap.taps);
  a.dial("b:1", { opened: (link) => links.unshift(link), failed: assert.fail });
  clock.advance(1_000);
  const [ours, theirs] = links;
  assert.ok(ours?.outbound && theirs);
  const silent = { drain: () => {}, closed: () => {} };
  ours.start({ ...silent, message: (bytes) => received.push(bytes.slice()) });
  theirs.start({ ...silent, message: () => {} });
  return { clock, tap, ours, theirs, received };
}

/** Lets virtual and real turns pass until the promise has settled. */
async function settle<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = promise.finally(() => {
    isSettled = true;
  });
  for (let turn = 0; turn < 10_000 && !isSettled; turn++) {
    clock.advance(50);
    await new Promise(setImmediate);
  }
  return done;
}

describe("a message tap", () => {
  test("names and opens what members of our own kind say to each other", async () => {
    const { clock, tap, ours } = await connect();
    const watching = tap.watch();
    const first = watching.next();
    const author = new Uint8Array(32).fill(0xab);
    const time = { incNum: 3n, seqNum: 4n };
    const payload = new TextEncoder().encode("order-42");
    const contents: MemberContentInit[] = [
      { type: "event", value: { author, time, topic: "invalidate", payload } },
      { type: "query", value: { author, time, topic: "version", payload: Uint8Array.of(0xff) } },
      { type: "answer", value: { query: time, payload } },
      { type: "digest", value: { held: [{ author, incarnation: 3n }] } },
      { type: "request", value: { wanted: [] } },
    ];
    for (const content of contents) ours.send(encodeMemberEnvelope(content));
    // One that only looks like one, and a data message of a channel of Fabric.
    ours.send(encodeMemberEnvelope(contents[0] ?? assert.fail()).subarray(0, 60));
    ours.send(encodeUnsigned({ channel: payload, content: { type: "data", value: {} } }));
    const { value } = await settle(clock, first);
    const { messages }: MessageBatch = value;
    assert.deepEqual(
      messages.map(({ type }) => type),
      [...contents.map(({ type }) => `member-${type}`), "data", "data"],
    );
    const [event, query] = messages.map(({ envelope }) => JSON.parse(JSON.stringify(envelope)));
    assert.deepEqual(event.message.member_message.event.payload, { text: "order-42" });
    assert.equal(event.message.member_message.event.author, "ab".repeat(32));
    assert.equal(query.message.member_message.query.payload, "/w==");
    await watching.return?.(undefined);
  });

  test("shows what is sent and received, decoded, with the other side's name once it is known", async () => {
    const { clock, tap, ours, theirs, received } = await connect();
    const watching = tap.watch();
    const first = watching.next();
    ours.send(hello(5n));
    theirs.send(HANDSHAKE);
    clock.advance(10);
    ours.send(hello(6n));
    const { value } = await settle(clock, first);
    const batch: MessageBatch = value;
    assert.deepEqual(
      batch.messages.map(({ id, direction, type, pkiId, remote }) => [
        id,
        direction,
        type,
        pkiId,
        remote,
      ]),
      [
        [1, "sent", "hello", null, "b:1"],
        [2, "received", "conn-establish", "07".repeat(32), "b:1"],
        [3, "sent", "hello", "07".repeat(32), "b:1"],
      ],
    );
    assert.equal(batch.skipped, 0);
    assert.equal(batch.messages[0]?.bytes, hello(5n).length);
    assert.match(JSON.stringify(batch.messages[0]?.envelope), /"hello":\{"nonce":"5"/);
    assert.deepEqual(received, [HANDSHAKE]);
    await watching.return?.();
  });

  test("keeps the newest of too many, and says how many it left out", async () => {
    const { clock, tap, ours } = await connect();
    const watching = tap.watch();
    const first = watching.next();
    for (let nonce = 1n; nonce <= 80n; nonce++) ours.send(hello(nonce));
    const { value } = await settle(clock, first);
    const batch: MessageBatch = value;
    assert.equal(batch.skipped, 30);
    assert.equal(batch.messages.length, 50);
    assert.deepEqual([batch.messages[0]?.id, batch.messages.at(-1)?.id], [31, 80]);
    await watching.return?.();
  });

  test("shows a long message, and one that is none, without content", async () => {
    const { clock, tap, ours } = await connect();
    const watching = tap.watch();
    const first = watching.next();
    ours.send(hello(1n, new Uint8Array(20_000)));
    ours.send(Uint8Array.of(255, 255, 255));
    const { value } = await settle(clock, first);
    const batch: MessageBatch = value;
    assert.deepEqual(
      batch.messages.map(({ type, envelope }) => [type, envelope]),
      [
        ["hello", null],
        ["unknown", null],
      ],
    );
    await watching.return?.();
  });

  test("does nothing while nobody watches: numbers begin with the first watcher", async () => {
    const { clock, tap, ours } = await connect();
    for (let nonce = 1n; nonce <= 10n; nonce++) ours.send(hello(nonce));
    const gone = new AbortController();
    const left = tap.watch(gone.signal);
    const never = left.next();
    gone.abort();
    assert.equal((await settle(clock, never)).done, true);
    ours.send(hello(11n));
    const watching = tap.watch();
    const first = watching.next();
    ours.send(hello(12n));
    const { value } = await settle(clock, first);
    const batch: MessageBatch = value;
    assert.deepEqual(
      batch.messages.map(({ id }) => id),
      [1],
    );
    await watching.return?.();
  });

  test("what is sent on a link that was closed is not shown", async () => {
    const { clock, tap, ours } = await connect();
    const watching = tap.watch();
    const first = watching.next();
    ours.send(hello(1n));
    ours.close();
    ours.send(hello(2n));
    const { value } = await settle(clock, first);
    const batch: MessageBatch = value;
    assert.equal(batch.messages.length, 1);
    await watching.return?.();
  });

  test("ends with its node", async () => {
    const { clock, tap } = await connect();
    const end = tap.watch().next();
    tap.close();
    assert.equal((await settle(clock, end)).done, true);
    assert.equal((await settle(clock, tap.watch().next())).done, true);
  });
});
