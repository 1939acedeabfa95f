/** Channels that we follow: what is believed, asked, answered and told (spec D 3, 4 and 9). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TAG } from "../wire/messages.ts";
import { createWorld } from "./testing.ts";
import { configurationOf, following, heightOf } from "./testing-channel.ts";
import {
  channelOf,
  foreigner,
  give,
  heights,
  one,
  PEERS,
  pass,
  type Scene,
  setUp,
  stranger,
  three,
  told,
  two,
} from "./testing-followed.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import type { Identity } from "./types/host.ts";

describe("a StateInfo of a channel that we follow", () => {
  test("is believed, told once, and passed on once to the channel's organisations", () => {
    const { world, node, configuration } = setUp();
    node.sent.length = 0;
    give(world, node, heightOf(two, 5n), one);
    assert.deepEqual(node.drops, []);
    give(world, node, heightOf(two, 5n), three);
    assert.deepEqual(node.drops, ["stale"]);
    world.run(50);
    const relayed = node.sent.filter(({ message }) => message.content?.type === "state-info");
    const names = PEERS.filter(({ pkiId }) => relayed.some(({ to }) => to === pkiId));
    assert.deepEqual(
      names.map(({ subject }) => subject),
      ["CN=foreigner"],
      "not one, two, three, C",
    );
    assert.deepEqual([told(node), heights(node)], [["height two 5"], ["two 5"]]);
    assert.equal(configuration.checks, 1);
  });

  const refused: readonly (readonly [string, Uint8Array, Identity, string])[] = [
    ["older", heightOf(two, 9n, { seqNum: 1n }), one, "stale"],
    ["of an older life", heightOf(two, 9n, { incNum: 0n, seqNum: 99n }), one, "stale"],
    ["forged", heightOf(one, 9n, { signature: new Uint8Array(8) }), one, "signature-invalid"],
    ["of somebody not on the channel", heightOf(stranger, 9n), one, "state-info-organisation"],
    ["from somebody not on the channel", heightOf(one, 9n), stranger, "state-info-organisation"],
    ["of somebody unknown", heightOf(testIdentity("A", "x"), 9n), one, "identity-unknown"],
    ["without a time", heightOf(one, 9n, { without: "timestamp" }), one, "state-info-incomplete"],
    [
      "without properties",
      heightOf(one, 9n, { without: "properties" }),
      one,
      "state-info-incomplete",
    ],
  ];
  for (const [name, bytes, from, code] of refused) {
    test(`${name} is refused as ${code}, and changes nothing`, () => {
      const { world, node } = setUp();
      give(world, node, heightOf(two, 5n));
      give(world, node, bytes, from);
      assert.deepEqual([node.drops, heights(node)], [[code], ["two 5"]]);
    });
  }

  test("costs no signature check if it is not newer", () => {
    const { world, node, configuration } = setUp();
    give(world, node, heightOf(two, 5n));
    for (let i = 0; i < 50; i++)
      give(world, node, heightOf(two, 4n, { signature: new Uint8Array(i) }));
    assert.equal(configuration.checks, 1);
  });

  test("of another channel of its author is relayed as that of a channel not followed", () => {
    const { world, node } = setUp();
    give(world, node, heightOf(two, 5n, { channel: "other" }), one);
    assert.deepEqual([node.drops, heights(node)], [[], []]);
    assert.equal(node.core.channelNews.live.size, 1);
  });
});

describe("a configuration that changes", () => {
  const believe = ({ world, node }: Scene): void => {
    for (const peer of [one, two, foreigner]) give(world, node, heightOf(peer, 5n), one);
  };
  const configure = ({ world, node }: Scene, wish: Parameters<typeof configurationOf>[0]): void => {
    const configuration = configurationOf({ blockNumber: 7n, ...wish });
    world.give(node, { type: "channel-configured", channel: "ch", configuration });
  };

  test("removes an organisation at once, without a signature check", () => {
    const scene = setUp();
    believe(scene);
    const { checks } = scene.configuration;
    configure(scene, { mspIds: ["A"] });
    assert.deepEqual(heights(scene.node), ["one 5", "two 5"]);
    assert.equal(scene.configuration.checks, checks);
    give(scene.world, scene.node, heightOf(foreigner, 6n), one);
    assert.deepEqual(scene.node.drops, ["state-info-organisation"]);
  });

  test("keeps what waits to be passed on from an organisation that it removes", () => {
    const relayed = ({ world, node }: Scene) => {
      world.run(500);
      const own = node.sent.filter(({ message }) => message.content?.type === "state-info");
      return new Set(own.map(({ to }) => to));
    };
    const publish = (scene: Scene): void => {
      const { world, node, configuration } = scene;
      world.give(node, { type: "channel-served", configuration, height: 6n });
      world.run(5_000);
      scene.node.sent.length = 0;
      world.give(node, { type: "channel-served", configuration, height: 7n });
      give(world, node, heightOf(two, 5n), one);
    };
    const stays = setUp();
    publish(stays);
    assert.ok(relayed(stays).has(foreigner.pkiId));
    const other = setUp();
    publish(other);
    configure(other, { mspIds: ["A"] });
    const left = relayed(other);
    assert.deepEqual([left.has(three.pkiId), left.has(foreigner.pkiId)], [true, false]);
    const all = setUp();
    publish(all);
    configure(all, { mspIds: ["B"] });
    assert.deepEqual([...relayed(all)], [], "our own organisation is out");
  });

  test("revokes at once: the identity goes, and with it what it said and its connection", () => {
    const scene = setUp();
    const { world, node } = scene;
    believe(scene);
    node.crypto.revoked.add(two.pkiId);
    configure(scene, { mspIds: ["A", "B"], revoked: [two.pkiId] });
    world.run(1);
    assert.deepEqual(heights(node), ["foreigner 5", "one 5"]);
    assert.ok(node.events.some(({ type }) => type === "identity-purged"));
    assert.ok(!node.connected.has(two.pkiId));
  });

  test("that takes the right to read away empties the channel", () => {
    const scene = setUp();
    believe(scene);
    configure(scene, { mspIds: ["A", "B"], isReadable: false });
    scene.world.run(1);
    assert.deepEqual(heights(scene.node), []);
  });

  test("that removes our own organisation ends it: nothing is shown, asked or answered", () => {
    const scene = setUp();
    const { world, node } = scene;
    believe(scene);
    configure(scene, { mspIds: ["B"] });
    assert.deepEqual(heights(node), []);
    node.sent.length = 0;
    pass(world, node, 10_000, { n: 1n });
    const types = node.sent.map(({ message }) => message.content?.type);
    assert.ok(!types.includes("state-info-pull-request"), "it is ours no more");
  });

  test("contacts its anchor peers, and no longer those it does not name", () => {
    const scene = setUp();
    const { node } = scene;
    configure(scene, { mspIds: ["A", "B"], anchors: [{ host: "anchor", port: 7051 }] });
    const endpoints = () => node.core.contacts.map(({ endpoint }) => endpoint);
    assert.deepEqual(endpoints(), ["anchor:7051"]);
    configure(scene, { mspIds: ["A", "B"], blockNumber: 8n });
    assert.deepEqual(endpoints(), []);
  });

  test("that is older is not put in force", () => {
    const scene = setUp();
    configure(scene, { mspIds: ["A", "B"] });
    configure(scene, { mspIds: ["A"], blockNumber: 6n });
    assert.equal(channelOf(scene.node).configuration?.organisations.length, 2);
  });
});

describe("before the configuration is known", () => {
  test("members of our own organisation are believed, and nobody else", () => {
    const world = createWorld(1);
    const node = world.add("n", { trusts: ["A", "B"], channels: following(["ch"]) });
    for (const peer of [one, two, foreigner]) {
      world.meet(node, peer);
      give(world, node, aliveOf(peer, { endpoint: `${peer.subject}:1` }), peer);
    }
    give(world, node, heightOf(two, 5n), one);
    give(world, node, heightOf(one, 5n, { signature: new Uint8Array(8) }), two);
    assert.deepEqual(node.drops, ["signature-invalid"]);
    give(world, node, heightOf(foreigner, 5n), one);
    assert.deepEqual([node.drops, heights(node)], [["state-info-organisation"], ["two 5"]]);
  });
});

describe("a member that is behind", () => {
  const publish = ({ world, node }: Scene, peer: Identity, height: bigint): void =>
    give(world, node, heightOf(peer, height), one);

  test("lags by blocks when others have had them for two rounds, and recovers", () => {
    const scene = setUp({ blocks: 10, timeMs: 60_000 });
    const { world, node } = scene;
    const seq = { n: 1n };
    for (const peer of [one, two, three]) publish(scene, peer, 100n);
    pass(world, node, 20_000, seq);
    for (const peer of [one, two]) publish(scene, peer, 110n);
    pass(world, node, 6_000, seq);
    assert.ok(
      !told(node).some((line) => line.startsWith("member")),
      "a height is 8 s old at times",
    );
    pass(world, node, 4_000, seq);
    assert.deepEqual(told(node).at(-1), "member-lagging three 100");
    publish(scene, three, 110n);
    assert.deepEqual(told(node).slice(-2), ["height three 110", "member-recovered three 110"]);
  });

  test("lags by time, be it by a single block", () => {
    const scene = setUp({ blocks: 10, timeMs: 60_000 });
    const { world, node } = scene;
    const seq = { n: 1n };
    for (const peer of [one, two, three]) publish(scene, peer, 100n);
    for (const peer of [one, two]) publish(scene, peer, 101n);
    pass(world, node, 58_000, seq);
    assert.ok(!told(node).some((line) => line.startsWith("member")));
    pass(world, node, 4_000, seq);
    assert.deepEqual(told(node).at(-1), "member-lagging three 100");
  });

  test("is not made to lag by a single liar", () => {
    const scene = setUp({ blocks: 10, timeMs: 10_000 });
    const { world, node } = scene;
    for (const peer of [one, two, three]) publish(scene, peer, 100n);
    publish(scene, foreigner, 1_000_000n);
    pass(world, node, 60_000, { n: 1n });
    assert.ok(!told(node).some((line) => line.startsWith("member")));
  });

  test("is measured by a proven height, whoever published it", () => {
    const scene = setUp({ blocks: 10, timeMs: 10_000 });
    const { world, node } = scene;
    for (const peer of [one, two, three]) publish(scene, peer, 100n);
    world.give(node, { type: "channel-proven", channel: "ch", height: 101n });
    pass(world, node, 20_000, { n: 1n });
    assert.equal(told(node).filter((line) => line.startsWith("member-lagging")).length, 3);
  });

  test("does not lag when it has left the channel", () => {
    const scene = setUp({ blocks: 10, timeMs: 10_000 });
    const { world, node } = scene;
    for (const peer of [one, two]) publish(scene, peer, 100n);
    give(world, node, heightOf(three, 1n, { hasLeft: true }), one);
    pass(world, node, 30_000, { n: 1n });
    assert.ok(!told(node).some((line) => line.startsWith("member")));
  });
});

test("what a member said is forgotten with it", () => {
  const { world, node } = setUp();
  give(world, node, heightOf(two, 5n), one);
  world.run(700_000);
  assert.equal(channelOf(node).members.size, 0);
  assert.deepEqual([channelOf(node).bytes, channelOf(node).byBytes.size], [0, 0]);
});

test("whoever is forgotten may come back with the same words, but with none that are older", () => {
  const { world, node } = setUp();
  give(world, node, heightOf(two, 5n, { seqNum: 7n }), one);
  world.run(700_000);
  assert.deepEqual(heights(node), []);
  node.drops.length = 0;
  give(world, node, heightOf(two, 3n, { seqNum: 6n }), one);
  assert.deepEqual([node.drops, heights(node)], [["stale"], []]);
  give(world, node, heightOf(two, 5n, { seqNum: 7n }), one);
  assert.deepEqual(heights(node), ["two 5"]);
  give(world, node, heightOf(two, 3n, { seqNum: 6n }), one);
  assert.deepEqual(heights(node), ["two 5"]);
  assert.equal(channelOf(node).forgotten.size, 0);
});

test("answers and blocks of a channel are handed on, if they come from its organisations", () => {
  const { world, node } = setUp();
  const channel = new TextEncoder().encode("ch");
  const content = { type: "state-response", value: { payloads: [] } } as const;
  const bytes = unsigned(content, { channel, tag: TAG.chanOrOrg, nonce: 5n });
  give(world, node, bytes, foreigner);
  give(world, node, bytes, stranger);
  assert.deepEqual([node.received.length, node.drops], [1, ["state-info-organisation"]]);
});
