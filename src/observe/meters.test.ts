import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testCrypto, testIdentity, testSignature } from "../core/testing-identities.ts";
import { createMemoryHub } from "../transport/memory.ts";
import type { Link, LinkEvents } from "../transport/network.ts";
import { createVirtualClock } from "../transport/testing.ts";
import { encodeUnsigned } from "../wire/envelope.ts";
import { createMeters, messagesOf, meterChecks, meterNetwork, type Volumes } from "./meters.ts";

const HELLO = encodeUnsigned({ content: { type: "hello", value: { nonce: 1n } } });
const HANDSHAKE = encodeUnsigned({ content: { type: "conn-establish", value: {} } });
const SILENT: LinkEvents = { message: () => {}, drain: () => {}, closed: () => {} };

/** A stream between two networks; the first dials, both are metered. */
async function connect() {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock });
  const [ofA, ofB] = [createMeters().traffic, createMeters().traffic];
  const a = meterNetwork(
    hub.network({ endpoints: ["a:1"], certificate: new Uint8Array(1) }),
    ofA,
    new Set(),
  );
  const b = meterNetwork(
    hub.network({ endpoints: ["b:1"], certificate: new Uint8Array(2) }),
    ofB,
    new Set(),
  );
  const links: Link[] = [];
  await b.listen((link) => links.push(link));
  a.dial("b:1", { opened: (link) => links.push(link), failed: assert.fail });
  clock.advance(1_000);
  for (const link of links) link.start(SILENT);
  const dialled = links.find(({ outbound }) => outbound);
  assert.ok(dialled !== undefined && links.length === 2);
  return { clock, ofA, ofB, dialled };
}

function messages(volumes: Volumes): Record<string, number> {
  return Object.fromEntries([...volumes].map(([type, volume]) => [type, volume.messages]));
}

describe("traffic is counted by type", () => {
  test("what comes first on a stream is the handshake, and does not count as a message", async () => {
    const { clock, ofA, ofB, dialled } = await connect();
    for (const bytes of [HELLO, HELLO, HANDSHAKE, Uint8Array.of(1, 2, 3)]) dialled.send(bytes);
    clock.advance(1_000);
    const want = { "conn-establish": 1, hello: 1, unknown: 2 };
    assert.deepEqual([messages(ofA.sent), messages(ofB.received)], [want, want]);
    assert.deepEqual([messages(ofA.received), messages(ofB.sent)], [{}, {}]);
    assert.equal(messagesOf(ofA.sent), 3);
    assert.equal(ofB.received.get("hello")?.bytes, HELLO.length);
  });

  test("what is sent on a stream that was closed is not counted", async () => {
    const { clock, ofA, dialled } = await connect();
    dialled.send(HANDSHAKE);
    dialled.close();
    dialled.send(HELLO);
    clock.advance(1_000);
    assert.deepEqual(messages(ofA.sent), { "conn-establish": 1 });
  });
});

test("each signature check is counted, right or wrong, and its verdict passed on", () => {
  const seconds = createMeters().checks;
  const crypto = meterChecks(testCrypto("A"), seconds);
  const identity = testIdentity("A", "a");
  const payload = Uint8Array.of(1);
  const signature = testSignature(identity.pkiId, payload);
  assert.equal(crypto.verify(identity, payload, signature), true);
  assert.equal(crypto.verify(identity, Uint8Array.of(2), signature), false);
  assert.deepEqual(crypto.identify(identity.bytes), { ok: true, value: identity });
  assert.equal(seconds.count, 2);
  assert.ok(seconds.sum > 0);
});
