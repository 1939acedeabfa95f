/**
 * What is heard second-hand: true messages that somebody passes on early, late, stripped or under
 * another heading. They must neither silence who lives nor revive who is dead.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestNode } from "./testing.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf, digest, identityItemOf, unsigned, update } from "./testing-messages.ts";
import {
  friend,
  hostile,
  list,
  type Scene,
  said,
  setUp,
  stripped,
  victim,
} from "./testing-second-hand.ts";
import type { Identity, PkiId } from "./types/host.ts";

describe("a true message that a list has told of before", () => {
  for (const heading of ["alive", "dead"] as const) {
    for (const strip of [false, true]) {
      const form = strip ? "without its secret" : "as it is";
      test(`under "${heading}", ${form}, is a sign of life when it is gossiped`, () => {
        const { world, hear, status, node } = setUp(71);
        for (let seqNum = 1n; seqNum < 20n; seqNum++) {
          const bytes = said(seqNum);
          hear(hostile, list(heading, strip ? stripped(bytes) : bytes));
          world.run(1_000);
          hear(friend, bytes);
          assert.equal(status(), "alive", `after ${seqNum}`);
          world.run(4_000);
        }
        const member = node.core.members.table.get(victim.pkiId);
        assert.equal(member?.internalEndpoint, "victim:7051");
        assert.ok(member?.alive.envelope.secret, "the secret is passed on again");
      });
    }
  }

  test("and a newer one, which was never gossiped, silences nobody either", () => {
    const { world, hear, status } = setUp(72);
    for (let n = 1n; n < 20n; n++) {
      // Members sign such ones for each request of theirs.
      hear(hostile, list("dead", said(10n * n + 5n)));
      hear(friend, said(10n * n));
      world.run(5_000);
      assert.equal(status(), "alive", `after ${n}`);
    }
  });

  test("is heard when its author brings it in a request", () => {
    const { world, hear, status } = setUp(73);
    for (let n = 1n; n < 20n; n++) {
      hear(hostile, list("dead", said(n)));
      hear(victim, unsigned({ type: "membership-request", value: { selfInformation: said(n) } }));
      world.run(5_000);
      assert.equal(status(), "alive", `after ${n}`);
    }
  });

  test("does not take the place of what was gossiped while the author is unknown", () => {
    const { world, node, hear } = setUp(74);
    const stranger = testIdentity("A", "stranger");
    const by = (seqNum: bigint): Uint8Array =>
      aliveOf(stranger, { seqNum, endpoint: "stranger:1" });
    hear(friend, by(1n));
    hear(hostile, list("dead", by(2n)));
    world.meet(node, stranger);
    world.run(1);
    assert.equal(node.core.members.table.get(stranger.pkiId)?.status, "alive");
  });
});

describe("many true messages in lists", () => {
  test("do not use up what is believed of their author", () => {
    const { world, hear, status } = setUp(90);
    // A Fabric peer signs a new one for each of its requests.
    let seqNum = 1n;
    for (let round = 0; round < 12; round++) {
      hear(hostile, list("dead", ...Array.from({ length: 600 }, () => said(seqNum++))));
      world.run(0);
      hear(friend, said(seqNum++));
      world.run(5_000);
      assert.equal(status(), "alive", `in round ${round}`);
    }
  });

  test("do not settle a doubt, nor keep it from being raised", () => {
    for (const isToldBefore of [false, true]) {
      const { world, hear, status } = setUp(91, false);
      hear(friend, said(10n));
      if (isToldBefore) hear(friend, list("alive", said(11n)));
      hear(friend, list("dead", said(10n)));
      world.run(100);
      hear(friend, list("alive", said(12n)));
      world.run(1_000);
      assert.equal(status(), "dead", `told before: ${isToldBefore}`);
    }
  });

  test("do not answer for a member that is being pinged", () => {
    const { world, node, hear, status } = setUp(92, false);
    hear(victim, said(10n));
    node.connected.delete(victim.pkiId);
    world.give(node, { type: "connection-lost", pkiId: victim.pkiId });
    hear(friend, list("alive", said(11n)));
    assert.equal(node.core.members.table.get(victim.pkiId)?.time.seqNum, 11n);
    assert.equal(status(), "alive");
    world.give(node, { type: "pinged", pkiId: victim.pkiId, reachable: false });
    assert.equal(status(), "dead");
  });
});

describe("a member that cannot be reached, and lives", () => {
  test("is alive by its gossip, although lists of dead tell of each message before", () => {
    const { world, node, hear, status } = setUp(94, false);
    hear(friend, said(1n));
    hear(hostile, list("dead", said(1n)));
    world.run(1_000);
    assert.equal(status(), "dead");
    for (let n = 2n; n < 20n; n++) {
      hear(hostile, list("dead", said(n)));
      hear(friend, said(n));
      if (n > 3n) assert.equal(status(), "alive", `after ${n}`);
      world.run(5_000);
    }
    const deaths = node.events.filter(({ type }) => type === "member-dead");
    assert.equal(deaths.length, 1);
  });
});

describe("a member that is said to be dead, and answers", () => {
  test("is pinged once in two heartbeats, and asked for nothing more", () => {
    const { world, node, hear, status } = setUp(99);
    hear(friend, said(10n));
    world.run(1_000); // The sync that a new member brings about is over.
    node.sent.length = 0;
    hear(hostile, list("dead", said(10n)));
    world.run(1_000);
    assert.ok(node.core.suspicions.pinged.has(victim.pkiId));
    const requests = node.sent.filter(({ to, message: { content } }) => {
      return to === victim.pkiId && content?.type === "membership-request";
    });
    assert.deepEqual(requests, []);
    hear(hostile, list("dead", said(10n)));
    assert.deepEqual([node.core.suspicions.open.size, status()], [0, "alive"]);
  });
});

describe("a member whose death a ping has confirmed", () => {
  function killed(seed: number): Scene {
    const scene = setUp(seed, false);
    const { world, node, hear, status } = scene;
    hear(victim, said(10n));
    world.run(1_000);
    node.connected.delete(victim.pkiId);
    world.give(node, { type: "connection-lost", pkiId: victim.pkiId });
    world.run(200);
    assert.equal(status(), "dead");
    return scene;
  }

  test("is not revived by the list of somebody who has not noticed; it is asked again", () => {
    const { world, node, hear, status } = killed(75);
    hear(friend, list("alive", said(11n)));
    world.run(20_000);
    assert.equal(status(), "dead");
    assert.deepEqual(
      node.events.filter(({ type }) => type === "member-returned"),
      [],
    );
  });

  test("is not revived by a heartbeat that was on its way, whoever kept it back", () => {
    const { world, hear, status } = killed(76);
    hear(friend, said(11n));
    assert.equal(status(), "dead");
    world.run(60_000);
    hear(hostile, said(11n));
    hear(hostile, said(9n));
    assert.equal(status(), "dead");
  });

  test("is back at once when it speaks itself, and when it is gossiped about later", () => {
    const first = killed(77);
    first.hear(victim, said(11n));
    assert.equal(first.status(), "alive");
    const second = killed(78);
    second.world.run(6_000);
    second.hear(friend, said(11n));
    assert.equal(second.status(), "alive");
  });

  test("is back at once when another process of it is gossiped about", () => {
    const { hear, status } = killed(95);
    hear(hostile, list("dead", said(1n, 2n)));
    hear(hostile, list("alive", said(1n, 2n)));
    assert.equal(status(), "dead");
    hear(friend, said(1n, 2n));
    assert.equal(status(), "alive");
  });

  test("is back when it says over its own connection what was gossiped before", () => {
    const request = { type: "membership-request", value: { selfInformation: said(10n) } } as const;
    for (const answer of [unsigned(request), list("alive", said(10n))]) {
      const { world, hear, status } = killed(96);
      hear(hostile, answer);
      world.run(5_000);
      assert.equal(status(), "dead", "nobody else can say so");
      hear(victim, answer);
      assert.equal(status(), "alive");
    }
  });

  test("is asked once in two heartbeats, however many lists show it alive", () => {
    const { world, node, hear } = killed(98);
    hear(friend, list("alive", said(11n)));
    const askedMs = node.core.suspicions.pinged.get(victim.pkiId);
    assert.equal(askedMs, world.now().elapsedMs);
    world.run(2_000);
    hear(hostile, list("alive", said(12n)));
    assert.equal(node.core.suspicions.pinged.get(victim.pkiId), askedMs);
  });

  test("is not back by what was told soon after its death and is gossiped later", () => {
    for (const heading of ["alive", "dead"] as const) {
      const { world, hear, status } = killed(97);
      hear(friend, list(heading, said(12n)));
      world.run(60_000);
      hear(hostile, said(11n));
      hear(hostile, said(12n));
      assert.equal(status(), "dead", heading);
    }
  });

  test("is asked for a sign of life as soon as it connects", () => {
    const { node, world } = killed(79);
    node.sent.length = 0;
    world.meet(node, victim);
    world.run(5);
    const types = node.sent.filter(({ to }) => to === victim.pkiId);
    assert.deepEqual(
      types.map(({ message }) => message.content?.type),
      ["membership-request"],
    );
  });
});

describe("an identity", () => {
  /** Whom the node has said hello to since this was cleared, and with which nonce. */
  function hellos(node: TestNode): Map<PkiId, bigint> {
    return new Map(
      node.sent.flatMap(({ to, message: { content } }) =>
        content?.type === "hello" ? [[to, content.value.nonce] as const] : [],
      ),
    );
  }

  function introduce({ hear }: Scene): void {
    for (const identity of [friend, hostile]) {
      hear(identity, aliveOf(identity, { endpoint: `${identity.pkiId}:1` }));
    }
  }

  function isAsked({ sent }: TestNode, of: Identity): boolean {
    return sent.some(({ to, message }) => to === of.pkiId && message.content?.type === "request");
  }

  /** Waits for the next round; these peers offer the identity. */
  function offer({ world, node, hear }: Scene, wanted: Identity, ...by: readonly Identity[]): void {
    node.sent.length = 0;
    world.runUntil(() => hellos(node).size === 2, 60_000);
    for (const one of [friend, hostile]) {
      hear(one, digest(hellos(node).get(one.pkiId) ?? 0n, by.includes(one) ? [wanted] : []));
    }
  }

  /** One peer was asked for it, and has sent something else. */
  function shun(scene: Scene, wanted: Identity): void {
    const { world, node, hear } = scene;
    offer(scene, wanted, hostile);
    assert.ok(isAsked(node, hostile));
    const rubbish = identityItemOf(testIdentity("Z", "other"), { pkiId: wanted.pkiId });
    hear(hostile, update(hellos(node).get(hostile.pkiId) ?? 0n, [rubbish]));
    world.run(3_000);
  }

  test("is asked of others although one has sent rubbish in its place", () => {
    const scene = setUp(80);
    introduce(scene);
    const wanted = testIdentity("A", "wanted");
    shun(scene, wanted);
    offer(scene, wanted, friend, hostile);
    assert.deepEqual([isAsked(scene.node, friend), isAsked(scene.node, hostile)], [true, false]);
  });

  test("is asked again of whoever sent it when trust has changed", () => {
    const scene = setUp(81);
    introduce(scene);
    const wanted = testIdentity("A", "wanted");
    shun(scene, wanted);
    scene.world.give(scene.node, { type: "trust-changed" });
    offer(scene, wanted, hostile);
    assert.ok(isAsked(scene.node, hostile));
  });

  test("of an unknown author is asked at once, of nobody but who spoke of it", () => {
    const scene = setUp(82);
    const { world, node, hear } = scene;
    introduce(scene);
    world.runUntil(() => hellos(node).size === 2, 60_000);
    world.run(1_500);
    node.sent.length = 0;
    hear(hostile, aliveOf(testIdentity("A", "unknown"), { endpoint: "unknown:1" }));
    world.run(500);
    assert.deepEqual([...hellos(node).keys()], [hostile.pkiId]);
  });
});
