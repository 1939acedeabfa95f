/** Messages under our own name that we did not send just now. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { type AliveOptions, aliveOf } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";
import { judgeIdentity } from "./check.ts";

const relay = testIdentity("A", "relay");

function setUp(): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n");
  world.meet(node, relay);
  world.run(1_000);
  node.sent.length = 0;
  return { world, node };
}

function hear(
  world: World,
  node: TestNode,
  author: Identity,
  options: AliveOptions,
  from: Identity = relay,
): void {
  world.give(node, { type: "message", from: from.pkiId, bytes: aliveOf(author, options) });
}

function twins({ events }: TestNode): number {
  return events.filter(({ type }) => type === "same-identity").length;
}

describe("a message of our own", () => {
  test("shows that its sender draws peers at random, if that is a member", () => {
    const { world, node } = setUp();
    const own = { incNum: node.core.self.incarnation, endpoint: node.endpoint };
    hear(world, node, node.identity, own);
    assert.equal(node.core.randomRelays.size, 0);
    hear(world, node, relay, { endpoint: "relay:1" });
    hear(world, node, node.identity, { ...own, seqNum: 2n });
    assert.deepEqual([...node.core.randomRelays], [relay.pkiId]);
  });

  test("of ever other endpoints is told ten times only", () => {
    const { world, node } = setUp();
    for (let i = 0; i < 15; i++) {
      hear(world, node, node.identity, { incNum: 2n ** 63n, endpoint: `other${i}:1` });
    }
    assert.equal(twins(node), 10);
  });

  test("of the last incarnation there is cannot be overtaken: it is told as a twin's", () => {
    const { world, node } = setUp();
    const { incarnation } = node.core.self;
    hear(world, node, node.identity, { incNum: 2n ** 64n - 1n, endpoint: node.endpoint });
    assert.deepEqual([node.core.self.incarnation, twins(node)], [incarnation, 1]);
    hear(world, node, node.identity, { incNum: 2n ** 64n - 2n, endpoint: node.endpoint });
    assert.equal(twins(node), 1);
  });
});

describe("a member where another one was", () => {
  const requested = (node: TestNode): number =>
    node.sent.filter(({ message }) => message.content?.type === "membership-request").length;

  for (const [mspId, endpoint, requests] of [
    ["A", "there:1", 1],
    ["A", "elsewhere:1", 0],
    ["B", "there:1", 0],
  ] as const) {
    test(`of ${mspId} at ${endpoint}: the former is asked ${requests} times`, () => {
      const world = createWorld(1);
      const node = world.add("n", { trusts: ["A", "B"] });
      const former = testIdentity("A", "former");
      world.meet(node, former);
      hear(world, node, former, { endpoint: "there:1" }, former);
      node.sent.length = 0;
      const newcomer = testIdentity(mspId, "newcomer");
      world.meet(node, newcomer);
      hear(world, node, newcomer, { endpoint }, newcomer);
      world.run(50);
      assert.equal(requested(node), requests);
    });
  }
});

test("an identity is over at the moment that its certificate names", () => {
  const { node } = setUp();
  const { bytes, pkiId, notAfterMs } = relay;
  const judge = (wallMs: number) =>
    judgeIdentity(node.crypto, bytes, pkiId, { elapsedMs: 0, wallMs });
  assert.equal(judge(notAfterMs - 1).ok, true);
  assert.equal(judge(notAfterMs).ok, false);
});
