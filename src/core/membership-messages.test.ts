/** Membership requests and responses, right and wrong, and what comes of them (spec B 1.5, B 11). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { parseAlive } from "../wire/received.ts";
import { nextDeadlineMs } from "./core.ts";
import { membershipResponse } from "./handlers/publish.ts";
import { partyOf } from "./rules/disclosure.ts";
import { numberedPkiId, testIdentity } from "./testing-identities.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import { foreigner, friend, junk, receive, sentTo, setUp, stranger } from "./testing-received.ts";
import type { Identity } from "./types/host.ts";

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
      const pkiId = numberedPkiId(i);
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
