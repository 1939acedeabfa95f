/** Explanations of peers that were members and are dead, forgotten or without a certificate. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../../../core/testing.ts";
import { testIdentity } from "../../../core/testing-identities.ts";
import { aliveOf } from "../../../core/testing-messages.ts";
import { alone, codes, pair, why } from "./testing-why.ts";

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
