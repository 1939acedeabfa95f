/** What a peer may send, right and wrong, and what comes of it (spec A 8.3, B 1.5, B 11). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PULL_TYPE, TAG } from "../wire/messages.ts";
import { createWorld, type TestNode } from "./testing.ts";
import { EPOCH_MS, testIdentity } from "./testing-identities.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import { foreigner, friend, junk, receive, setUp, stranger } from "./testing-received.ts";
import { trio } from "./testing-views.ts";

describe("an alive message", () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["of an unknown author without identity is kept aside", aliveOf(stranger), "identity-unknown"],
    ["with the wrong tag", aliveOf(friend, { tag: TAG.orgOnly }), "tag-illegal"],
    ["without tag", aliveOf(friend, { tag: TAG.undefined }), "tag-illegal"],
    ["without membership", aliveOf(friend, { without: "membership" }), "alive-incomplete"],
    ["without time", aliveOf(friend, { without: "timestamp" }), "alive-incomplete"],
    ["without PKI-ID", aliveOf(friend, { pkiId: new Uint8Array(0) }), "alive-incomplete"],
    [
      "with a PKI-ID of 31 bytes",
      aliveOf(friend, { pkiId: new Uint8Array(31) }),
      "alive-incomplete",
    ],
    ["without signature", aliveOf(friend, { signature: new Uint8Array(0) }), "alive-incomplete"],
    [
      "longer than any real one",
      aliveOf(friend, { identity: new Uint8Array(70_000) }),
      "too-large",
    ],
    ["with a wrong signature", aliveOf(friend, { signature: junk }), "signature-invalid"],
    [
      "with a wrong signature under its secret",
      aliveOf(friend, { internalEndpoint: "i:1", secretSignature: junk }),
      "signature-invalid",
    ],
    [
      "with somebody else's identity",
      aliveOf(stranger, { identity: foreigner.bytes }),
      "pki-id-mismatch",
    ],
    [
      "with an identity of an unknown organisation",
      aliveOf(testIdentity("Z", "z"), { identity: true }),
      "identity-unknown-msp",
    ],
    [
      "with an expired identity",
      aliveOf(testIdentity("A", "old", EPOCH_MS - 1), { identity: true }),
      "identity-expired",
    ],
  ];
  for (const [name, bytes, code] of cases) {
    test(`${name}: ${code}, and nothing else happens`, () => {
      const { world, node } = setUp();
      receive(world, node, bytes);
      assert.deepEqual(node.drops, [code]);
      assert.equal(node.core.members.table.size, 0);
    });
  }

  test("of a known author is learnt, and a repeat is dropped before its signature is checked", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(friend));
    assert.deepEqual([node.drops, node.core.members.aliveCount], [[], 1]);
    const checks = node.crypto.checks;
    receive(world, node, aliveOf(friend));
    assert.deepEqual([node.drops, node.crypto.checks], [["stale"], checks]);
  });

  test("that carries its identity makes both known", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(stranger, { identity: true }));
    assert.equal(node.core.members.table.get(stranger.pkiId)?.status, "alive");
    assert.equal(node.core.identities.table.get(stranger.pkiId)?.learntFrom, "alive");
  });

  test("kept aside is applied as soon as its author connects", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(stranger));
    world.meet(node, stranger);
    assert.equal(node.core.members.table.get(stranger.pkiId)?.status, "alive");
  });

  test("of our own is ignored", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(node.identity, { endpoint: "elsewhere:1" }));
    assert.deepEqual(node.drops, ["own-message"]);
    assert.equal(
      node.events.some(({ type }) => type === "same-identity"),
      false,
    );
  });

  test("of a second process with our identity is reported, once, and only if it is signed", () => {
    const { world, node } = setUp();
    const later = { incNum: node.core.self.incarnation + 1n, endpoint: "elsewhere:1" };
    const reports = (): number => node.events.filter(({ type }) => type === "same-identity").length;
    receive(world, node, aliveOf(node.identity, { ...later, signature: junk }));
    assert.deepEqual([node.drops, reports()], [["signature-invalid"], 0]);
    for (let i = 0; i < 3; i++) receive(world, node, aliveOf(node.identity, later));
    assert.equal(reports(), 1);
  });

  test("of a former life whose clock was ahead is overtaken, once", () => {
    const { world, node } = setUp();
    const { incarnation, externalEndpoint: endpoint } = node.core.self;
    const former = { incNum: incarnation + 10n ** 15n, endpoint };
    receive(world, node, aliveOf(node.identity, { ...former, signature: junk }));
    assert.equal(node.core.self.incarnation, incarnation);
    for (let i = 0; i < 3; i++) receive(world, node, aliveOf(node.identity, former));
    assert.equal(node.core.self.incarnation, former.incNum + 1n);
    const raised = node.events.filter(({ type }) => type === "incarnation-raised");
    assert.equal(raised.length, 1);
    // A twin at the same endpoint would go on for ever.
    const twin = { incNum: former.incNum + 5n, endpoint };
    receive(world, node, aliveOf(node.identity, twin));
    assert.equal(node.core.self.incarnation, former.incNum + 1n);
  });

  test("of ourselves in a list is looked at like a gossiped one", () => {
    const { world, node } = setUp();
    const later = { incNum: node.core.self.incarnation + 1n, endpoint: "elsewhere:1" };
    const value = { alive: [aliveOf(node.identity, later)], dead: [] };
    receive(world, node, unsigned({ type: "membership-response", value }));
    world.run(100);
    assert.equal(node.events.filter(({ type }) => type === "same-identity").length, 1);
  });

  test("without secret keeps the internal endpoint known before", () => {
    const { world, node } = setUp();
    const internal = (): string | undefined =>
      node.core.members.table.get(friend.pkiId)?.internalEndpoint;
    receive(world, node, aliveOf(friend, { seqNum: 1n, internalEndpoint: "in:1" }));
    receive(world, node, aliveOf(friend, { seqNum: 2n }));
    assert.equal(internal(), "in:1");
  });
});

test("what is kept of a message does not pin the network buffer it arrived in", () => {
  const { world, node } = setUp();
  const frame = Buffer.alloc(65_536);
  const bytes = aliveOf(friend, { internalEndpoint: "in:1" });
  frame.set(bytes, 1_000);
  receive(world, node, frame.subarray(1_000, 1_000 + bytes.length));
  receive(world, node, Buffer.from(aliveOf(stranger)));
  const kept = node.core.members.table.get(friend.pkiId)?.alive;
  const aside = node.core.verificationQueue.aside.get(stranger.pkiId)?.claim.alive;
  for (const alive of [kept, aside]) {
    assert.ok(alive);
    const { bytes: own, payload, signature } = alive.envelope;
    for (const part of [own, payload, signature, alive.metadata]) {
      assert.ok(part.buffer.byteLength <= 1_024, `${part.buffer.byteLength} bytes`);
    }
  }
});

describe("a secret", () => {
  test("is checked once, however often it comes; another one is checked again", () => {
    const { world, node } = setUp();
    const checksOf = (bytes: Uint8Array): number => {
      const before = node.crypto.checks;
      receive(world, node, bytes);
      return node.crypto.checks - before;
    };
    const of = (seqNum: bigint, internalEndpoint: string): Uint8Array =>
      aliveOf(friend, { seqNum, internalEndpoint });
    assert.equal(checksOf(of(1n, "friend:1")), 2);
    assert.equal(checksOf(of(2n, "friend:1")), 1);
    assert.equal(checksOf(of(3n, "friend:2")), 2);
    const forged = { seqNum: 4n, internalEndpoint: "friend:2", secretSignature: junk };
    assert.equal(checksOf(aliveOf(friend, forged)), 2);
    assert.deepEqual(node.drops, ["signature-invalid"]);
  });

  test("of ours is signed once", () => {
    const { world, p0 } = trio(3);
    const { secret, sequence } = p0.core.self;
    assert.ok(secret);
    world.run(25_000);
    assert.ok(p0.core.self.sequence > sequence + 3n);
    assert.equal(p0.core.self.secret, secret);
    assert.deepEqual(p0.core.self.alive?.envelope.secret, secret);
  });
});

describe("messages that are not for us", () => {
  const value = { nonce: 1n, msgType: PULL_TYPE.block };
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["block pull", unsigned({ type: "hello", value }, { tag: TAG.chanAndOrg })],
    [
      "a snapshot of state infos",
      unsigned({ type: "state-snapshot", value: {} }, { tag: TAG.chanOrOrg }),
    ],
    [
      "state info pull request",
      unsigned({ type: "state-info-pull-request", value: {} }, { tag: TAG.chanOrOrg }),
    ],
    ["leadership", unsigned({ type: "leadership", value: {} }, { tag: TAG.chanAndOrg })],
    ["a block", unsigned({ type: "data", value: {} }, { tag: TAG.chanAndOrg })],
    ["private data", unsigned({ type: "private-data", value: {} }, { tag: TAG.chanOnly })],
    ["an ack", unsigned({ type: "ack", value: {} }, { tag: TAG.undefined })],
    ["empty", unsigned({ type: "empty", value: {} })],
    ["a second handshake", unsigned({ type: "conn-establish", value: {} })],
  ];
  for (const [name, bytes] of cases) {
    test(`${name} is dropped quietly`, () => {
      const { world, node } = setUp();
      receive(world, node, bytes);
      assert.deepEqual(node.drops, ["not-followed"]);
    });
  }

  test("bytes that are no message are counted, and the connection stays", () => {
    const { world, node } = setUp();
    node.connected.add(friend.pkiId);
    receive(world, node, new Uint8Array([0x0a, 0x05, 1]));
    assert.deepEqual([node.drops, node.connected.has(friend.pkiId)], [["malformed"], true]);
  });
});

describe("what only the trust of the moment holds", () => {
  test("a full member table refuses new members and keeps the old", () => {
    const { world, node } = setUp();
    node.core = {
      ...node.core,
      options: { ...node.core.options, limits: { ...node.core.options.limits, membersMax: 1 } },
    };
    receive(world, node, aliveOf(friend));
    receive(world, node, aliveOf(stranger, { identity: true }));
    assert.deepEqual(node.drops, ["members-full"]);
    assert.deepEqual([...node.core.members.table.keys()], [friend.pkiId]);
  });

  function withRoomFor(node: TestNode, identitiesMax: number): void {
    const { options } = node.core;
    const limits = { ...options.limits, identitiesMax };
    node.core = { ...node.core, options: { ...options, limits } };
  }

  test("a full identity table gives the place of one that is no member to a newcomer", () => {
    const { world, node } = setUp();
    withRoomFor(node, 2); // Our own and the friend's, of whom nothing was heard.
    receive(world, node, aliveOf(stranger, { identity: true }));
    const { table } = node.core.identities;
    assert.equal(table.has(friend.pkiId), true, "it has shaken hands, the stranger has not");
    world.run(2_000);
    withRoomFor(node, 3);
    receive(world, node, aliveOf(stranger, { identity: true }));
    world.run(60_000);
    receive(world, node, aliveOf(testIdentity("A", "newcomer"), { identity: true }));
    assert.equal(table.has(stranger.pkiId), false, "it is dead");
    assert.equal(table.has(testIdentity("A", "newcomer").pkiId), true);
  });

  test("a full identity table keeps living members, and lets in an organisation that has few", () => {
    const world = createWorld(5);
    const node = world.add("n", { trusts: ["A", "B"] });
    world.meet(node, friend);
    receive(world, node, aliveOf(friend));
    const others = Array.from({ length: 5 }, (_, i) => testIdentity("A", `many${i}`));
    for (const one of others) receive(world, node, aliveOf(one, { identity: true }));
    withRoomFor(node, node.core.identities.table.size);
    receive(world, node, aliveOf(testIdentity("A", "more"), { identity: true }));
    assert.ok(node.drops.includes("identities-full"), "one more of the largest is refused");
    const few = testIdentity("B", "few");
    receive(world, node, aliveOf(few, { identity: true }));
    assert.ok(node.core.identities.table.has(few.pkiId), "one of another organisation is not");
    assert.ok(
      node.core.identities.table.has(friend.pkiId),
      "nor is who shook hands put out for it",
    );
  });
});
