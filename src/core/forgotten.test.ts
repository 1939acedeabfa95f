/** What is kept for a while ends, and what was done once is not done again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkExpiry, checkUnused } from "./handlers/expiry.ts";
import { rest, shun } from "./tables/pull.ts";
import { heightOf } from "./testing-channel.ts";
import { channelOf, one, setUp as setUpChannel, snapshot, two } from "./testing-followed.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf, hello, stateInfoOf, unsigned } from "./testing-messages.ts";
import { friend, receive, setUp, stranger } from "./testing-received.ts";
import type { Now } from "./types/host.ts";
import { DEFAULT_TIMING } from "./types/options.ts";

const later = ({ elapsedMs, wallMs }: Now, ms: number): Now => ({
  elapsedMs: elapsedMs + ms,
  wallMs: wallMs + ms,
});

describe("an identity that is purged", () => {
  test("as unused is not asked for as long as it was kept, whoever offers it", () => {
    const { world, node } = setUp();
    world.meet(node, stranger);
    const now = later(world.now(), DEFAULT_TIMING.identityUnusedMs + 1);
    checkUnused({ ...node.core, now });
    const { identities, pull } = node.core;
    assert.equal(identities.table.has(stranger.pkiId), false);
    const untilMs = now.elapsedMs + DEFAULT_TIMING.identityUnusedMs;
    assert.equal(pull.resting.get(stranger.pkiId), untilMs);
    assert.equal(pull.shunned.size, 0);
  });

  test("for any other reason is not asked for a minute", () => {
    const { world, node } = setUp();
    world.meet(node, stranger);
    node.crypto.revoked.add(stranger.pkiId);
    world.give(node, { type: "trust-changed" });
    world.run(1);
    const { pull } = node.core;
    assert.deepEqual([pull.resting.size, [...pull.shunned.keys()]], [0, [stranger.pkiId]]);
    node.crypto.revoked.clear();
    world.give(node, { type: "trust-changed" });
    assert.equal(pull.shunned.size, 0, "or until trust changes: it may be valid now");
  });
});

describe("the periodic scan forgets", () => {
  test("forgotten members, once no message of theirs can be under way", () => {
    const { world, node } = setUp();
    const { members } = node.core;
    const now = world.now();
    const time = { incNum: 1n, seqNum: 1n };
    members.tombstones.set(stranger.pkiId, { time, untilMs: now.elapsedMs + 5_000 });
    const isKeptAfter = (ms: number): boolean => {
      checkExpiry({ ...node.core, now: later(now, ms) });
      return members.tombstones.has(stranger.pkiId);
    };
    assert.deepEqual([isKeptAfter(4_999), isKeptAfter(5_000)], [true, false]);
  });

  test("items that were shunned or rested, and hellos without a request", () => {
    const { world, node } = setUp();
    const { pull } = node.core;
    const now = world.now();
    shun(pull, stranger.pkiId, now);
    rest(pull, friend.pkiId, 70_000, now);
    receive(world, node, hello(1n));
    const sizesAfter = (ms: number): readonly number[] => {
      checkExpiry({ ...node.core, now: later(now, ms) });
      return [pull.hellos.size, pull.shunned.size, pull.resting.size];
    };
    assert.deepEqual(sizesAfter(1_499), [1, 1, 1]);
    assert.deepEqual(sizesAfter(1_500), [0, 1, 1]);
    assert.deepEqual(sizesAfter(60_000), [0, 0, 1]);
    assert.deepEqual(sizesAfter(70_000), [0, 0, 0]);
  });
});

describe("a member whose connection breaks", () => {
  test("is pinged once, until the answer is there", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(friend, { endpoint: "friend:1" }));
    world.run(10);
    const { members } = node.core;
    const { pkiId } = friend;
    world.give(node, { type: "connection-lost", pkiId });
    const suspected = members.table.get(pkiId);
    assert.equal(suspected?.isSuspect, true);
    world.give(node, { type: "send-failed", pkiId, endpoint: "friend:1" });
    assert.equal(members.table.get(pkiId), suspected);
    world.run(2);
    const dead = node.events.filter(({ type }) => type === "member-dead");
    assert.deepEqual([dead.length, members.table.get(pkiId)?.status], [1, "dead"]);
  });

  test("and that answers, hears of us within a second, whatever the next heartbeat's time", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(friend, { endpoint: "friend:1" }));
    world.run(1_500);
    const { schedule } = node.core;
    schedule.heartbeatAtMs = world.now().elapsedMs + 5_000;
    world.give(node, { type: "connection-lost", pkiId: friend.pkiId });
    world.give(node, { type: "pinged", pkiId: friend.pkiId, reachable: true });
    node.sent.length = 0;
    world.run(1_050);
    assert.ok(node.sent.some(({ message }) => message.content?.type === "alive"));
  });
});

test("what waits for the identity of a member is dropped when another one is at its endpoint", () => {
  const { world, node } = setUp();
  const { aside } = node.core.verificationQueue;
  receive(world, node, aliveOf(stranger));
  assert.equal(aside.size, 1);
  const identity = testIdentity("A", "successor");
  world.give(node, { type: "replaced", old: stranger.pkiId, identity });
  assert.equal(aside.size, 0);
});

test("our former name is ours still: a message under it makes no member", () => {
  const { world, node } = setUp();
  const former = node.identity;
  world.renew(node, testIdentity("A", "renewed"));
  receive(world, node, aliveOf(former, { identity: true, seqNum: 99n }));
  assert.deepEqual(node.drops, ["own-message"]);
  const dead = [aliveOf(former, { identity: true, seqNum: 100n })];
  receive(world, node, unsigned({ type: "membership-response", value: { alive: [], dead } }));
  world.run(1);
  assert.equal(node.core.members.table.has(former.pkiId), false);
});

test("an unknown author of news of a channel is asked for", () => {
  const { world, node } = setUp();
  receive(world, node, aliveOf(friend, { endpoint: "friend:1" }));
  receive(world, node, stateInfoOf(stranger));
  assert.deepEqual(node.drops, ["identity-unknown"]);
  world.run(1);
  assert.ok(node.sent.some(({ message }) => message.content?.type === "hello"));
});

test("a contact has answered when its response carries the nonce of the request", () => {
  const { world, node } = setUp();
  const nonce = 5n;
  const state = { type: "asking", pkiId: friend.pkiId, nonce, untilMs: 5_000 } as const;
  const about = { endpoint: "friend:1", isBootstrap: true, isResolved: false, isFormer: false };
  node.core.contacts.push({ ...about, state, failures: 0, isSelf: false });
  const content = { type: "membership-response", value: { alive: [], dead: [] } } as const;
  const stateAfter = (answered: bigint, from = friend): string | undefined => {
    receive(world, node, unsigned(content, { nonce: answered }), from);
    world.run(1);
    return node.core.contacts[0]?.state.type;
  };
  world.meet(node, stranger);
  const states = [stateAfter(4n), stateAfter(nonce, stranger), stateAfter(nonce)];
  assert.deepEqual(states, ["asking", "asking", "connected"]);
});

test("a snapshot that was asked for once is taken once", () => {
  const scene = setUpChannel();
  const { node } = scene;
  snapshot(scene, [heightOf(two, 5n)], one);
  assert.equal(channelOf(node).asked.has(one.pkiId), false);
  assert.equal(channelOf(node).members.has(two.pkiId), true);
});
