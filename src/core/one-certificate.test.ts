/** The PKI-ID covers the text around a certificate; the certificate is one member all the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Identity } from "./abilities.ts";
import { createWorld, type TestNode, testIdentity, type World } from "./testing.ts";
import { aliveOf } from "./testing-messages.ts";

const friend = testIdentity("A", "friend");
/** The same certificate, with other text around it. */
const variant = (number: number): Identity => testIdentity("A", `ground#${number}`);

function setUp(seed: number): { world: World; node: TestNode } {
  const world = createWorld(seed);
  const node = world.add("n");
  world.meet(node, friend);
  return { world, node };
}

function hear(world: World, node: TestNode, identity: Identity, seqNum = 1n): void {
  const endpoint = `${identity.pkiId.slice(0, 8)}:1`;
  const bytes = aliveOf(identity, { identity: true, endpoint, seqNum });
  world.give(node, { type: "message", from: friend.pkiId, bytes });
}

function known(node: TestNode): string[] {
  return [...node.core.identities.table.values()]
    .filter(({ identity }) => identity.certificate === variant(0).certificate)
    .map(({ identity }) => identity.pkiId);
}

describe("one certificate under many PKI-IDs", () => {
  test("is one identity and one member, and the living one stays", () => {
    const { world, node } = setUp(1);
    for (let i = 0; i < 500; i++) hear(world, node, variant(i));
    assert.deepEqual(known(node), [variant(0).pkiId]);
    assert.equal(node.core.members.table.size, 1);
    assert.ok(node.drops.includes("certificate-in-use"));
  });

  test("stands under the one that it shakes hands with, and the other is disconnected", () => {
    const { world, node } = setUp(2);
    hear(world, node, variant(0));
    world.meet(node, variant(1));
    assert.deepEqual(known(node), [variant(1).pkiId]);
    assert.equal(node.core.members.table.has(variant(0).pkiId), false);
    const purged = node.events.filter(({ type }) => type === "identity-purged");
    assert.deepEqual(
      purged.map((event) => event.type === "identity-purged" && event.reason),
      ["replaced"],
    );
  });

  test("is followed when its owner is back under another one", () => {
    const { world, node } = setUp(3);
    hear(world, node, variant(0));
    world.run(60_000);
    assert.equal(node.core.members.table.get(variant(0).pkiId)?.status, "dead");
    hear(world, node, variant(1));
    assert.deepEqual(known(node), [variant(1).pkiId]);
    assert.equal(node.core.members.table.get(variant(1).pkiId)?.status, "alive");
  });

  test("has one account: its other names bring it no further news", () => {
    const { world, node } = setUp(4);
    const { newsPerSecond } = node.core.options.limits;
    for (let i = 0; i < newsPerSecond * 20; i++) hear(world, node, variant(i), BigInt(i + 1));
    const spent = node.drops.filter((code) => code === "news-budget").length;
    assert.ok(spent >= newsPerSecond * 9, `${spent} were refused`);
  });

  test("takes no place of ours, whatever text stands around our own certificate", () => {
    const { world, node } = setUp(5);
    const twin = testIdentity("A", "n#twin");
    assert.equal(twin.certificate, node.identity.certificate);
    hear(world, node, twin);
    assert.equal(node.core.identities.table.has(twin.pkiId), false);
    assert.equal(node.core.identities.table.has(node.identity.pkiId), true);
  });

  test("stands at one place of a ring", () => {
    const places = (name: string): unknown[] => {
      const world = createWorld(6);
      const node = world.add("n");
      const others = ["a", "b", "c", "d", "e"].map((one) => testIdentity("A", one));
      for (const one of [...others, testIdentity("A", name)]) {
        world.meet(node, one);
        world.give(node, {
          type: "message",
          from: one.pkiId,
          bytes: aliveOf(one, { endpoint: `${one.subject}:1` }),
        });
      }
      world.run(6_000); // A heartbeat of ours asks for the neighbours.
      const { home } = node.core.neighbourhood.neighbours;
      const certificateOf = (pkiId: string): string | undefined =>
        [...node.core.identities.table.values()].find(({ identity }) => identity.pkiId === pkiId)
          ?.identity.certificate;
      return home.map((ring) => ring.map(certificateOf));
    };
    assert.deepEqual(places("ground#1"), places("ground#2"));
  });
});
