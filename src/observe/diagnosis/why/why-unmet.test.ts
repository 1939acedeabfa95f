/** Explanations of peers that never became members, and of what we ourselves lack. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld } from "../../../core/testing.ts";
import { testIdentity } from "../../../core/testing-identities.ts";
import { aliveOf, digest, identityItemOf, update } from "../../../core/testing-messages.ts";
import type { Explanation } from "./explanation.ts";
import { alone, codes, why } from "./testing-why.ts";

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
