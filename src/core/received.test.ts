/** What a peer may send, right and wrong, and what comes of it (spec A 8.3, B 1.5, B 11). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { type Content, PULL_TYPE, TAG } from "../wire/messages.ts";
import { nextDeadlineMs } from "./core.ts";
import { membershipResponse } from "./handlers/publish.ts";
import { parseAlive } from "./rules/messages.ts";
import { partyOf } from "./tables/members.ts";
import { createWorld, EPOCH_MS, type TestNode, testIdentity, type World } from "./testing.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import { trio } from "./testing-views.ts";
import type { Identity } from "./types/host.ts";

const friend = testIdentity("A", "friend");
const stranger = testIdentity("A", "stranger");
const foreigner = testIdentity("B", "foreigner");

/** One node that is connected to `friend`. */
function setUp(options: { externalEndpoint?: string } = {}): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n", { ...options, trusts: ["A", "B"] });
  world.meet(node, friend);
  return { world, node };
}

function receive(world: World, node: TestNode, bytes: Uint8Array, from: Identity = friend): void {
  node.drops.length = 0;
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

function sentTo(node: TestNode, to: Identity): Content[] {
  return node.sent
    .filter((sent) => sent.to === to.pkiId)
    .map(({ message }) => message.content)
    .filter((content) => content !== undefined);
}

const junk = new Uint8Array([1, 2, 3]);

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
  const aside = node.core.claims.aside.get(stranger.pkiId)?.claim.alive;
  for (const alive of [kept, aside]) {
    assert.ok(alive);
    const { bytes: own, payload, signature } = alive.envelope;
    for (const part of [own, payload, signature, alive.metadata]) {
      assert.ok(part.buffer.byteLength <= 1_024, `${part.buffer.byteLength} bytes`);
    }
  }
});

describe("a membership request", () => {
  const ask = (selfInformation: Uint8Array, nonce = 7n): Uint8Array =>
    unsigned({ type: "membership-request", value: { selfInformation } }, { nonce });

  test("is answered with its nonce; our own entry comes last", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(stranger, { identity: true }));
    receive(world, node, ask(aliveOf(friend)));
    world.run(5);
    const answer = node.sent.find(({ message }) => message.content?.type === "membership-response");
    assert.equal(answer?.message.nonce, 7n);
    const content = answer?.message.content;
    assert.equal(content?.type === "membership-response" && content.value.alive.length, 3);
    const own = node.core.self.alive?.envelope.bytes;
    assert.ok(own && content?.type === "membership-response");
    assert.deepEqual(content.value.alive.at(-1), own);
  });

  test("with news that are old is answered all the same", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(friend, { seqNum: 9n }));
    receive(world, node, ask(aliveOf(friend, { seqNum: 3n })));
    world.run(5);
    assert.ok(sentTo(node, friend).some(({ type }) => type === "membership-response"));
    assert.equal(node.core.members.table.get(friend.pkiId)?.time.seqNum, 9n);
  });

  test("of a foreigner is answered without the secrets of our organisation, and without its members that it may not know", () => {
    const { world, node } = setUp();
    world.meet(node, foreigner);
    receive(world, node, aliveOf(stranger, { identity: true, internalEndpoint: "in:1" }));
    receive(world, node, aliveOf(friend, { endpoint: "", internalEndpoint: "in:2" }));
    receive(world, node, ask(aliveOf(foreigner)), foreigner);
    world.run(5);
    const [answer] = sentTo(node, foreigner).filter(({ type }) => type === "membership-response");
    assert.ok(answer?.type === "membership-response");
    const listed = answer.value.alive.map((bytes) => parseAlive(bytes));
    assert.ok(listed.every((alive) => alive.ok && alive.value.envelope.secret === undefined));
    const ids = listed.map((alive) => alive.ok && alive.value.pkiId);
    assert.deepEqual(
      ids.toSorted(),
      [stranger.pkiId, foreigner.pkiId, node.identity.pkiId].toSorted(),
    );
  });

  test("is answered with fresh news of ourselves, even if nobody was alive for long", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(friend));
    world.run(60_000);
    assert.equal(node.core.members.aliveCount, 0);
    const before = node.core.self.alive?.time.seqNum ?? 0n;
    receive(world, node, ask(aliveOf(friend, { seqNum: 2n })));
    world.run(5);
    const answer = sentTo(node, friend).find(({ type }) => type === "membership-response");
    assert.ok(answer?.type === "membership-response");
    const own = parseAlive(answer.value.alive.at(-1) ?? junk);
    assert.ok(own.ok && own.value.time.seqNum > before);
  });

  test("from a peer at the endpoint of another one makes us ask who is there", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(stranger, { identity: true, internalEndpoint: "host:1" }));
    world.run(100);
    node.sent.length = 0;
    receive(world, node, ask(aliveOf(friend, { internalEndpoint: "host:1" })));
    world.run(5);
    const asked = node.sent.filter(({ message }) => message.content?.type === "membership-request");
    assert.deepEqual(
      asked.map(({ to }) => to),
      [stranger.pkiId],
    );
  });

  const refused: readonly (readonly [string, Uint8Array, string])[] = [
    ["in somebody else's name", ask(aliveOf(stranger, { identity: true })), "request-spoofed"],
    ["without self information", ask(new Uint8Array(0)), "not-alive"],
    ["with rubbish inside", ask(new Uint8Array([0x0a, 0xff])), "malformed"],
    [
      "with an unsigned alive message",
      ask(aliveOf(friend, { signature: junk })),
      "signature-invalid",
    ],
  ];
  for (const [name, bytes, code] of refused) {
    test(`${name} gets no answer: ${code}`, () => {
      const { world, node } = setUp();
      receive(world, node, bytes);
      world.run(5);
      assert.deepEqual([node.drops, sentTo(node, friend)], [[code], []]);
    });
  }

  test("of a foreigner is not answered while we have no external endpoint; the connection ends", () => {
    const { world, node } = setUp({ externalEndpoint: "" });
    world.meet(node, foreigner);
    node.connected.add(foreigner.pkiId);
    receive(world, node, ask(aliveOf(foreigner)), foreigner);
    world.run(5);
    assert.deepEqual(node.drops, ["not-disclosed"]);
    assert.equal(node.connected.has(foreigner.pkiId), false);
    assert.deepEqual(
      sentTo(node, foreigner).map(({ type }) => type),
      [],
    );
  });
});

