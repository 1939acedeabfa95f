/** Explanations of peers in every state the protocol can leave them in, in virtual time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../../../core/testing.ts";
import { testIdentity } from "../../../core/testing-identities.ts";
import { aliveOf, digest, identityItemOf, update } from "../../../core/testing-messages.ts";
import { GossipError } from "../../../lib/errors.ts";
import { viewEvent, viewSelf } from "../../snapshots.ts";
import { createFailures, type Failure } from "../failures.ts";
import { healthFaults } from "../health.ts";
import type { TlsExpiries } from "../own-tls.ts";
import { createRefusals } from "../refused-certificates.ts";
import { createConflicts } from "./conflicts.ts";
import type { Explanation } from "./explanation.ts";
import { explain } from "./why.ts";

/** What `node` says of the peer; of what happened, all is dated now. */
function why(
  world: World,
  node: TestNode,
  peer: string,
  lastFailure?: Pick<Failure, "during" | "code" | "reason">,
  tlsExpiries: TlsExpiries = new Map(),
  reloadProblems: readonly string[] = [],
): Explanation {
  const { core } = node;
  const now = world.now();
  const failures = createFailures();
  const time = new Date(now.wallMs);
  for (const [id, event] of node.events.entries()) {
    failures.note({ id, time, ...viewEvent(core, event, now) });
  }
  if (lastFailure) failures.noteFailure({ endpoint: peer }, { ...lastFailure, time });
  const refusals = createRefusals(node.crypto, { now: () => now, after: () => () => {} });
  const self = viewSelf(core, 0, now);
  const faults = healthFaults(
    {
      ...{ core, failures, conflicts: createConflicts() },
      ...{ reloadProblems, names: [], tlsExpiries },
    },
    now,
  );
  const rest = { connections: [], channelProblems: new Map() };
  return explain({ core, failures, faults, refusals, self, now, ...rest }, peer);
}

const codes = ({ causes }: Explanation): string => causes.map(({ code }) => code).join(" ");

/** Two of one organisation that see each other. */
function pair(): { world: World; a: TestNode; b: TestNode } {
  const world = createWorld(1);
  const a = world.add("a");
  const b = world.add("b", { bootstrap: ["a:7051"] });
  world.run(2_000);
  return { world, a, b };
}

/** One that knows a stranger only from what the test has it receive. */
function alone(externalEndpoint = "n:7051"): { world: World; n: TestNode } {
  const world = createWorld(1);
  const n = world.add("n", { trusts: ["A", "B"], externalEndpoint });
  return { world, n };
}

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

