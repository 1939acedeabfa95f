/** In which order many members are asked whether they are there, and how fast. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf, unsigned } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";

const MANY = 200;
const SPACING_MS = 20;
/** A doubt because of silence waits so long at most, if no other waits. */
const SILENT_MS = 300;

interface Crowd {
  readonly world: World;
  readonly node: TestNode;
  /** The last of them is doubted last. */
  readonly others: readonly Identity[];
  readonly ghost: Identity;
  /** They say something new; the node hears it from a friend. */
  readonly speak: (...authors: readonly Identity[]) => void;
  /** Says that somebody is dead who has said nothing since. */
  readonly accuse: (about: Identity) => void;
  /** When it was pinged. */
  readonly pingedMs: (about: Identity) => number | undefined;
}

/**
 * A node that knows so many others. Nobody can dial them, which takes three seconds to find out. All have just
 * spoken, `ghost` so much later, and say nothing more.
 */
function crowd(laterMs = 0): Crowd {
  const world = createWorld(21, 1_500);
  const node = world.add("n");
  const friend = testIdentity("A", "friend");
  const others = Array.from({ length: MANY }, (_, i) => testIdentity("A", `other${i}`));
  const ghost = testIdentity("A", "ghost");
  const said = new Map<Identity, Uint8Array>();
  let seqNum = 0n;
  const hear = (bytes: Uint8Array): void =>
    world.give(node, { type: "message", from: friend.pkiId, bytes });
  const speak = (...authors: readonly Identity[]): void => {
    seqNum += 1n;
    for (const author of authors) {
      const bytes = aliveOf(author, { seqNum, endpoint: `${author.pkiId.slice(0, 8)}:1` });
      said.set(author, bytes);
      hear(bytes);
    }
  };
  const accuse = (about: Identity): void => {
    const dead = [said.get(about) ?? assert.fail("it has said nothing")];
    hear(unsigned({ type: "membership-response", value: { alive: [], dead } }));
    world.run(1);
  };
  const pingedMs = ({ pkiId }: Identity): number | undefined =>
    node.core.suspicions.pinged.get(pkiId);
  for (const identity of [friend, ...others, ghost]) world.meet(node, identity);
  for (let times = 0; times < 6; times++) {
    speak(...others);
    world.run(laterMs);
    speak(ghost);
    world.run(times < 5 ? 4_000 - laterMs : 300);
  }
  return { world, node, others, ghost, speak, accuse, pingedMs };
}

function doubtOf({ core }: TestNode, { pkiId }: Identity): string | undefined {
  return core.suspicions.open.get(pkiId)?.doubt.type;
}

function openCount({ core }: TestNode): number {
  return core.suspicions.open.size;
}

/** The others are silent for long enough to be doubted, and the questions have just begun. */
function doubtful(laterMs = 0): Crowd {
  const scene = crowd(laterMs);
  const { world, node } = scene;
  assert.notEqual(
    world.runUntil(() => openCount(node) >= MANY, 10_000),
    undefined,
  );
  return scene;
}

describe("questions to many members", () => {
  test("are put one after the other, at most 50 a second", () => {
    const { world, node, others, ghost, pingedMs } = doubtful();
    const sinceMs = world.now().elapsedMs;
    world.runUntil(() => openCount(node) === 0, 10_000);
    const times = [...others, ghost].map((one) => pingedMs(one) ?? assert.fail("never asked"));
    const sorted = times.toSorted((a, b) => a - b);
    assert.ok(sorted.every((ms, i) => i === 0 || ms - (sorted[i - 1] ?? 0) >= SPACING_MS));
    const tookMs = (sorted.at(-1) ?? 0) - sinceMs;
    assert.ok(tookMs <= SILENT_MS + MANY * SPACING_MS, `took ${tookMs} ms`);
  });

  test("that settle themselves keep no other waiting", () => {
    const { world, node, others, ghost, speak, pingedMs } = doubtful();
    world.run(SILENT_MS);
    assert.equal(pingedMs(ghost), undefined);
    speak(...others.slice(0, -5));
    world.run(SPACING_MS * 7);
    assert.notEqual(pingedMs(ghost), undefined);
    assert.equal(openCount(node), 0);
  });

  test("go first to whoever is silent and then said to be dead", () => {
    const { world, node, ghost, accuse, pingedMs } = doubtful();
    world.run(SILENT_MS);
    assert.deepEqual([doubtOf(node, ghost), pingedMs(ghost)], ["silent", undefined]);
    accuse(ghost);
    world.run(SPACING_MS * 2);
    assert.notEqual(pingedMs(ghost), undefined);
    assert.ok(openCount(node) > MANY / 2);
  });

  test("go first to whoever is said to be dead and then silent", () => {
    const { world, node, ghost, accuse, pingedMs } = doubtful(500);
    accuse(ghost);
    assert.equal(doubtOf(node, ghost), "told");
    world.run(1_000);
    assert.notEqual(pingedMs(ghost), undefined);
    assert.ok(openCount(node) > MANY / 2);
  });

  test("are put in turn to whoever is only said to be dead", () => {
    const { world, node, ghost, accuse, pingedMs } = doubtful(3_900);
    accuse(ghost);
    world.run(MANY * SPACING_MS - 500);
    assert.deepEqual([doubtOf(node, ghost), pingedMs(ghost)], ["told", undefined]);
    world.run(1_000);
    assert.notEqual(pingedMs(ghost), undefined);
  });

  test("are put anew to whoever is said to be dead since it was heard of", () => {
    const { world, node, ghost, speak, accuse, pingedMs } = doubtful();
    world.run(SILENT_MS);
    assert.deepEqual([doubtOf(node, ghost), pingedMs(ghost)], ["silent", undefined]);
    speak(ghost);
    accuse(ghost);
    assert.equal(doubtOf(node, ghost), "told");
    world.runUntil(() => openCount(node) === 0, 10_000);
    assert.notEqual(pingedMs(ghost), undefined);
  });
});
