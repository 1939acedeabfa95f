/** The emitter: Fabric's batcher vectors (spec B 4.1) and who gets what (B 4.2). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeEnvelope } from "../../wire/envelope.ts";
import { EPOCH_MS, seededRandom, testIdentity } from "../testing-identities.ts";
import type { Effect } from "../types/effect.ts";
import type { Now } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { DEFAULT_FANOUT, DEFAULT_TIMING, type Fanout } from "../types/options.ts";
import {
  type Broadcast,
  type BroadcastQueue,
  createBroadcastQueue,
  enqueue,
  flush,
  noteHolder,
} from "./broadcast-queue.ts";

const envelope = encodeEnvelope({
  payload: new Uint8Array([1]),
  signature: new Uint8Array([2]),
  secret: { payload: new Uint8Array([3]), signature: new Uint8Array([4]) },
});
const stripped = encodeEnvelope({ payload: envelope.payload, signature: envelope.signature });

function at(elapsedMs: number): Now {
  return { elapsedMs, wallMs: EPOCH_MS + elapsedMs };
}

function member(mspId: string, name: string, endpoint = `${name}:1`): Member {
  const author = testIdentity(mspId, name);
  const { pkiId } = author;
  return {
    pkiId,
    mspId,
    author,
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
    firstHand: undefined,
    lastSeenMs: 0,
    heardMs: 0,
    sinceMs: 0,
    relayed: undefined,
    reconnectAtMs: 0,
    isSuspect: false,
    isCutOff: false,
    knownAtDeath: undefined,
  };
}

const tenMembers = Array.from({ length: 10 }, (_, i) => member("A", `m${i}`));

const SELF = testIdentity("A", "self");
const random = seededRandom(1);
let nextKey = 0;

/** Emits one message, under a key of its own unless one is given. */
function add(
  queue: BroadcastQueue,
  fanout: Fanout,
  nowMs: number,
  broadcast: Partial<Broadcast> = {},
): void {
  nextKey += 1;
  enqueue(
    { broadcastQueue: queue, options: optionsOf(fanout), now: at(nowMs) },
    {
      key: `message ${nextKey}`,
      reach: { type: "about", party: { mspId: "A", isExternal: true } },
      bytes: envelope.bytes,
      withoutSecret: () => stripped.bytes,
      replacesOlder: false,
      holders: [],
      ...broadcast,
    },
    1 + random.below(10),
  );
}

function optionsOf(fanout: Fanout) {
  return { fanout, random, self: SELF, timing: DEFAULT_TIMING };
}

/** What leaves now, if each message is for `count` of the members in this order. */
function sends(
  queue: BroadcastQueue,
  nowMs: number,
  members: readonly Member[] = tenMembers,
  count = 3,
): Extract<Effect, { type: "send" }>[] {
  const effects = flush(
    { broadcastQueue: queue, options: optionsOf(DEFAULT_FANOUT), now: at(nowMs) },
    () => ({ members, count }),
  );
  return effects.filter((effect) => effect.type === "send");
}

describe("when messages leave", () => {
  test("alone within the latency, complete bursts at once", () => {
    const queue = createBroadcastQueue();
    add(queue, DEFAULT_FANOUT, 100);
    const { flushAtMs } = queue;
    assert.ok(flushAtMs > 100 && flushAtMs <= 110, String(flushAtMs));
    for (let i = 0; i < 8; i++) add(queue, DEFAULT_FANOUT, 100);
    assert.ok(queue.flushAtMs > 100 && queue.flushAtMs <= flushAtMs);
    add(queue, DEFAULT_FANOUT, 100);
    assert.equal(queue.flushAtMs, 100);
  });

  test("50 messages in bursts of 10 leave in exactly 5 bursts", () => {
    const queue = createBroadcastQueue();
    let bursts = 0;
    for (let i = 0; i < 50; i++) {
      add(queue, DEFAULT_FANOUT, 0);
      if (queue.flushAtMs > 0) continue;
      sends(queue, 0);
      bursts += 1;
    }
    assert.deepEqual([bursts, queue.waiting.size], [5, 0]);
  });

  test("ten iterations send a message exactly ten times, to so many each time", () => {
    const queue = createBroadcastQueue();
    add(queue, { ...DEFAULT_FANOUT, iterations: 10, burstSize: 1 }, 0);
    let times = 0;
    while (queue.flushAtMs < Number.POSITIVE_INFINITY) {
      times += 1;
      assert.equal(sends(queue, queue.flushAtMs).length, 3);
    }
    assert.equal(times, 10);
  });

  test("what goes to everybody there is to send it to goes once", () => {
    const queue = createBroadcastQueue();
    add(queue, { ...DEFAULT_FANOUT, iterations: 10 }, 0);
    assert.equal(sends(queue, 10, tenMembers, Number.POSITIVE_INFINITY).length, 10);
    assert.equal(queue.flushAtMs, Number.POSITIVE_INFINITY);
  });

  test("of several under one key only the newest leaves", () => {
    const queue = createBroadcastQueue();
    const older = new Uint8Array([7]);
    add(queue, DEFAULT_FANOUT, 0, { key: "same", bytes: older });
    add(queue, DEFAULT_FANOUT, 0, { key: "same" });
    const [first] = sends(queue, 10);
    assert.deepEqual(
      first?.messages.map(({ bytes }) => bytes),
      [envelope.bytes],
    );
  });

  test("zero iterations send nothing", () => {
    const queue = createBroadcastQueue();
    add(queue, { ...DEFAULT_FANOUT, iterations: 0 }, 0);
    assert.deepEqual(queue, createBroadcastQueue());
  });
});

