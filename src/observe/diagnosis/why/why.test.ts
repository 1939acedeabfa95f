/** Explanations of peers that are visible, and questions that cannot be answered. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld } from "../../../core/testing.ts";
import { testIdentity } from "../../../core/testing-identities.ts";
import { aliveOf } from "../../../core/testing-messages.ts";
import { GossipError } from "../../../lib/errors.ts";
import { alone, codes, pair, why } from "./testing-why.ts";

describe("a peer that is visible", () => {
  test("ourselves", () => {
    const { world, a } = pair();
    for (const peer of ["a:7051", a.identity.pkiId]) {
      const told = why(world, a, peer);
      assert.deepEqual([told.visible, codes(told), told.next], [true, "self", null]);
      assert.deepEqual(told.sentences, ["That is this node itself: a:7051 of A."]);
    }
  });

  test("one that advertises our endpoint: both are told so, with the remedy", () => {
    const world = createWorld(1);
    const a = world.add("a", { externalEndpoint: "shared:1" });
    world.add("b", { bootstrap: ["a:7051"], externalEndpoint: "shared:1" });
    world.run(2_000);
    const told = why(world, a, "b:7051");
    assert.equal(told.visible, true);
    assert.equal(codes(told), "alive shared-endpoint identity-known not-connected");
    assert.match(told.sentences[1] ?? "", /^shared:1 is advertised by this node itself too: /);
    assert.match(told.remedy ?? "", /each peer has its own/);
    const ofUs = why(world, a, "a:7051");
    assert.equal(codes(ofUs), "self shared-endpoint");
    assert.match(ofUs.sentences[1] ?? "", /^shared:1 is advertised by CN=b.* too: /);
  });

  test("a member of our organisation, by endpoint or by PKI-ID", () => {
    const { world, a, b } = pair();
    for (const peer of ["b:7051", b.identity.pkiId, b.identity.pkiId.slice(0, 6).toUpperCase()]) {
      const told = why(world, a, peer);
      assert.equal(told.visible, true);
      assert.equal(codes(told), "alive identity-known not-connected");
      assert.equal(told.remedy, null);
      assert.deepEqual([told.pkiId, told.mspId], [b.identity.pkiId, "A"]);
    }
  });

  test("until when it would be believed alive without news", () => {
    const { world, a } = pair();
    const { next, lastMessage } = why(world, a, "b:7051");
    assert.equal(next?.action, "declare-dead");
    assert.equal(Number(next?.time) - Number(lastMessage), 25_000);
  });

  test("a member of another organisation: what of it is disclosed to us", () => {
    const { world, n } = alone();
    const foreign = testIdentity("B", "f");
    world.meet(n, foreign);
    const bytes = aliveOf(foreign, { endpoint: "f:1" });
    world.give(n, { type: "message", from: foreign.pkiId, bytes });
    const told = why(world, n, "f:1");
    assert.equal(codes(told), "alive identity-known internal-endpoint-hidden not-connected");
    assert.match(
      told.sentences.join("\n"),
      /another organisation than we, B: .* its external one, f:1/,
    );
  });

  test("one that is being pinged, or that only others reach", () => {
    const { world, a, b } = pair();
    world.cut([a], [b]);
    world.give(a, { type: "connection-lost", pkiId: b.identity.pkiId });
    assert.match(codes(why(world, a, "b:7051")), /^alive suspect /);
    world.run(100);
    assert.equal(why(world, a, "b:7051").visible, false);
    world.run(26_000); // What comes sooner may have been on its way when it died.
    const { pkiId } = b.identity;
    const { incNum, seqNum } = a.core.members.table.get(pkiId)?.time ?? { incNum: 0n, seqNum: 0n };
    const bytes = aliveOf(b.identity, { endpoint: "b:7051", incNum, seqNum: seqNum + 5n });
    const friend = testIdentity("A", "friend");
    world.meet(a, friend);
    world.give(a, { type: "message", from: friend.pkiId, bytes });
    assert.match(codes(why(world, a, "b:7051")), /^alive cut-off /);
  });
});

describe("a peer by the name in its certificate", () => {
  test("whole, or its beginning up to a dot, if it is the only one", () => {
    const { world, n } = alone();
    const names = ["peer0.org1.example.com", "peer1.org1.example.com", "peer1.org2.example.com"];
    const met = names.map((name) => testIdentity("A", name));
    for (const identity of met) world.meet(n, identity);
    for (const [i, peer] of [
      [0, "peer0"],
      [1, "Peer1.org1"],
      [2, "peer1.org2.example.com"],
    ] as const) {
      assert.equal(why(world, n, peer).pkiId, met[i]?.pkiId);
    }
    assert.throws(() => why(world, n, "peer1"), /2 peers begin with peer1: .*CN=peer1\.org2/);
    assert.throws(() => why(world, n, "peer"), /"peer" names no peer that is known/);
  });
});

test("no connection is needed with a member that can be dialled, as long as nothing has failed", () => {
  const { world, a } = pair();
  assert.match(why(world, a, "b:7051").sentences.join(), /and none is needed/);
  const failed = { during: "send", code: "refused-us", reason: "no" } as const;
  const told = why(world, a, "b:7051", failed).sentences.join();
  assert.match(told, /There is no connection with it\./);
  const { world: other, n } = alone();
  const mute = testIdentity("A", "mute");
  other.meet(n, mute);
  other.give(n, { type: "message", from: mute.pkiId, bytes: aliveOf(mute, { endpoint: "" }) });
  const ofMute = why(other, n, mute.pkiId).sentences.join();
  assert.match(ofMute, /we cannot dial it, as it advertises no endpoint/);
});

describe("a question that cannot be answered", () => {
  test("names what was wrong with it", () => {
    const { world, n } = alone();
    for (const peer of [
      "",
      "host",
      "host:0",
      ":7051",
      "a b:1",
      "f".repeat(65),
      "x".repeat(10_000),
    ]) {
      assert.throws(() => why(world, n, peer), GossipError, peer.slice(0, 10));
    }
  });

  test("is one when several are meant: they are named", () => {
    const { world, n } = alone();
    for (let i = 0; i < 40; i++) world.meet(n, testIdentity("A", `m${i}`));
    const digits = [..."0123456789abcdef"];
    const shared = digits.find((digit) => {
      return [...n.core.identities.table.keys()].filter((id) => id.startsWith(digit)).length > 6;
    });
    assert.ok(shared, "of 40 identities, more than 6 begin alike");
    assert.throws(
      () => why(world, n, shared),
      /^GossipError: \d+ peers begin with .: [0-9a-f]{16} \(CN=m\d+\), .* and \d+ more; write more of it\.$/,
    );
  });
});
