/** The emitter: Fabric's batcher vectors (spec B 4.1) and who gets what (B 4.2). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeEnvelope } from "../wire/envelope.ts";
import type { Now } from "./abilities.ts";
import type { Effect } from "./effect.ts";
import { createEmitter, type Emitter, emit, flush } from "./emitter.ts";
import type { Member } from "./membership.ts";
import { DEFAULT_FANOUT, type Fanout } from "./options.ts";
import { EPOCH_MS, seededRandom, testIdentity } from "./testing.ts";

const envelope = encodeEnvelope({
  payload: new Uint8Array([1]),
  signature: new Uint8Array([2]),
  secret: { payload: new Uint8Array([3]), signature: new Uint8Array([4]) },
});
const origin = testIdentity("A", "origin");

function at(elapsedMs: number): Now {
  return { elapsedMs, wallMs: EPOCH_MS + elapsedMs };
}

function member(mspId: string, name: string, endpoint = `${name}:1`): Member {
  const { pkiId } = testIdentity(mspId, name);
  return {
    pkiId,
    mspId,
    status: "alive",
    endpoint,
    internalEndpoint: undefined,
    metadata: new Uint8Array(0),
    time: { incNum: 1n, seqNum: 1n },
    alive: {
      pkiId,
      endpoint,
      internalEndpoint: undefined,
      metadata: new Uint8Array(0),
      time: { incNum: 1n, seqNum: 1n },
      identity: new Uint8Array(0),
      envelope,
    },
    lastSeenMs: 0,
    sinceMs: 0,
    relayed: undefined,
    reconnectAtMs: 0,
    isSuspect: false,
    isCutOff: false,
  };
}

const tenMembers = Array.from({ length: 10 }, (_, i) => member("A", `m${i}`));

/** Emits one message; returns what the emitter sends whenever it is due, until `untilMs`. */
function add(
  emitter: Emitter,
  fanout: Fanout,
  nowMs: number,
  mspId = "A",
  isExternal = true,
): void {
  emit(
    emitter,
    {
      envelope,
      origin: origin.pkiId,
      originParty: { mspId, isExternal },
      from: undefined,
    },
    fanout,
    10,
    at(nowMs),
  );
}

function sends(
  emitter: Emitter,
  fanout: Fanout,
  nowMs: number,
  members: readonly Member[] = tenMembers,
): Extract<Effect, { type: "send" }>[] {
  const effects = flush(emitter, members, "A", fanout, 10, seededRandom(1), at(nowMs));
  return effects.filter((effect) => effect.type === "send");
}

describe("when messages leave", () => {
  test("alone after the latency, complete bursts at once", () => {
    const emitter = createEmitter();
    add(emitter, DEFAULT_FANOUT, 100);
    assert.equal(emitter.flushAtMs, 110);
    for (let i = 0; i < 8; i++) add(emitter, DEFAULT_FANOUT, 105);
    assert.equal(emitter.flushAtMs, 110);
    add(emitter, DEFAULT_FANOUT, 107);
    assert.equal(emitter.flushAtMs, 107);
  });

  test("50 messages in bursts of 10 leave in exactly 5 bursts", () => {
    const emitter = createEmitter();
    let bursts = 0;
    for (let i = 0; i < 50; i++) {
      add(emitter, DEFAULT_FANOUT, 0);
      if (emitter.flushAtMs > 0) continue;
      sends(emitter, DEFAULT_FANOUT, 0);
      bursts += 1;
    }
    assert.deepEqual([bursts, emitter.waiting.length], [5, 0]);
  });

  test("ten iterations send a message exactly ten times", () => {
    const fanout = { ...DEFAULT_FANOUT, iterations: 10, burstSize: 1 };
    const emitter = createEmitter();
    add(emitter, fanout, 0);
    let times = 0;
    while (emitter.flushAtMs < Number.POSITIVE_INFINITY) {
      times += 1;
      assert.equal(sends(emitter, fanout, emitter.flushAtMs).length, 3);
    }
    assert.equal(times, 10);
  });

  test("zero iterations send nothing", () => {
    const emitter = createEmitter();
    add(emitter, { ...DEFAULT_FANOUT, iterations: 0 }, 0);
    assert.deepEqual(emitter, createEmitter());
  });
});

describe("to whom they go", () => {
  test("to as many different members as configured", () => {
    const emitter = createEmitter();
    add(emitter, DEFAULT_FANOUT, 0);
    assert.equal(new Set(sends(emitter, DEFAULT_FANOUT, 10).map(({ to }) => to)).size, 3);
  });

  test("never to the hop they came from, nor to their author", () => {
    const [hop, ...others] = tenMembers as [Member, ...Member[]];
    const author = member("A", "origin");
    const emitter = createEmitter();
    emit(
      emitter,
      {
        envelope,
        origin: author.pkiId,
        originParty: { mspId: "A", isExternal: true },
        from: hop.pkiId,
      },
      { ...DEFAULT_FANOUT, propagatePeers: 100 },
      10,
      at(0),
    );
    const fanout = { ...DEFAULT_FANOUT, propagatePeers: 100 };
    const to = sends(emitter, fanout, 10, [hop, author, ...others]).map((send) => send.to);
    assert.deepEqual(to.toSorted(), others.map(({ pkiId }) => pkiId).toSorted());
  });

  test("messages for one peer leave in one send, in their order", () => {
    const emitter = createEmitter();
    for (let i = 0; i < 5; i++) add(emitter, DEFAULT_FANOUT, 0);
    const [only] = sends(emitter, DEFAULT_FANOUT, 10, [member("A", "m")]);
    assert.equal(only?.messages.length, 5);
  });

  test("with the secret inside the organisation, without it outside", () => {
    const fanout = { ...DEFAULT_FANOUT, propagatePeers: 100 };
    const emitter = createEmitter();
    add(emitter, fanout, 0);
    const [own, foreign, hidden] = [
      member("A", "own"),
      member("B", "far"),
      member("B", "dark", ""),
    ];
    const sent = new Map(
      sends(emitter, fanout, 10, [own, foreign, hidden]).map((send) => [send.to, send.messages[0]]),
    );
    assert.deepEqual([...sent.keys()].toSorted(), [own.pkiId, foreign.pkiId].toSorted());
    assert.deepEqual(sent.get(own.pkiId)?.bytes, envelope.bytes);
    const stripped = encodeEnvelope({ payload: envelope.payload, signature: envelope.signature });
    assert.deepEqual(sent.get(foreign.pkiId)?.bytes, stripped.bytes);
  });

  test("those of a third organisation only at home and with us", () => {
    const fanout = { ...DEFAULT_FANOUT, propagatePeers: 100 };
    const emitter = createEmitter();
    add(emitter, fanout, 0, "C");
    const members = [member("A", "own"), member("B", "far"), member("C", "home")];
    const to = sends(emitter, fanout, 10, members).map((send) => send.to);
    assert.deepEqual(to.toSorted(), [members[0]?.pkiId, members[2]?.pkiId].toSorted());
  });
});
