/** One certificate is one member, however many PKI-IDs its owner makes of it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { choosePartners } from "../handlers/audience.ts";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { EPOCH_MS, testIdentity } from "../testing-identities.ts";
import { aliveOf, digest, identityItemOf, unsigned, update } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";
import { isInUse } from "./identities.ts";

const FAR_MS = EPOCH_MS + 86_400_000;
const friend = testIdentity("A", "friend");
/** The same certificate of `name` with other text around it. */
const variant = (name: string, around: string | number): Identity =>
  testIdentity("A", `${name}#${around}`, FAR_MS);

function setUp(): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A", "B"] });
  world.meet(node, friend);
  return { world, node };
}

function receive(world: World, node: TestNode, bytes: Uint8Array, from: Identity = friend): void {
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

function hear(world: World, node: TestNode, author: Identity, incNum: bigint): void {
  receive(world, node, aliveOf(author, { incNum, identity: true, endpoint: "" }));
}

/** PKI-IDs under which the node knows the certificate of `identity`. */
function namesOf(node: TestNode, { certificate }: Identity): readonly string[] {
  const { identities } = node.core;
  return [...identities.table.values()]
    .filter(({ identity }) => identity.certificate === certificate)
    .map(({ identity }) => identity.pkiId);
}

describe("a certificate under many PKI-IDs", () => {
  test("in alive messages of ever later times is one member, and one identity", () => {
    const { world, node } = setUp();
    for (let i = 0; i < 500; i++) hear(world, node, variant("m", i), BigInt(i + 1));
    assert.equal(node.core.members.table.size, 1);
    assert.equal(namesOf(node, variant("m", 0)).length, 1);
    assert.ok(node.drops.includes("certificate-in-use"));
    assert.ok(node.core.members.tombstones.size <= 1);
    assert.ok(node.crypto.checks < 20, `${node.crypto.checks} signatures checked`);
  });

  test("in alive messages of one time is the one that came first", () => {
    const { world, node } = setUp();
    for (let i = 0; i < 50; i++) hear(world, node, variant("m", i), 1n);
    assert.deepEqual([...node.core.members.table.keys()], [variant("m", 0).pkiId]);
    assert.ok(node.drops.includes("certificate-in-use"));
  });

  test("over minutes leaves few traces", () => {
    const { world, node } = setUp();
    for (let i = 0; i < 100; i++) {
      hear(world, node, variant("m", i), BigInt(i + 1));
      world.run(3_000);
    }
    assert.ok(node.core.members.table.size <= 1);
    assert.ok(namesOf(node, variant("m", 0)).length <= 3);
    assert.ok(node.core.members.tombstones.size <= 40, `${node.core.members.tombstones.size}`);
  });

  test("that connects under each of them is known by three at most", () => {
    const { world, node } = setUp();
    for (let i = 0; i < 100; i++) world.meet(node, variant("m", i));
    assert.ok(namesOf(node, variant("m", 0)).length <= 3);
    assert.ok(namesOf(node, variant("m", 0)).includes(variant("m", 99).pkiId), "it is present");
  });

  test("is counted as long as it is known under several", () => {
    const { world, node } = setUp();
    const { identities } = node.core;
    const counts = [0, 1, 2, 3].map((i) => {
      if (i > 0) world.meet(node, variant("m", i));
      return [namesOf(node, variant("m", 0)).length, identities.severalNames];
    });
    assert.deepEqual(counts, [
      [0, 0],
      [1, 0],
      [2, 1],
      [3, 1],
    ]);
    hear(world, node, variant("m", 1), 1n);
    assert.equal(isInUse(identities, variant("m", 1), node.core.now), false);
    for (const i of [1, 2]) {
      node.crypto.revoked.add(variant("m", i).pkiId);
      world.give(node, { type: "trust-changed" });
      world.run(1);
    }
    assert.deepEqual(namesOf(node, variant("m", 0)), [variant("m", 3).pkiId]);
    assert.equal(identities.severalNames, 0);
    assert.equal(isInUse(identities, variant("m", 3), node.core.now), true);
    assert.equal(isInUse(identities, variant("m", 1), node.core.now), false);
  });

  test("in lists of the living and of the dead is one member", () => {
    const { world, node } = setUp();
    const all = Array.from({ length: 100 }, (_, i) =>
      aliveOf(variant("m", i), { incNum: BigInt(i + 1), identity: true }),
    );
    receive(world, node, unsigned({ type: "membership-response", value: { alive: all } }));
    receive(world, node, unsigned({ type: "membership-response", value: { dead: all } }));
    world.run(1_000);
    assert.equal(node.core.members.table.size, 1);
  });

  test("has one account of news, whatever it is called", () => {
    const { world, node } = setUp();
    const [first, second] = [variant("m", 1), variant("m", 2)];
    for (let i = 1n; i <= 600n; i++) hear(world, node, first, i);
    assert.ok(node.drops.includes("news-budget"));
    node.drops.length = 0;
    hear(world, node, second, 700n);
    assert.deepEqual(node.drops, ["news-budget"]);
  });
});

describe("a peer that comes back with other text around its certificate", () => {
  const [before, after] = [variant("v", "old"), variant("v", "new")];

  test("takes the place of what it was, and old messages do not bring that back", () => {
    const { world, node } = setUp();
    const old = aliveOf(before, { incNum: 1n, identity: true });
    receive(world, node, old);
    hear(world, node, after, 2n);
    assert.deepEqual([...node.core.members.table.keys()], [after.pkiId]);
    assert.deepEqual(namesOf(node, after), [after.pkiId]);
    for (const bytes of [old, unsigned({ type: "membership-response", value: { alive: [old] } })]) {
      receive(world, node, bytes);
      world.run(100);
      assert.deepEqual([...node.core.members.table.keys()], [after.pkiId]);
    }
  });

  test("whose trust ended is not brought back by an older message under another name", () => {
    const { world, node } = setUp();
    const [now, before] = [variant("x", "now"), variant("x", "before")];
    hear(world, node, now, 9n);
    node.crypto.revoked.add(now.pkiId);
    world.give(node, { type: "trust-changed" });
    world.run(1);
    assert.deepEqual(namesOf(node, now), []);
    hear(world, node, before, 8n);
    assert.deepEqual(namesOf(node, now), []);
    hear(world, node, before, 10n);
    assert.deepEqual(namesOf(node, now), [before.pkiId]);
  });

  test("leaves no trace of its former name once nobody can repeat what was said under it", () => {
    const { world, node } = setUp();
    const { names } = node.core;
    hear(world, node, variant("x", 1), 1n);
    hear(world, node, variant("x", 2), 2n);
    assert.deepEqual([names.renamed.size, names.lastWords.size], [1, 1]);
    world.run(20_000);
    assert.deepEqual([names.renamed.size, names.lastWords.size], [0, 1]);
    // The second is silent for as long, and is forgotten as well.
    world.run(1_200_000);
    assert.equal(names.lastWords.size, 0);
  });

  test("is not pushed out by its former identity message, whoever replays that", () => {
    const { world, node } = setUp();
    hear(world, node, after, 2n);
    for (let i = 0; i < 10; i++) {
      world.run(4_000);
      const sent = node.sent.findLast(({ to, message }) => {
        return to === friend.pkiId && message.content?.type === "hello";
      });
      const content = sent?.message.content;
      const nonce = content?.type === "hello" ? content.value.nonce : 0n;
      receive(world, node, digest(nonce, [before]));
      world.run(1_100);
      receive(world, node, update(nonce, [identityItemOf(before)]));
      hear(world, node, after, BigInt(3 + i));
    }
    assert.equal(node.core.members.table.get(after.pkiId)?.status, "alive");
    assert.ok(namesOf(node, after).includes(after.pkiId));
  });

  test("may connect, ask and be answered before it is known under the new name", () => {
    const { world, node } = setUp();
    hear(world, node, before, 1n);
    world.meet(node, after);
    const selfInformation = aliveOf(after, { incNum: 2n, identity: true });
    receive(
      world,
      node,
      unsigned({ type: "membership-request", value: { selfInformation } }),
      after,
    );
    world.run(100);
    assert.deepEqual([...node.core.members.table.keys()], [after.pkiId]);
    const answers = node.sent.filter(({ to }) => to === after.pkiId);
    const kinds = answers.map(({ message }) => message.content?.type);
    assert.ok(kinds.includes("membership-response"), String(kinds));
  });

  test("whose last message under the old name comes late keeps the connection of the new one", () => {
    const { world, node } = setUp();
    hear(world, node, before, 1n);
    world.meet(node, after);
    receive(world, node, aliveOf(before, { incNum: 1n, seqNum: 2n }));
    assert.ok(namesOf(node, after).includes(after.pkiId));
    assert.ok(node.connected.has(after.pkiId));
  });
});

test("somebody with our own certificate under another PKI-ID is told of, and is no member", () => {
  const { world, node } = setUp();
  const twin = testIdentity("A", "n#twin", node.identity.notAfterMs);
  assert.equal(twin.certificate, node.identity.certificate);
  const later = node.core.self.incarnation + 1n;
  hear(world, node, twin, 1n); // We may have said that ourselves, in an earlier life.
  assert.equal(node.events.filter(({ type }) => type === "same-identity").length, 0);
  hear(world, node, twin, later);
  receive(world, node, aliveOf(twin, { incNum: later, seqNum: 2n, identity: true, endpoint: "" }));
  world.meet(node, twin);
  assert.equal(node.events.filter(({ type }) => type === "same-identity").length, 1);
  assert.equal(node.core.members.table.size, 0);
  assert.ok(node.core.identities.table.has(node.identity.pkiId));
});

test("a member stands where its certificate puts it: PKI-IDs take nobody's neighbours", () => {
  const { world, node } = setUp();
  const honest = Array.from({ length: 40 }, (_, i) => testIdentity("A", `h${i}`));
  for (const identity of honest) hear(world, node, identity, 1n);
  const neighbours = (): Set<string> => {
    const found = new Set<string>();
    const { core } = node;
    for (let i = 0; i < 200; i++) {
      const partners = choosePartners({ ...core, now: world.now() }, 3);
      for (const { pkiId } of partners) found.add(pkiId);
    }
    return found;
  };
  const isNeighbour = (): boolean => {
    const { home } = node.core.neighbourhood.neighbours;
    const names = new Set(namesOf(node, variant("m", 0)));
    return home.flat().some((pkiId) => names.has(pkiId));
  };
  hear(world, node, variant("m", 0), 1n);
  neighbours();
  const stood = isNeighbour();
  for (let i = 1; i < 30; i++) {
    world.run(10_500);
    for (const identity of honest) hear(world, node, identity, BigInt(i + 1));
    hear(world, node, variant("m", i), BigInt(i + 1));
    neighbours();
    assert.equal(isNeighbour(), stood, `under PKI-ID ${i}`);
  }
});
