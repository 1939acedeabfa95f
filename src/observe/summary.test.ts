import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../core/testing.ts";
import { isComplete, trio } from "../core/testing-views.ts";
import { type Summary, summarise } from "./summary.ts";

function summaryOf(world: World, { core }: TestNode): Summary {
  return summarise(core, [], world.now());
}

function checksums(world: World, node: TestNode, mspId = "A"): readonly (number | undefined)[] {
  const found = summaryOf(world, node).organisations.get(mspId);
  return [found?.publicChecksum, found?.checksum];
}

/** Two organisations that trust each other; `inner` has no external endpoint. */
function twoOrganisations() {
  const world = createWorld(7);
  const add = (name: string, mspId: string, isExternal: boolean): TestNode =>
    world.add(name, {
      mspId,
      trusts: ["A", "B"],
      bootstrap: mspId === "A" ? ["a0:7051"] : ["b0:7051"],
      anchorPeers: ["a0:7051", "b0:7051"],
      externalEndpoint: isExternal ? `${name}:7051` : "",
    });
  const [a0, a1, inner] = [add("a0", "A", true), add("a1", "A", true), add("inner", "A", false)];
  const b0 = add("b0", "B", true);
  world.run(20_000);
  return { world, a0, a1, inner, b0 };
}

describe("the view in numbers", () => {
  test("counts members by organisation and state, and how long they have been silent", () => {
    const { world, p0, p1, p2 } = trio(1);
    assert.ok(world.runUntil(() => isComplete(world, p0, p1, p2), 5_000) !== undefined);
    world.run(20_000);
    world.kill(p2);
    world.run(2_000);
    const own = summaryOf(world, p0).organisations.get("A");
    assert.deepEqual([own?.alive, own?.dead, own?.othersAlive, own?.identities], [2, 1, 1, 3]);
    assert.ok(own !== undefined && own.silenceMaxMs > 0 && own.silenceMaxMs <= 5_000);
    assert.equal(own.silenceSumMs, own.silenceMaxMs);
  });

  test("takes the shortest remaining time of others' certificates, and ours apart", () => {
    const { world, p0 } = trio(2);
    world.run(5_000);
    const { organisations, ownRemainingMs } = summaryOf(world, p0);
    const { wallMs } = world.now();
    const others = [...world.nodes.values()].filter((node) => node !== p0);
    const earliest = Math.min(...others.map(({ identity }) => identity.notAfterMs));
    assert.equal(organisations.get("A")?.remainingMinMs, earliest - wallMs);
    assert.equal(ownRemainingMs, p0.identity.notAfterMs - wallMs);
  });

  test("of somebody alone: one member, no age, nobody's certificate", () => {
    const world = createWorld(3);
    const own = summaryOf(world, world.add("p0")).organisations.get("A");
    assert.deepEqual(
      [own?.alive, own?.othersAlive, own?.remainingMinMs],
      [1, 0, Number.POSITIVE_INFINITY],
    );
  });
});

describe("the checksum of a view", () => {
  test("is the same on all members that see each other", () => {
    const { world, p0, p1, p2 } = trio(4);
    assert.ok(world.runUntil(() => isComplete(world, p0, p1, p2), 5_000) !== undefined);
    assert.deepEqual(checksums(world, p1), checksums(world, p0));
    assert.deepEqual(checksums(world, p2), checksums(world, p0));
    assert.notEqual(checksums(world, p0)[1], 0);
  });

  test("differs while one sees a member that another does not", () => {
    const { world, p0, p1, p2 } = trio(5);
    world.run(20_000);
    world.cut([p1], [p0, p2]);
    world.run(60_000);
    assert.notDeepEqual(checksums(world, p1), checksums(world, p0));
    assert.deepEqual(checksums(world, p2), checksums(world, p0));
    world.heal();
    assert.ok(world.runUntil(() => isComplete(world, p0, p1, p2), 60_000) !== undefined);
    assert.deepEqual(checksums(world, p1), checksums(world, p0));
  });

  test("changes when a member is restarted, and agrees again once all have heard of it", () => {
    const { world, p0, p1, p2 } = trio(6);
    world.run(20_000);
    const before = checksums(world, p0);
    world.kill(p2);
    world.run(1_000);
    world.restart(p2);
    world.run(20_000);
    assert.notDeepEqual(checksums(world, p0), before);
    assert.deepEqual(checksums(world, p1), checksums(world, p0));
    assert.deepEqual(checksums(world, p2), checksums(world, p0));
  });

  test("its public part agrees across organisations, which do not see each other's inner members", () => {
    const { world, a0, a1, inner, b0 } = twoOrganisations();
    const [ofA] = checksums(world, a0, "A");
    assert.equal(checksums(world, b0, "A")[0], ofA);
    assert.deepEqual(checksums(world, a1, "A"), checksums(world, a0, "A"));
    assert.deepEqual(checksums(world, inner, "A"), checksums(world, a0, "A"));
    assert.notEqual(checksums(world, b0, "A")[1], checksums(world, a0, "A")[1]);
    assert.equal(checksums(world, a0, "B")[0], checksums(world, b0, "B")[0]);
  });
});
