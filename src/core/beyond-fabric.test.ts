/** What the core does beyond Fabric can be switched off, rule by rule: the playground shows both. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode } from "./testing.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf } from "./testing-messages.ts";
import { friend, list, said, victim } from "./testing-second-hand.ts";
import type { BeyondFabric } from "./types/options.ts";

const ALL: BeyondFabric = { asksAtOnce: true, confirmsDeath: true };

function meet(beyondFabric: BeyondFabric | undefined) {
  const world = createWorld(7);
  const node = world.add("n", beyondFabric === undefined ? {} : { beyondFabric });
  world.meet(node, friend);
  const hear = (bytes: Uint8Array): void => {
    world.give(node, { type: "message", from: friend.pkiId, bytes });
  };
  hear(aliveOf(friend, { endpoint: "friend:7051" }));
  world.run(30_000); // It is not new any more: nothing is asked out of turn for that reason.
  hear(aliveOf(friend, { seqNum: 9n, endpoint: "friend:7051" }));
  return { world, node, hear };
}

/** Nonces of the hellos that the node has sent since `fromMs`. */
function hellos({ sent }: TestNode, fromMs: number): readonly bigint[] {
  return sent.flatMap(({ message: { content }, atMs }) =>
    content?.type === "hello" && atMs >= fromMs ? [content.value.nonce] : [],
  );
}

describe("asksAtOnce", () => {
  const stranger = testIdentity("A", "stranger");
  const news = aliveOf(stranger, { endpoint: "stranger:7051" });

  test("an alive message of an unknown author has its identity asked for, and waits for it", () => {
    for (const beyondFabric of [undefined, ALL]) {
      const { world, node, hear } = meet(beyondFabric);
      const fromMs = world.now().elapsedMs;
      hear(news);
      world.run(20);
      assert.equal(hellos(node, fromMs).length, 1);
      world.meet(node, stranger);
      world.run(1);
      assert.equal(node.core.members.table.get(stranger.pkiId)?.status, "alive");
    }
  });

  test("switched off: the message is dropped, and nobody is asked before the next pull", () => {
    const { world, node, hear } = meet({ ...ALL, asksAtOnce: false });
    const fromMs = world.now().elapsedMs;
    hear(news);
    assert.ok(node.drops.includes("identity-unknown"));
    world.run(node.core.pullBackoff.dueMs - fromMs - 1);
    assert.ok(world.now().elapsedMs - fromMs > 100);
    assert.deepEqual(hellos(node, fromMs), []);
    assert.equal(node.core.pull.wanted.size, 0);
    world.meet(node, stranger);
    world.run(1);
    assert.equal(node.core.members.table.has(stranger.pkiId), false, "the message did not wait");
    hear(aliveOf(stranger, { seqNum: 2n, endpoint: "stranger:7051" }));
    assert.equal(node.core.members.table.get(stranger.pkiId)?.status, "alive");
  });

  test("switched off: who comes back does not quicken the polls", () => {
    for (const asksAtOnce of [true, false]) {
      const { world, node, hear } = meet({ ...ALL, asksAtOnce });
      world.meet(node, victim);
      world.run(120_000);
      const beforeMs = node.core.syncBackoff.dueMs - world.now().elapsedMs;
      hear(said(1n));
      const afterMs = node.core.syncBackoff.dueMs - world.now().elapsedMs;
      assert.equal(node.core.members.table.get(victim.pkiId)?.status, "alive");
      assert.equal(afterMs < beforeMs, asksAtOnce, `${beforeMs} ms, then ${afterMs}`);
    }
  });
});

describe("confirmsDeath", () => {
  function lose(confirmsDeath: boolean) {
    const { world, node, hear } = meet({ ...ALL, confirmsDeath });
    world.meet(node, victim);
    hear(said(1n));
    node.connected.delete(victim.pkiId);
    world.give(node, { type: "connection-lost", pkiId: victim.pkiId });
    const status = (): string | undefined => node.core.members.table.get(victim.pkiId)?.status;
    return { world, node, hear, status };
  }

  test("a connection that breaks is followed by a ping, and only its failure is a death", () => {
    const { world, node, hear, status } = lose(true);
    assert.equal(status(), "alive");
    world.give(node, { type: "pinged", pkiId: victim.pkiId, reachable: false });
    assert.equal(status(), "dead");
    hear(list("alive", said(2n)));
    assert.equal(status(), "dead", "a list revives nobody whose death a ping has shown");
  });

  test("switched off: who is unreachable is dead at once, and any newer message revives it", () => {
    const { node, hear, status } = lose(false);
    assert.equal(status(), "dead");
    const reasons = node.events.flatMap((event) =>
      event.type === "member-dead" && event.member.pkiId === victim.pkiId ? [event.reason] : [],
    );
    assert.deepEqual(reasons, ["unreachable"]);
    hear(list("alive", said(1n)));
    assert.equal(status(), "dead", "what was known before revives nobody");
    hear(list("alive", said(2n)));
    assert.equal(status(), "alive");
  });

  test("switched off: a silent member is not pinged, and dies when its last message expires", () => {
    for (const confirmsDeath of [true, false]) {
      const { world, node, hear } = meet({ ...ALL, confirmsDeath });
      world.meet(node, victim);
      hear(said(1n));
      const diedMs = world.runUntil(
        () => node.core.members.table.get(victim.pkiId)?.status === "dead",
        60_000,
      );
      const { aliveExpiryMs } = node.core.options.timing;
      assert.ok(diedMs !== undefined);
      assert.equal(diedMs >= aliveExpiryMs, !confirmsDeath, `dead after ${diedMs} ms`);
    }
  });
});
