/** Channels that we follow: what is believed, asked, answered and told (spec D 3, 4 and 9). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { channelMac, stateInfoPullRequest } from "../channel/rules/state-info.ts";
import { encodeUnsigned } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";
import { createWorld, type TestNode, testIdentity, type World } from "./testing.ts";
import { configurationOf, following, HOST, heightOf } from "./testing-channel.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import type { Identity } from "./types/host.ts";

const [one, two, three] = ["one", "two", "three"].map((name) => testIdentity("A", name)) as [
  Identity,
  Identity,
  Identity,
];
const foreigner = testIdentity("B", "foreigner");
const hidden = testIdentity("A", "hidden");
const stranger = testIdentity("C", "stranger");
const PEERS = [one, two, three, foreigner, stranger];

interface Scene {
  readonly world: World;
  readonly node: TestNode;
  readonly configuration: ReturnType<typeof configurationOf>;
}

/** A node of A that follows "ch" of A and B, and knows peers of A, B and C. */
function setUp(lag?: { blocks: number; timeMs: number }): Scene {
  const world = createWorld(1);
  const channels = following(["ch"], lag);
  const node = world.add("n", { trusts: ["A", "B", "C"], channels });
  for (const peer of PEERS) {
    world.meet(node, peer);
    give(world, node, aliveOf(peer, { endpoint: `${peer.subject}:1` }), peer);
  }
  world.meet(node, hidden);
  give(world, node, aliveOf(hidden, { endpoint: "", internalEndpoint: "hidden:1" }), hidden);
  const configuration = configurationOf({ mspIds: ["A", "B"] });
  world.give(node, { type: "channel-configured", channel: "ch", configuration });
  world.run(500);
  return { world, node, configuration };
}