describe("to whom they go", () => {
  test("to as many different members as the audience is to have", () => {
    const queue = createBroadcastQueue();
    add(queue, DEFAULT_FANOUT, 0);
    const members = tenMembers.flatMap((member) => [member, member]);
    assert.equal(new Set(sends(queue, 10, members).map(({ to }) => to)).size, 3);
  });

  test("never to those who have them, not even if that turns out while they wait", () => {
    const [author, hop, late, ...others] = tenMembers as [Member, Member, Member, ...Member[]];
    const queue = createBroadcastQueue();
    const holders = [author.pkiId, hop.pkiId];
    add(queue, DEFAULT_FANOUT, 0, { key: "rumour", holders });
    noteHolder(queue, "rumour", late.pkiId);
    noteHolder(queue, "another", others[0]?.pkiId ?? late.pkiId);
    const to = sends(queue, 10, tenMembers, 100).map((send) => send.to);
    assert.deepEqual(
      to,
      others.map(({ pkiId }) => pkiId),
    );
  });

  test("messages for one peer leave in one send, in their order", () => {
    const queue = createBroadcastQueue();
    for (let i = 0; i < 5; i++) add(queue, DEFAULT_FANOUT, 0, { bytes: new Uint8Array([i]) });
    const [only, ...more] = sends(queue, 10, [member("A", "m")]);
    assert.deepEqual(
      only?.messages.map(({ bytes }) => bytes[0]),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(more, []);
  });

  test("with the secret inside the organisation, without it outside", () => {
    const queue = createBroadcastQueue();
    add(queue, DEFAULT_FANOUT, 0);
    const [own, foreign, hidden] = [
      member("A", "own"),
      member("B", "far"),
      member("B", "dark", ""),
    ];
    const sent = new Map(
      sends(queue, 10, [own, foreign, hidden]).map((send) => [send.to, send.messages[0]]),
    );
    assert.deepEqual([...sent.keys()].toSorted(), [own.pkiId, foreign.pkiId].toSorted());
    assert.deepEqual(sent.get(own.pkiId)?.bytes, envelope.bytes);
    assert.deepEqual(sent.get(foreign.pkiId)?.bytes, stripped.bytes);
  });

  test("whoever may not see a message takes nobody's place", () => {
    const queue = createBroadcastQueue();
    add(queue, DEFAULT_FANOUT, 0);
    const dark = Array.from({ length: 5 }, (_, i) => member("B", `d${i}`, ""));
    assert.equal(sends(queue, 10, [...dark, ...tenMembers]).length, 3);
  });

  test("those of a third organisation only at home and with us", () => {
    const queue = createBroadcastQueue();
    const party = { mspId: "C", isExternal: true };
    add(queue, DEFAULT_FANOUT, 0, { reach: { type: "about", party } });
    const members = [member("A", "own"), member("B", "far"), member("C", "home")];
    const to = sends(queue, 10, members).map((send) => send.to);
    assert.deepEqual(to.toSorted(), [members[0]?.pkiId, members[2]?.pkiId].toSorted());
  });

  test("those for the organisation stay there, unstripped", () => {
    const queue = createBroadcastQueue();
    add(queue, DEFAULT_FANOUT, 0, { reach: { type: "organisation" } });
    const members = [member("B", "far"), member("A", "own", "")];
    const sent = sends(queue, 10, members);
    assert.deepEqual(
      sent.map(({ to, messages }) => [to, messages[0]?.bytes]),
      [[members[1]?.pkiId, envelope.bytes]],
    );
  });
});