describe("a member that is dead", () => {
  test("since nobody answered: when it is tried again", () => {
    const { world, a, b } = pair();
    world.kill(b);
    world.run(1_000);
    const told = why(world, a, "b:7051");
    assert.equal(codes(told), "dead identity-known");
    assert.match(
      told.sentences[0] ?? "",
      /b:7051 of A is dead since .*: a message to it could not be delivered, and a ping was not answered/,
    );
    assert.equal(told.next?.action, "ping");
    assert.ok(Number(told.next?.time) > world.now().wallMs);
    assert.match(told.remedy ?? "", /Check that it runs/);
  });

  test("whose TLS broke off as its process ended: its CA is not to blame", () => {
    const { world, a, b } = pair();
    world.kill(b);
    world.run(1_000);
    const remedyFor = (code: string) =>
      why(world, a, "b:7051", { during: "ping", code, reason: "" }).remedy;
    assert.match(remedyFor("tls-closed") ?? "", /^Check that it runs, that its host name/);
    assert.match(remedyFor("tls-expired") ?? "", /or that of its CA, renewed/);
  });

  test("since it fell silent", () => {
    const { world, n } = alone();
    const quiet = testIdentity("A", "quiet");
    world.meet(n, quiet);
    const bytes = aliveOf(quiet, { endpoint: "" });
    world.give(n, { type: "message", from: quiet.pkiId, bytes });
    world.run(30_000);
    const told = why(world, n, quiet.pkiId);
    assert.match(told.sentences[0] ?? "", /nothing was heard of it for too long/);
    assert.match(told.sentences.at(-1) ?? "", /We do not know where to dial it/);
  });

  test("and forgotten, also by those who have no trace of it", () => {
    const { world, a, b } = pair();
    world.kill(b);
    world.run(600_000);
    const told = why(world, a, "b:7051");
    assert.equal(codes(told), "no-alive-message forgotten identity-known");
    assert.match(
      told.sentences.join("\n"),
      /forgotten as a member .*: it had been dead for too long/,
    );
    a.events.length = 0;
    assert.equal(codes(why(world, a, b.identity.pkiId)), "no-alive-message identity-known");
    a.core.identities.table.delete(b.identity.pkiId);
    assert.equal(codes(why(world, a, b.identity.pkiId)), "forgotten identity-unknown");
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

describe("a peer whose certificate is gone", () => {
  const purges: readonly (readonly [
    string,
    (world: World, a: TestNode, b: TestNode) => void,
    RegExp,
    RegExp,
  ])[] = [
    [
      "revoked",
      (_world, a, b) => a.crypto.revoked.add(b.identity.pkiId),
      /its CA has revoked it/,
      /remove it from the revocation list/,
    ],
    [
      "not accepted any more",
      (_world, a) => a.crypto.trusted.delete("A"),
      /its MSP, as we know it now, does not accept it/,
      /Check its certificate against the MSP folder/,
    ],
  ];
  for (const [name, spoil, sentence, remedy] of purges) {
    test(name, () => {
      const { world, a, b } = pair();
      spoil(world, a, b);
      world.give(a, { type: "trust-changed" });
      const told = why(world, a, "b:7051");
      assert.equal(told.visible, false);
      assert.match(told.sentences.join("\n"), sentence);
      assert.match(told.remedy ?? "", remedy);
      assert.equal(told.next?.action, "pull-identity");
    });
  }

  test("unused: what keeps its member from us is what helps", () => {
    const { a, b } = pair();
    const member = a.core.members.table.get(b.identity.pkiId);
    assert.ok(member);
    const { world, n } = alone();
    n.events.push({ type: "member-forgotten", member, reason: "silent" });
    n.events.push({ type: "identity-purged", identity: b.identity, reason: "unused" });
    const told = why(world, n, "b:7051", { during: "ping", code: "unreachable", reason: "no" });
    assert.match(told.sentences.join("\n"), /nobody had needed it for long/);
    assert.match(told.remedy ?? "", /Check that it runs, that its host name leads there/);
    assert.match(why(world, n, "b:7051").remedy ?? "", /we pull its certificate again/);
  });

  test("expired", () => {
    const world = createWorld(1);
    const a = world.add("a");
    const identity = testIdentity("A", "peer1.b", world.now().wallMs + 5_000);
    world.add("b", { bootstrap: ["a:7051"], identity });
    world.run(10_000);
    const told = why(world, a, "b:7051");
    assert.match(
      told.sentences.join("\n"),
      /Its certificate \(CN=peer1\.b\) was dropped .*: it has expired/,
    );
    assert.match(told.remedy ?? "", /Renew its certificate/);
    assert.deepEqual(why(world, a, "peer1").causes, told.causes, "it is found by its name");
  });

  test("replaced by another one", () => {
    const { world, a, b } = pair();
    const old = b.identity.pkiId;
    world.renew(b, testIdentity("A", "renewed"));
    world.run(10_000);
    assert.match(why(world, a, old).sentences.join("\n"), /another one of the same organisation/);
    assert.equal(why(world, a, "b:7051").visible, true);
  });
});

describe("our own TLS certificate that has expired", () => {
  test("explains whom we do not see, unless it is that of the operations endpoint", () => {
    const { world, n } = alone();
    const asked = (use: "server" | "operations", peer: string): Explanation =>
      why(world, n, peer, undefined, new Map([[use, world.now().wallMs]]));
    assert.equal(codes(asked("server", "gone:1")), "never-heard-of own-tls-certificate-expired");
    assert.match(asked("server", "gone:1").remedy ?? "", /^Renew it/);
    assert.equal(codes(asked("operations", "gone:1")), "never-heard-of");
    assert.equal(codes(asked("operations", "n:7051")), "self operations-certificate-expired");
    const expired = new Map([["server", world.now().wallMs]] as const);
    const renewing = why(world, n, "n:7051", undefined, expired, ["server.key is half written."]);
    assert.equal(codes(renewing), "self reload-failed own-tls-certificate-expired");
    assert.match(renewing.remedy ?? "", /^Renew it/);
  });
});

describe("a peer that never became a member", () => {
  test("of which nothing was heard", () => {
    const { world, n } = alone();
    const told = why(world, n, "nobody:1");
    assert.equal(codes(told), "never-heard-of");
    assert.match(told.remedy ?? "", /fabric-gossip probe nobody:1/);
    const byId = why(world, n, "0123456789");
    assert.deepEqual([byId.pkiId, codes(byId)], [null, "never-heard-of"]);
    assert.match(byId.remedy ?? "", /or give its endpoint/);
  });

  test("whose certificate is not known yet", () => {
    const { world, n } = alone();
    const [friend, unknown] = [testIdentity("A", "friend"), testIdentity("A", "unknown")];
    world.meet(n, friend);
    const bytes = aliveOf(unknown, { endpoint: "u:1" });
    world.give(n, { type: "message", from: friend.pkiId, bytes });
    const told = why(world, n, "u:1");
    assert.equal(codes(told), "no-alive-message identity-awaited");
    assert.equal(told.next?.action, "pull-identity");
  });

  test("whose certificate was refused when it was pulled", () => {
    const { world, n } = alone();
    const [friend, bad] = [testIdentity("A", "friend"), testIdentity("Z", "bad")];
    world.meet(n, friend);
    const alive = aliveOf(friend, { endpoint: "friend:1" });
    world.give(n, { type: "message", from: friend.pkiId, bytes: alive });
    const contents = () => n.sent.map(({ message }) => message.content);
    world.runUntil(() => contents().some((content) => content?.type === "hello"), 10_000);
    const hello = contents().find((content) => content?.type === "hello");
    const nonce = hello?.type === "hello" ? hello.value.nonce : 0n;
    world.give(n, { type: "message", from: friend.pkiId, bytes: digest(nonce, [bad]) });
    world.run(1_500);
    const item = update(nonce, [identityItemOf(bad)]);
    world.give(n, { type: "message", from: friend.pkiId, bytes: item });
    world.run(10);
    const told = why(world, n, bad.pkiId);
    assert.match(codes(told), /identity-shunned/);
    assert.equal(told.next?.action, "pull-identity");
  });

  test("of another organisation, while we are hidden from it", () => {
    const { world, n } = alone("");
    const foreign = testIdentity("B", "f");
    world.meet(n, foreign);
    const told = why(world, n, foreign.pkiId);
    assert.equal(codes(told), "no-alive-message identity-known we-are-hidden");
    assert.match(told.remedy ?? "", /Set peer\.gossip\.externalEndpoint/);
  });

  test("that we are told to contact: how often, why not, and when again", () => {
    const world = createWorld(1);
    const n = world.add("n", { bootstrap: ["gone:7051"] });
    world.run(3_000);
    const told = why(world, n, "gone:7051");
    assert.equal(codes(told), "never-heard-of contact failure");
    assert.equal(told.lastFailure?.during, "contact");
    assert.equal(told.next?.action, "contact");
    assert.ok(Number(told.next?.time) > world.now().wallMs);
  });
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
