/** Everything that waits is bounded, and the oldest gives way or the newest is refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAlive } from "../../wire/received.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf } from "../testing-messages.ts";
import type { AliveClaim } from "../types/claim.ts";
import {
  createVerificationQueue,
  enqueueClaim,
  enqueueList,
  setAside,
  takeAside,
  takeClaim,
} from "./verification-queue.ts";

const from = testIdentity("A", "friend").pkiId;
const now = { elapsedMs: 0, wallMs: 0 };

function claimOf(name: string, seqNum = 1n, broughtBy = from): AliveClaim {
  const alive = parseAlive(aliveOf(testIdentity("A", name), { seqNum }));
  assert.ok(alive.ok);
  return { type: "alive", from: broughtBy, source: "gossip", alive: alive.value };
}

describe("the backlog", () => {
  test("refuses what is above its maximum", () => {
    const queue = createVerificationQueue();
    const accepted = ["a", "b", "c"].map((name) => enqueueClaim(queue, claimOf(name), 2));
    assert.deepEqual(accepted, [true, true, false]);
  });

  test("does not keep what is done, even if it is never quite empty", () => {
    const queue = createVerificationQueue();
    const claim = claimOf("a");
    for (let i = 0; i < 5_000; i++) {
      enqueueClaim(queue, claim, 10);
      enqueueClaim(queue, claim, 10);
      takeClaim(queue);
      if (i % 2 === 1) takeClaim(queue);
    }
    assert.ok(queue.backlog.length <= 1_100, `${queue.backlog.length} entries`);
  });
});

describe("lists", () => {
  test("wait one for each peer, and together for so many bytes", () => {
    const queue = createVerificationQueue();
    const list = { alive: [], dead: [new Uint8Array(30_000_000)] };
    const peers = ["a", "b", "c"].map((name) => testIdentity("A", name).pkiId);
    const accepted = peers.map((peer) => enqueueList(queue, peer, list));
    assert.deepEqual(accepted, [true, true, false]);
    assert.equal(peers[0] && enqueueList(queue, peers[0], { alive: [], dead: [] }), false);
  });
});

describe("what is kept aside", () => {
  test("is the newest claim of each author, of so many authors", () => {
    const queue = createVerificationQueue();
    const peers = ["a", "b", "c"].map((name) => testIdentity("A", name).pkiId);
    for (let i = 0; i < 4_200; i++) setAside(queue, claimOf(`m${i}`, 1n, peers[i % 3]), now);
    assert.equal(queue.aside.size, 4_096);
    const last = testIdentity("A", "m4199").pkiId;
    setAside(queue, claimOf("m4199", 9n, peers[2]), now);
    setAside(queue, claimOf("m4199", 5n, peers[2]), now);
    assert.equal(takeAside(queue, last, 1_000, now)?.alive.time.seqNum, 9n);
    assert.equal(takeAside(queue, last, 1_000, now), undefined);
  });

  test("comes from one peer by half at most, so that the others' share is safe", () => {
    const queue = createVerificationQueue();
    const talker = testIdentity("A", "talker").pkiId;
    setAside(queue, claimOf("friend of a friend"), now);
    for (let i = 0; i < 5_000; i++) setAside(queue, claimOf(`m${i}`, 1n, talker), now);
    assert.equal(queue.aside.size, 2_049);
    const taken = (name: string) =>
      takeAside(queue, testIdentity("A", name).pkiId, 1_000, now)?.alive.time.seqNum;
    assert.equal(taken("friend of a friend"), 1n);
    setAside(queue, claimOf("m7", 2n, talker), now);
    assert.equal(taken("m7"), 2n);
    setAside(queue, claimOf("m4999", 1n, talker), now);
    assert.equal(taken("m4999"), 1n);
  });
});