function give(world: World, node: TestNode, bytes: Uint8Array, from: Identity = one): void {
  node.drops.length = 0;
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

/** Nothing happens in a network of peers that are only made up: they stay alive by this. */
function pass(world: World, node: TestNode, ms: number, seq: { n: bigint }): void {
  for (let left = ms; left > 0; left -= 1_000) {
    seq.n += 1n;
    for (const peer of PEERS) {
      const options = { endpoint: `${peer.subject}:1`, seqNum: seq.n };
      world.give(node, { type: "message", from: peer.pkiId, bytes: aliveOf(peer, options) });
    }
    world.run(Math.min(1_000, left));
  }
}

/** Answers a snapshot request of the node to `from`. */
function snapshot(
  { world, node }: Scene,
  elements: readonly Uint8Array[],
  from: Identity = one,
): void {
  channelOf(node).asked.set(from.pkiId, world.now().elapsedMs);
  const value = { elements: [...elements] };
  const channel = new TextEncoder().encode("ch");
  const content = { type: "state-snapshot", value } as const;
  give(world, node, encodeUnsigned({ channel, tag: TAG.chanOrOrg, content }), from);
  world.run(100);
}

function channelOf(node: TestNode) {
  const channel = node.core.channels.table.get("ch");
  assert.ok(channel);
  return channel;
}

const heights = (node: TestNode): string[] =>
  [...channelOf(node).members]
    .map(([pkiId, { claim }]) => {
      const who = PEERS.find((peer) => peer.pkiId === pkiId);
      return `${who?.subject.slice(3)} ${claim.height}`;
    })
    .toSorted();

const told = (node: TestNode): string[] =>
  node.events.flatMap((event) => {
    if (!("channel" in event)) return [];
    const who = PEERS.find(({ pkiId }) => pkiId === event.pkiId)?.subject.slice(3);
    return [`${event.type.replace("channel-", "")} ${who} ${event.height}`];
  });

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

describe("a snapshot", () => {
  test("is asked for every four seconds, of members of the channel only", () => {
    const scene = setUp();
    scene.node.sent.length = 0;
    pass(scene.world, scene.node, 12_500, { n: 1n });
    const asked = scene.node.sent.filter(
      ({ message }) => message.content?.type === "state-info-pull-request",
    );
    assert.ok(asked.length >= 9 && asked.length <= 12, `asked ${asked.length} times`);
    assert.ok(!asked.some(({ to }) => to === stranger.pkiId));
    const mac = channelMac(HOST, scene.node.identity.pkiId, "ch");
    for (const { message } of asked) {
      assert.equal(message.channel.length, 0, "the name does not travel in a request");
      assert.ok(message.content?.type === "state-info-pull-request");
      assert.deepEqual(message.content.value.channelMac, mac);
    }
  });

  test("is read to its end, whatever stands in it", () => {
    const scene = setUp();
    const unknown = testIdentity("A", "unknown");
    snapshot(scene, [
      new Uint8Array([1, 2, 3]),
      heightOf(unknown, 3n),
      heightOf(one, 9n, { signature: new Uint8Array(8) }),
      heightOf(stranger, 9n),
      heightOf(one, 4n, { channel: "other" }),
      heightOf(two, 5n),
      heightOf(foreigner, 6n),
    ]);
    assert.deepEqual(heights(scene.node), ["foreigner 6", "two 5"]);
    assert.deepEqual(scene.node.drops.toSorted(), [
      "identity-unknown",
      "malformed",
      "not-followed",
      "signature-invalid",
      "state-info-organisation",
    ]);
  });

  test("that repeats what is known costs no signature check", () => {
    const scene = setUp();
    const elements = [one, two, three, foreigner].map((peer) => heightOf(peer, 5n));
    snapshot(scene, elements);
    assert.equal(scene.configuration.checks, 4);
    for (let i = 0; i < 20; i++) snapshot(scene, elements, two);
    assert.equal(scene.configuration.checks, 4);
  });

  test("that nobody asked for is dropped", () => {
    const scene = setUp();
    const { world, node } = scene;
    channelOf(node).asked.clear();
    const value = { elements: [heightOf(two, 5n)] };
    const channel = new TextEncoder().encode("ch");
    const content = { type: "state-snapshot", value } as const;
    give(world, node, encodeUnsigned({ channel, tag: TAG.chanOrOrg, content }));
    assert.deepEqual([node.drops, heights(node)], [["pull-unsolicited"], []]);
  });

  test("of ten thousand elements is worked through a little at a time", () => {
    const scene = setUp();
    const { world, node } = scene;
    const elements = Array.from({ length: 10_000 }, (_, i) => heightOf(two, BigInt(i)));
    channelOf(node).asked.set(one.pkiId, world.now().elapsedMs);
    const channel = new TextEncoder().encode("ch");
    const content = { type: "state-snapshot", value: { elements } } as const;
    give(world, node, encodeUnsigned({ channel, tag: TAG.chanOrOrg, content }));
    assert.ok(scene.configuration.checks <= 8, "no more than a step may check");
    world.run(1_000);
    // The author may have so many news, and no more.
    assert.ok(scene.configuration.checks <= 600, `${scene.configuration.checks} checks`);
    assert.equal(node.core.channels.snapshots.length, 0);
  });
});

describe("whoever asks for a snapshot", () => {
  const asks = (scene: Scene, from: Identity): string[] | undefined => {
    const { world, node } = scene;
    node.sent.length = 0;
    give(world, node, encodeUnsigned(stateInfoPullRequest(HOST, from.pkiId, "ch")), from);
    const answer = node.sent.find(({ message }) => message.content?.type === "state-snapshot");
    if (answer === undefined) return undefined;
    assert.equal(answer.to, from.pkiId);
    assert.equal(new TextDecoder().decode(answer.message.channel), "ch");
    const { content } = answer.message;
    return content?.type === "state-snapshot"
      ? [String(content.value.elements.length), ...node.drops]
      : undefined;
  };

  test("of our organisation gets all, of another one what is for others, a stranger nothing", () => {
    const scene = setUp();
    const { world, node } = scene;
    for (const peer of [one, foreigner, hidden]) give(world, node, heightOf(peer, 5n), two);
    assert.deepEqual(asks(scene, two), ["3"]);
    assert.deepEqual(
      asks(scene, foreigner),
      ["2"],
      "without the one that has no external endpoint",
    );
    assert.equal(asks(scene, stranger), undefined);
    assert.deepEqual(node.drops, ["state-info-organisation"]);
  });

  test("with another's MAC gets nothing", () => {
    const scene = setUp();
    const { world, node } = scene;
    give(world, node, heightOf(one, 5n), two);
    give(world, node, encodeUnsigned(stateInfoPullRequest(HOST, one.pkiId, "ch")), two);
    assert.deepEqual(node.drops, ["not-followed"]);
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

test("answers and blocks of a channel are handed on, if they come from its organisations", () => {
  const { world, node } = setUp();
  const channel = new TextEncoder().encode("ch");
  const content = { type: "state-response", value: { payloads: [] } } as const;
  const bytes = unsigned(content, { channel, tag: TAG.chanOrOrg, nonce: 5n });
  give(world, node, bytes, foreigner);
  give(world, node, bytes, stranger);
  assert.deepEqual([node.received.length, node.drops], [1, ["state-info-organisation"]]);
});
