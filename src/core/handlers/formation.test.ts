/** A network that forms: who passes messages on before everybody knows who its neighbours are. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toHex } from "../../wire/bytes.ts";
import type { AliveMessage } from "../../wire/messages.ts";
import { step } from "../core.ts";
import { isForming, noteArrival } from "../tables/self.ts";
import { createWorld, type TestNode, viewOf, type World } from "../testing.ts";
import { DEFAULT_TIMING } from "../types/options.ts";

const MEMBERS = 16;

function start(
  seed: number,
  members = MEMBERS,
): { readonly world: World; readonly nodes: readonly TestNode[] } {
  const world = createWorld(seed);
  const bootstrap = ["m0:7051"];
  const nodes = Array.from({ length: members }, (_, i) => world.add(`m${i}`, { bootstrap }));
  return { world, nodes };
}

/** To how many others each has sent anything. */
function reached(nodes: readonly TestNode[]): readonly number[] {
  return nodes.map(({ sent }) => new Set(sent.map(({ to }) => to)).size);
}

function isBy({ membership }: AliveMessage, { identity }: TestNode): boolean {
  return membership !== undefined && toHex(membership.pkiId) === identity.pkiId;
}

function isComplete(world: World, nodes: readonly TestNode[]): boolean {
  return nodes.every((node) => viewOf(world, node).split(" ").length === MEMBERS - 1);
}