describe("a membership response", () => {
  const answer = (alive: Uint8Array[], dead: Uint8Array[] = []): Uint8Array =>
    unsigned({ type: "membership-response", value: { alive, dead } });

  test("is used though nobody asked; a bad entry does not spoil its neighbours", () => {
    const { world, node } = setUp();
    const other = testIdentity("A", "other");
    receive(
      world,
      node,
      answer(
        [
          aliveOf(stranger, { identity: true }),
          new Uint8Array([0xff]),
          aliveOf(friend, { without: "timestamp" }),
          aliveOf(other, { identity: true, signature: junk }),
          unsigned({ type: "empty", value: {} }),
          aliveOf(friend),
        ],
        [unsigned({ type: "empty", value: {} })],
      ),
    );
    world.run(10); // A list is worked through a few entries at a time.
    assert.deepEqual(
      [...node.core.members.table.keys()].sort(),
      [stranger.pkiId, friend.pkiId].sort(),
    );
    assert.deepEqual(node.drops.sort(), [
      "alive-incomplete",
      "malformed",
      "not-alive",
      "not-alive",
      "signature-invalid",
    ]);
  });

  test("teaches unknown members as dead, and never kills a known one", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(friend, { seqNum: 1n }));
    receive(
      world,
      node,
      answer([], [aliveOf(friend, { seqNum: 5n }), aliveOf(stranger, { identity: true })]),
    );
    const status = (who: Identity): string | undefined =>
      node.core.members.table.get(who.pkiId)?.status;
    assert.deepEqual([status(friend), status(stranger)], ["alive", "dead"]);
  });

  test("is neither relayed nor does it stop a later gossiped copy from being relayed", () => {
    const { world, node } = setUp();
    const relayed = (): number =>
      sentTo(node, friend).filter(({ type }) => type === "alive").length;
    receive(world, node, aliveOf(friend));
    world.run(20); // Our own first heartbeat goes to friend.
    const before = relayed();
    receive(world, node, answer([aliveOf(stranger, { identity: true })]));
    world.run(20);
    assert.equal(relayed(), before);
    const checks = node.crypto.checks;
    receive(world, node, aliveOf(stranger, { identity: true }), stranger);
    world.run(20);
    assert.equal(relayed(), before + 1);
    assert.equal(node.crypto.checks, checks, "the same bytes are not verified twice");
  });

  test("with thousands of entries is worked through in small steps", () => {
    const { world, node } = setUp();
    const many = Array.from({ length: 1_000 }, (_, i) => testIdentity("A", `m${i}`));
    receive(world, node, answer(many.map((one) => aliveOf(one, { identity: true }))));
    assert.equal(node.core.members.table.size, node.core.options.limits.checksPerStep);
    assert.equal(nextDeadlineMs(node.core), Number.NEGATIVE_INFINITY);
    world.run(1);
    assert.equal(node.core.members.table.size, 1_000);
  });

  test("full of rubbish is not read to its end, and told of in one word", () => {
    const { world, node } = setUp();
    receive(world, node, answer(Array.from({ length: 9_000 }, () => new Uint8Array([0xff]))));
    world.run(1);
    assert.deepEqual(new Set(node.drops), new Set(["malformed"]));
    assert.equal(node.drops.length, 100);
  });

  test("is refused while another one of the same peer is worked through", () => {
    const { world, node } = setUp();
    const many = Array.from({ length: 500 }, (_, i) => testIdentity("A", `m${i}`));
    const bytes = answer(many.map((one) => aliveOf(one, { identity: true })));
    receive(world, node, bytes);
    receive(world, node, bytes);
    assert.deepEqual(node.drops, ["backlog-full"]);
  });

  test("of ours is never longer than what others read", () => {
    const { world, node } = setUp();
    receive(world, node, aliveOf(friend));
    world.run(20);
    const member = node.core.members.table.get(friend.pkiId);
    assert.ok(member && node.core.self.alive);
    for (let i = 0; i < 10_050; i++) {
      const pkiId = testIdentity("A", `x${i}`).pkiId;
      node.core.members.table.set(pkiId, { ...member, pkiId });
    }
    const asker = { to: friend.pkiId, endpoint: "f:1", party: partyOf(member), nonce: 1n };
    const effect = membershipResponse(node.core, node.core.self.alive, asker);
    assert.ok(effect.type === "send");
    const envelope = parseEnvelope(effect.messages[0]?.bytes ?? junk);
    assert.ok(envelope.ok);
    const message = parseMessage(envelope.value.payload);
    assert.ok(message.ok && message.value.content?.type === "membership-response");
    assert.equal(message.value.content.value.alive.length, 10_000);
    assert.deepEqual(message.value.content.value.alive.at(-1), node.core.self.alive.envelope.bytes);
  });
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
