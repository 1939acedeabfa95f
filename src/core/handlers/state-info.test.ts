/** News of channels that we do not follow, passed on inside the organisation (spec B 1.10, 5.3). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toHex } from "../../wire/bytes.ts";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf, stateInfoOf, unsigned } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";

const [friend, other] = [testIdentity("A", "friend"), testIdentity("A", "other")];
const foreigner = testIdentity("B", "foreigner");

/** One node that knows two members of its organisation and one of another. */
function setUp(): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A", "B"] });
  for (const peer of [friend, other, foreigner]) {
    world.meet(node, peer);
    const endpoint = `${peer.subject}:1`;
    receive(world, node, aliveOf(peer, { endpoint }), peer);
  }
  world.run(1_000);
  node.sent.length = 0;
  return { world, node };
}

function receive(world: World, node: TestNode, bytes: Uint8Array, from: Identity = friend): void {
  node.drops.length = 0;
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

/** To whom state infos went. */
function relays(world: World, node: TestNode): string[] {
  world.run(50);
  const relayed = node.sent.filter(({ message }) => message.content?.type === "state-info");
  node.sent.length = 0;
  return relayed.map(({ to }) => (to === other.pkiId ? "other" : to)).sort();
}

describe("news of a channel that we do not follow", () => {
  test("goes once to our own organisation, not back, not to its author, not abroad", () => {
    const { world, node } = setUp();
    receive(world, node, stateInfoOf(foreigner));
    assert.deepEqual([node.drops, relays(world, node)], [[], ["other"]]);
    receive(world, node, stateInfoOf(foreigner));
    assert.deepEqual([node.drops, relays(world, node)], [["stale"], []]);
    receive(world, node, stateInfoOf(other, { seqNum: 2n }));
    assert.deepEqual([node.drops, relays(world, node)], [[], []]);
  });

  test("newer news follow, older do not; channels do not concern each other", () => {
    const { world, node } = setUp();
    const steps: readonly (readonly [number, bigint, readonly string[]])[] = [
      [1, 5n, ["other"]],
      [1, 4n, []],
      [2, 4n, ["other"]],
      [1, 6n, ["other"]],
      [2, 4n, []],
    ];
    for (const [channel, seqNum, expected] of steps) {
      receive(world, node, stateInfoOf(foreigner, { channel, seqNum }));
      assert.deepEqual(relays(world, node), expected, `channel ${channel}, sequence ${seqNum}`);
    }
  });

  test("is passed on as the bytes that came", () => {
    const { world, node } = setUp();
    const bytes = stateInfoOf(foreigner);
    const passed: string[] = [];
    const { broadcastQueue } = node.core;
    receive(world, node, bytes);
    for (const { broadcast } of broadcastQueue.waiting.values())
      passed.push(toHex(broadcast.bytes));
    assert.deepEqual(passed, [toHex(bytes)]);
  });

  test("whoever sends us the same meanwhile does not get it from us", () => {
    const { world, node } = setUp();
    receive(world, node, stateInfoOf(foreigner), friend);
    receive(world, node, stateInfoOf(foreigner), other);
    assert.deepEqual(relays(world, node), []);
  });

  test("is remembered for 400 s, and as long again against copies", () => {
    const { world, node } = setUp();
    receive(world, node, stateInfoOf(foreigner));
    world.run(790_000);
    receive(world, node, stateInfoOf(foreigner));
    assert.deepEqual(node.drops, ["stale"]);
    world.run(20_000);
    assert.equal(node.core.channelNews.live.size + node.core.channelNews.expired.size, 0);
  });

  const refused: readonly (readonly [string, Uint8Array, Identity, string])[] = [
    ["from another organisation", stateInfoOf(foreigner), foreigner, "not-followed"],
    [
      "with a forged signature",
      stateInfoOf(foreigner, { signature: new Uint8Array([1]) }),
      friend,
      "signature-invalid",
    ],
    ["of an unknown author", stateInfoOf(testIdentity("A", "nobody")), friend, "identity-unknown"],
    ["without a channel", stateInfoOf(foreigner, { macBytes: 0 }), friend, "state-info-incomplete"],
    ["with a wrong tag", unsigned({ type: "state-info", value: {} }), friend, "tag-illegal"],
  ];
  for (const [name, bytes, from, code] of refused) {
    test(`${name} is refused and not passed on`, () => {
      const { world, node } = setUp();
      receive(world, node, bytes, from);
      assert.deepEqual([node.drops, relays(world, node)], [[code], []]);
    });
  }

  test("of more channels than one member may have is refused", () => {
    const { world, node } = setUp();
    for (let channel = 0; channel < 101; channel++) {
      receive(world, node, stateInfoOf(foreigner, { channel }));
    }
    assert.deepEqual(node.drops, ["channels-full"]);
  });
});
