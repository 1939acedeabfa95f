/** A relay that strips the secret hides an internal endpoint until an honest one passes the message on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aliveOf } from "./testing-messages.ts";
import { friend, hostile, list, said, setUp, stripped, victim } from "./testing-second-hand.ts";

const knownTo = ({ node }: ReturnType<typeof setUp>) => node.core.members.table.get(victim.pkiId);

describe("an internal endpoint that a relay has stripped", () => {
  for (const way of ["gossiped", "listed"] as const) {
    test(`is learnt at once from one that passes it on, ${way}`, () => {
      const scene = setUp(91);
      scene.hear(hostile, stripped(said(1n)));
      assert.equal(knownTo(scene)?.internalEndpoint, undefined);
      scene.hear(friend, way === "gossiped" ? said(1n) : list("alive", said(1n)));
      assert.equal(knownTo(scene)?.internalEndpoint, "victim:7051");
      assert.ok(knownTo(scene)?.alive.envelope.secret, "it is passed on with our lists");
      assert.deepEqual(scene.node.drops, []);
    });
  }

  test("is no sign of life: the member dies as soon as without it", () => {
    const scene = setUp(92, false);
    scene.hear(hostile, stripped(said(1n)));
    const lastSeenMs = knownTo(scene)?.lastSeenMs;
    scene.world.run(20_000);
    assert.equal(scene.status(), "dead");
    scene.node.events.length = 0;
    scene.hear(friend, said(1n));
    assert.deepEqual(scene.node.events, [], "nothing is told of the dead");
    assert.equal(knownTo(scene)?.internalEndpoint, "victim:7051");
    assert.equal(knownTo(scene)?.lastSeenMs, lastSeenMs);
  });

  test("of an older message, or a forged one, is not believed", () => {
    const scene = setUp(93);
    scene.hear(hostile, stripped(said(2n)));
    scene.hear(friend, said(1n));
    const wrong = { incNum: 1n, seqNum: 2n, endpoint: "victim:7051", internalEndpoint: "evil:1" };
    scene.hear(hostile, aliveOf(victim, { ...wrong, secretSignature: new Uint8Array(64) }));
    assert.equal(knownTo(scene)?.internalEndpoint, undefined);
    assert.deepEqual(scene.node.drops, ["stale", "signature-invalid"]);
  });

  test("costs no check when it is known: relays of other organisations strip every message", () => {
    const scene = setUp(94);
    scene.hear(friend, said(1n));
    for (let seqNum = 2n; seqNum < 10n; seqNum++) {
      scene.hear(hostile, stripped(said(seqNum)));
      const { checks } = scene.node.crypto;
      scene.hear(friend, said(seqNum));
      assert.equal(scene.node.crypto.checks, checks);
    }
    assert.equal(knownTo(scene)?.internalEndpoint, "victim:7051");
  });
});