describe("while a small network forms", () => {
  test("all see all over the connections to the bootstrap peer alone", () => {
    for (const seed of [1, 2]) {
      const { world, nodes } = start(seed);
      world.run(1_900);
      assert.ok(isComplete(world, nodes));
      const [bootstrap, ...others] = reached(nodes);
      assert.deepEqual([bootstrap, ...new Set(others)], [MEMBERS - 1, 1]);
    }
  });

  test("everybody has its neighbours soon after", () => {
    const { world, nodes } = start(4);
    world.run(30_000);
    for (const node of nodes) node.sent.length = 0;
    world.run(20_000);
    assert.ok(reached(nodes).every((peers) => peers >= 2 && peers < MEMBERS / 2));
    assert.ok(isComplete(world, nodes));
  });

  test("a bootstrap peer that dies in the middle keeps nobody from the others", () => {
    for (const killedMs of [20, 600]) {
      const { world, nodes } = start(killedMs);
      world.run(killedMs);
      const [bootstrap, ...others] = nodes;
      assert.ok(bootstrap);
      const met = others.filter((node) => viewOf(world, node) !== "");
      world.kill(bootstrap);
      world.run(30_000);
      const views = met.map((node) => viewOf(world, node).split(" ").length);
      assert.ok(
        views.every((size) => size >= met.length - 1),
        `${killedMs}: ${views}`,
      );
    }
  });

  test("a slow joiner sends to whom it is connected with, not to the first it has heard of", () => {
    const { world } = start(3, 30);
    world.run(1_900); // Heartbeats carry certificates still.
    const late = world.add("late", { bootstrap: ["m0:7051"] });
    const { lists } = late.core.verificationQueue;
    assert.ok(world.runUntil(() => lists.size > 0, 1_000) !== undefined);
    while (lists.size > 0) {
      late.dueMs = Number.POSITIVE_INFINITY; // Busy: the signature it has asked for comes first.
      let asked = 0;
      world.runUntil(() => asked++ > 0, 1);
      world.leap(world.now().elapsedMs + 20);
      world.give(late, { type: "tick" });
    }
    world.run(100);
    assert.ok(late.sent.some(({ message }) => message.content?.type === "alive"));
    assert.deepEqual(reached([late]), [1]);
  });

  test("whoever has no time for a list does not take the network for formed", () => {
    const { world } = start(7, 30);
    world.run(1_900);
    const late = world.add("late", { bootstrap: ["m0:7051"] });
    const { core } = late;
    const { lists } = core.verificationQueue;
    assert.ok(world.runUntil(() => lists.size > 0, 1_000) !== undefined);
    const [[from] = []] = lists;
    assert.ok(from);
    const { elapsedMs } = world.now();
    const isFormingAfter = (ms: number): boolean => {
      const now = { elapsedMs: elapsedMs + ms, wallMs: ms };
      step(core, { type: "message", from, bytes: Uint8Array.of(1) }, now); // No tick.
      return isForming(core.self, core.members.aliveCount, now);
    };
    const seconds = Array.from({ length: 70 }, (_, i) => isFormingAfter(1_000 * i));
    assert.equal(lists.size, 1);
    assert.deepEqual([seconds.lastIndexOf(true), seconds.indexOf(false)], [59, 60]);
  });

  test("who meets the first member late is new to it: its heartbeats carry its certificate", () => {
    const world = createWorld(5);
    const late = world.add("late", { bootstrap: ["m0:7051"] });
    world.run(60_000);
    const first = world.add("m0");
    assert.ok(world.runUntil(() => viewOf(world, first) === "late", 30_000) !== undefined);
    late.sent.length = 0;
    world.run(5_500);
    const heartbeats = late.sent.flatMap(({ message: { content } }) =>
      content?.type === "alive" ? [content.value.identity.length] : [],
    );
    assert.ok(heartbeats.length > 0 && heartbeats.every((bytes) => bytes > 0));
  });

  test("heartbeats carry certificates for as long as members arrive", () => {
    const { world, nodes } = start(6);
    const [node] = nodes as [TestNode, ...TestNode[]];
    for (let times = 0; times < 4; times++) {
      world.run(4_500);
      world.add(`late${times}`, { bootstrap: ["m0:7051"] });
    }
    world.run(40_000);
    const own = node.sent.flatMap(({ atMs, message: { content } }) =>
      content?.type === "alive" && isBy(content.value, node)
        ? [{ atMs, hasCertificate: content.value.identity.length > 0 }]
        : [],
    );
    const lastMs = Math.max(...own.map(({ atMs, hasCertificate }) => (hasCertificate ? atMs : 0)));
    assert.ok(lastMs > 20_000 && lastMs < 31_000, String(lastMs));
    assert.ok(own.every(({ atMs, hasCertificate }) => hasCertificate === atMs <= lastMs));
  });

  describe("it has formed", () => {
    const at = (elapsedMs: number) => ({ elapsedMs, wallMs: 0 });
    const isFormingAt = (elapsedMs: number, aliveCount: number, ...arrivalsMs: number[]) => {
      const { self } = createWorld(1).add("new").core;
      self.publishCertUntilMs = 14_000;
      for (const atMs of arrivalsMs) noteArrival(self, DEFAULT_TIMING, at(atMs));
      return isForming(self, aliveCount, at(elapsedMs));
    };

    test("after two calm seconds, or when it is not small", () => {
      assert.equal(isFormingAt(6_499, 128, 4_500), true);
      assert.equal(isFormingAt(6_500, 128, 4_500), false);
      assert.equal(isFormingAt(4_600, 129, 4_500), false);
    });

    test("where members are slow to arrive, after as long a calm as they took", () => {
      assert.equal(isFormingAt(9_999, 50, 7_000), true);
      assert.equal(isFormingAt(10_000, 50, 7_000), false);
    });

    test("where they arrive for longer than we are new, after as long as that, or a minute in all", () => {
      const arrivalsMs = [8_000, 11_000, 16_000, 25_000];
      assert.equal(isFormingAt(34_999, 50, ...arrivalsMs), true);
      assert.equal(isFormingAt(35_000, 50, ...arrivalsMs), false);
      const steadily = Array.from({ length: 100 }, (_, i) => 4_000 + 1_000 * i);
      assert.equal(isFormingAt(63_999, 50, ...steadily), true);
      assert.equal(isFormingAt(64_000, 50, ...steadily), false);
    });

    test("for whoever is not new when somebody arrives", () => {
      assert.equal(isFormingAt(14_001, 2, 14_000), false);
    });
  });
});
