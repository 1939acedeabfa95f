/** Snapshots of StateInfo: taken from peers, and given to those who ask. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { channelMac, stateInfoPullRequest } from "../channel/rules/state-info.ts";
import { encodeUnsigned } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";
import { configurationOf, HOST, heightOf } from "./testing-channel.ts";
import {
  channelOf,
  foreigner,
  give,
  heights,
  hidden,
  one,
  pass,
  type Scene,
  setUp,
  snapshot,
  stranger,
  three,
  two,
} from "./testing-followed.ts";
import { testIdentity } from "./testing-identities.ts";
import type { Identity } from "./types/host.ts";

describe("a snapshot", () => {
  test("is asked for every four seconds, of members of the channel only", () => {
    const scene = setUp();
    scene.node.sent.length = 0;
    pass(scene.world, scene.node, 13_500, { n: 1n });
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

  test("of three thousand elements is worked through a little at a time", () => {
    const scene = setUp();
    const { world, node } = scene;
    const elements = Array.from({ length: 3_000 }, (_, i) => heightOf(two, BigInt(i)));
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
  const answerTo = ({ world, node }: Scene, from: Identity) => {
    node.sent.length = 0;
    give(world, node, encodeUnsigned(stateInfoPullRequest(HOST, from.pkiId, "ch")), from);
    const answer = node.sent.find(({ message }) => message.content?.type === "state-snapshot");
    assert.ok(answer);
    return answer;
  };
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
    const { debts } = node.core.rateLimits.answers;
    assert.equal(debts.get(two.certificate)?.amount, channelOf(node).bytes);
    assert.deepEqual(
      asks(scene, foreigner),
      ["2"],
      "without the one that has no external endpoint",
    );
    assert.equal(asks(scene, stranger), undefined);
    assert.deepEqual(node.drops, ["state-info-organisation"]);
  });

  test("gets nothing that still waits when a configuration removes its organisation", () => {
    const scene = setUp();
    const { world, node } = scene;
    give(world, node, heightOf(one, 5n), two);
    const answers = [two, foreigner].map((peer) => answerTo(scene, peer));
    const mayLeave = () => answers.map(({ isAllowed }) => isAllowed());
    assert.deepEqual(mayLeave(), [true, true]);
    const configuration = configurationOf({ mspIds: ["A"], blockNumber: 7n });
    world.give(node, { type: "channel-configured", channel: "ch", configuration });
    assert.deepEqual(mayLeave(), [true, false]);
  });

  test("with another's MAC gets nothing", () => {
    const scene = setUp();
    const { world, node } = scene;
    give(world, node, heightOf(one, 5n), two);
    give(world, node, encodeUnsigned(stateInfoPullRequest(HOST, one.pkiId, "ch")), two);
    assert.deepEqual(node.drops, ["not-followed"]);
  });
});
