/** The pull engine: Fabric's own assertions (spec C 3.11) and its wrong inputs (C1 10). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { EPOCH_MS, testIdentity } from "../testing-identities.ts";
import { aliveOf, digest, hello, identityItemOf, request, update } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";

const friend = testIdentity("A", "friend");
const items = ["i0", "i1", "i2", "i3"].map((name) => testIdentity("A", name));
const [i0, i1] = items as [Identity, Identity];

/** A node that has just said hello to `friend`, its only member, with this nonce. */
function inRound(): { world: World; node: TestNode; nonce: bigint } {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A", "B"] });
  world.meet(node, friend);
  receive(world, node, aliveOf(friend, { endpoint: "friend:1" }));
  assert.notEqual(
    world.runUntil(() => lastNonce(node, "hello") !== undefined, 10_000),
    undefined,
  );
  return { world, node, nonce: lastNonce(node, "hello") ?? 0n };
}

function receive(world: World, node: TestNode, bytes: Uint8Array, from: Identity = friend): void {
  node.drops.length = 0;
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

function lastNonce(node: TestNode, type: "hello" | "request"): bigint | undefined {
  const content = node.sent.findLast(({ message }) => message.content?.type === type)?.message
    .content;
  return content?.type === type ? content.value.nonce : undefined;
}

function requested(node: TestNode): string[] {
  return node.sent.flatMap(({ message: { content } }) =>
    content?.type === "request"
      ? content.value.digests.map((d) => Buffer.from(d).toString("hex"))
      : [],
  );
}

function offered(node: TestNode, identity: Identity): boolean {
  return node.core.pull.offered.has(identity.pkiId);
}

describe("asking", () => {
  test("PE-1: exactly what is missing is asked for, and then offered on", () => {
    const { world, node, nonce } = inRound();
    receive(world, node, digest(nonce, [i0, node.identity]));
    assert.deepEqual(requested(node), [i0.pkiId]);
    receive(world, node, update(nonce, [identityItemOf(i0)]));
    assert.deepEqual([offered(node, i0), node.drops], [true, []]);
    assert.equal(node.core.identities.table.get(i0.pkiId)?.learntFrom, "pull");
  });

  test("PE-4: a digest that comes after the wait contributes nothing", () => {
    const { world, node, nonce } = inRound();
    world.run(1_001);
    receive(world, node, digest(nonce, items));
    assert.deepEqual([node.drops, requested(node)], [["pull-unsolicited"], []]);
  });

  test("PE-5: digests and updates with a foreign nonce, or of another peer, change nothing", () => {
    const { world, node, nonce } = inRound();
    receive(world, node, digest(nonce + 1n, items));
    assert.deepEqual(node.drops, ["pull-unsolicited"]);
    receive(world, node, digest(nonce, items), i1);
    assert.deepEqual(node.drops, ["pull-unsolicited"]);
    receive(world, node, digest(nonce, [i0]));
    receive(world, node, update(nonce + 1n, [identityItemOf(i0)]));
    receive(world, node, update(nonce, [identityItemOf(i0)]), i1);
    assert.deepEqual([node.drops, offered(node, i0)], [["pull-unsolicited"], false]);
  });

  test("a second digest of the same peer is ignored", () => {
    const { world, node, nonce } = inRound();
    receive(world, node, digest(nonce, [i0]));
    receive(world, node, digest(nonce, [i1]));
    assert.deepEqual([node.drops, requested(node)], [["pull-unsolicited"], [i0.pkiId]]);
  });

  test("items nobody asked for are not taken", () => {
    const { world, node, nonce } = inRound();
    receive(world, node, digest(nonce, [i0]));
    receive(world, node, update(nonce, [identityItemOf(i1), identityItemOf(i0)]));
    assert.deepEqual([offered(node, i0), offered(node, i1)], [true, false]);
    assert.deepEqual(node.drops, ["pull-unsolicited"]);
  });

  test("one bad item never costs the good ones, and is left alone for a while", () => {
    const { world, node, nonce } = inRound();
    const expired = testIdentity("A", "expired", EPOCH_MS - 1);
    const unknown = testIdentity("Z", "unknown");
    const bad = [expired, unknown, i1];
    receive(world, node, digest(nonce, [i0, ...bad]));
    receive(
      world,
      node,
      update(nonce, [
        identityItemOf(expired),
        identityItemOf(unknown),
        identityItemOf(i1, { signature: new Uint8Array([1]) }),
        new Uint8Array([0xff]),
        aliveOf(friend),
        identityItemOf(i0),
      ]),
    );
    assert.equal(offered(node, i0), true);
    assert.deepEqual(node.drops.toSorted(), [
      "identity-expired",
      "identity-unknown-msp",
      "malformed",
      "not-an-identity",
      "signature-invalid",
    ]);
    world.run(3_000); // The round is over; the next one starts.
    node.sent.length = 0;
    world.runUntil(() => lastNonce(node, "hello") !== undefined, 5_000);
    receive(world, node, digest(lastNonce(node, "hello") ?? 0n, bad));
    assert.deepEqual(requested(node), []);
  });

  test("a PKI-ID that does not belong to the certificate is refused", () => {
    const { world, node, nonce } = inRound();
    receive(world, node, digest(nonce, [i0]));
    receive(world, node, update(nonce, [identityItemOf(i1, { pkiId: i0.pkiId })]));
    assert.deepEqual(node.drops, ["pki-id-mismatch"]);
    assert.deepEqual([offered(node, i0), offered(node, i1)], [false, false]);
  });

  test("what did not arrive is asked for again in the next round", () => {
    const { world, node, nonce } = inRound();
    receive(world, node, digest(nonce, [i0]));
    world.run(2_001);
    node.sent.length = 0;
    world.runUntil(() => lastNonce(node, "hello") !== undefined, 5_000);
    receive(world, node, digest(lastNonce(node, "hello") ?? 0n, [i0]));
    assert.deepEqual(requested(node), [i0.pkiId]);
  });

  test("a digest with more ids than any network has is refused as a whole; so is a huge item", () => {
    const { world, node, nonce } = inRound();
    const many = Array.from({ length: 100_000 }, () => i0);
    receive(world, node, digest(nonce, many));
    assert.deepEqual([node.drops, requested(node)], [["too-many"], []]);
    receive(world, node, digest(nonce, [i0]));
    const huge = { ...i0, bytes: new Uint8Array(1_000_000) };
    receive(world, node, update(nonce, [identityItemOf(huge)]));
    assert.deepEqual([node.drops, offered(node, i0)], [["too-large"], false]);
  });

  test("5,000 ids in one digest lead to a bounded request", () => {
    const { world, node, nonce } = inRound();
    const many = Array.from({ length: 5_000 }, (_, i) => testIdentity("A", `many${i}`));
    receive(world, node, digest(nonce, many));
    assert.equal(requested(node).length, node.core.options.limits.pullItemsMax);
  });
});

describe("answering", () => {
  /** A node with a member of its own organisation and one of another; all but `hidden` external. */
  function setUp(): { world: World; node: TestNode; foreigner: Identity; hidden: Identity } {
    const world = createWorld(2);
    const node = world.add("n", { trusts: ["A", "B"] });
    const foreigner = testIdentity("B", "foreigner");
    const hidden = testIdentity("A", "hidden");
    for (const identity of [friend, foreigner]) world.meet(node, identity);
    receive(world, node, aliveOf(friend, { endpoint: "friend:1" }));
    receive(world, node, aliveOf(foreigner, { endpoint: "foreigner:1" }));
    receive(world, node, aliveOf(hidden, { endpoint: "", identity: true }));
    world.run(1);
    for (const one of [hidden, foreigner]) {
      node.core.pull.offered.set(one.pkiId, identityItemOf(one));
    }
    node.sent.length = 0;
    return { world, node, foreigner, hidden };
  }

  function listed(node: TestNode): string[] {
    return node.sent.flatMap(({ message: { content } }) =>
      content?.type === "digest"
        ? content.value.digests.map((d) => Buffer.from(d).toString("hex"))
        : [],
    );
  }

  function delivered(node: TestNode): number {
    return node.sent.flatMap(({ message: { content } }) =>
      content?.type === "update" ? content.value.data : [],
    ).length;
  }

  test("our own organisation is offered everything we have", () => {
    const { world, node, foreigner, hidden } = setUp();
    receive(world, node, hello(1n));
    const want = [node.identity, hidden, foreigner].map(({ pkiId }) => pkiId);
    assert.deepEqual(listed(node).toSorted(), want.toSorted());
  });

  test("another organisation is offered only who is known outside; PE-6 holds for answers too", () => {
    const { world, node, foreigner, hidden } = setUp();
    receive(world, node, hello(1n), foreigner);
    const want = [node.identity, foreigner].map(({ pkiId }) => pkiId);
    assert.deepEqual(listed(node).toSorted(), want.toSorted());
    receive(world, node, request(1n, [hidden, node.identity]), foreigner);
    assert.equal(delivered(node), 1);
  });

  test("a request without hello, with another nonce, of another peer or too late gets nothing", () => {
    const { world, node, foreigner } = setUp();
    const refused = (nonce: bigint, from: Identity): void => {
      receive(world, node, request(nonce, [node.identity]), from);
      assert.deepEqual([node.drops, delivered(node)], [["pull-without-hello"], 0]);
    };
    refused(1n, friend);
    receive(world, node, hello(1n));
    refused(2n, friend);
    refused(1n, foreigner);
    world.run(1_501);
    refused(1n, friend);
  });

  test("a request is served more than once within its time", () => {
    const { world, node } = setUp();
    receive(world, node, hello(1n));
    for (let i = 0; i < 3; i++) receive(world, node, request(1n, [node.identity]));
    assert.equal(delivered(node), 3);
  });

  test("an item is delivered once, however often one message asks for it", () => {
    const { world, node } = setUp();
    receive(world, node, hello(1n));
    receive(
      world,
      node,
      request(
        1n,
        Array.from({ length: 500 }, () => node.identity),
      ),
    );
    assert.equal(delivered(node), 1);
  });

  test("too many hellos at a time are refused, later ones are welcome", () => {
    const { world, node } = setUp();
    for (let nonce = 1n; nonce <= 16n; nonce++) receive(world, node, hello(nonce));
    assert.deepEqual(node.drops, []);
    receive(world, node, hello(17n));
    assert.deepEqual(node.drops, ["pull-too-often"]);
    world.run(1_501);
    receive(world, node, hello(18n));
    assert.deepEqual(node.drops, []);
  });
});

describe("among cores", () => {
  test("PE-2, PE-3: everybody who pulls ends with the union", () => {
    const world = createWorld(3);
    const nodes = Array.from({ length: 10 }, (_, i) =>
      world.add(`p${i}`, { bootstrap: ["p0:7051"] }),
    );
    world.run(30_000);
    for (const { core } of nodes) assert.equal(core.pull.offered.size, 10);
  });

  test("PE-7: when three peers have the same hundred items, each is asked for some", () => {
    const world = createWorld(4);
    const node = world.add("n");
    const owners = ["o1", "o2", "o3"].map((name) => testIdentity("A", name));
    for (const identity of owners) {
      world.meet(node, identity);
      receive(world, node, aliveOf(identity, { endpoint: `${identity.pkiId}:1` }), identity);
    }
    assert.notEqual(
      world.runUntil(() => hellos(node).length === 3, 10_000),
      undefined,
    );
    const many = Array.from({ length: 100 }, (_, i) => testIdentity("A", `x${i}`));
    for (const { to, nonce } of hellos(node)) {
      const from = owners.find(({ pkiId }) => pkiId === to);
      assert.ok(from);
      receive(world, node, digest(nonce, many), from);
    }
    const asked = node.sent.filter(({ message }) => message.content?.type === "request");
    assert.equal(new Set(asked.map(({ to }) => to)).size, 3);
    assert.equal(requested(node).length, 100);
  });

  test("a round out of turn asks as many peers as a regular one, however many know somebody", () => {
    const world = createWorld(5);
    const node = world.add("n");
    const peers = Array.from({ length: 6 }, (_, i) => testIdentity("A", `k${i}`));
    for (const identity of peers) {
      world.meet(node, identity);
      receive(world, node, aliveOf(identity, { endpoint: `${identity.pkiId}:1` }), identity);
    }
    world.run(6_000);
    node.sent.length = 0;
    for (const [i, peer] of peers.entries()) {
      receive(world, node, aliveOf(testIdentity("A", `u${i}`), { endpoint: `u${i}:1` }), peer);
    }
    world.run(1_500);
    const asked = new Map<number, number>();
    for (const { atMs, message } of node.sent) {
      if (message.content?.type === "hello") asked.set(atMs, (asked.get(atMs) ?? 0) + 1);
    }
    assert.equal(Math.max(...asked.values()), node.core.options.fanout.pullPeers);
  });

  function hellos(node: TestNode): { to: string; nonce: bigint }[] {
    return node.sent.flatMap(({ to, message: { content } }) =>
      content?.type === "hello" ? [{ to, nonce: content.value.nonce }] : [],
    );
  }
});
