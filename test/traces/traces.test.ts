/**
 * Five stories of the protocol as text, so that a change of what is said, when and to whom is seen
 * in a diff. `UPDATE_TRACES=1 npx node --test test/traces/traces.test.ts` writes them anew.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createWorld, type World } from "../../src/core/testing.ts";
import { traceOf } from "../../src/core/testing-trace.ts";
import { DEFAULT_FANOUT } from "../../src/core/types/options.ts";

const BOOTSTRAP = ["p0:7051"];
/** By then heartbeats carry no certificate any more. */
const SETTLED_MS = 15_000;

const STORIES: Readonly<Record<string, () => string>> = {
  /** A newcomer knows one bootstrap peer; another member hears of it by gossip. */
  join() {
    const world = settled(2);
    const trace = traceOf(world);
    world.add("p2", { bootstrap: BOOTSTRAP });
    world.run(300);
    return trace();
  },

  /** Nothing is gossiped: a member hears of another one from a third that it asks. */
  sync() {
    const world = createWorld(2);
    const fanout = { ...DEFAULT_FANOUT, iterations: 0 };
    world.add("p0", { fanout });
    world.add("p1", { bootstrap: BOOTSTRAP, fanout });
    world.run(1_000);
    world.add("p2", { bootstrap: BOOTSTRAP, fanout });
    const trace = traceOf(world);
    world.run(5_000);
    return trace();
  },

  /** A list names a member whose certificate is unknown: it is pulled. */
  pull() {
    const world = settled(2);
    world.add("p2", { bootstrap: BOOTSTRAP });
    const trace = traceOf(world);
    world.run(60);
    return trace();
  },

  /** A certificate is revoked: the identity goes, and all that rests on it. */
  purge() {
    const world = settled(3);
    const [p0, p1] = [...world.nodes.values()];
    assert.ok(p0 && p1);
    const trace = traceOf(world);
    p0.crypto.revoked.add(p1.identity.pkiId);
    world.give(p0, { type: "trust-changed" });
    world.run(5_000);
    return trace();
  },

  /** A member is gone: a ping confirms it, and the others ask for themselves. */
  "confirmed-death"() {
    const world = settled(3);
    const p2 = world.nodes.get("p2");
    assert.ok(p2);
    const trace = traceOf(world);
    world.kill(p2);
    world.run(2_000);
    return trace();
  },
};

/** So many members that have known each other for a while. */
function settled(size: number): World {
  const world = createWorld(1);
  for (let i = 0; i < size; i++) world.add(`p${i}`, { bootstrap: i === 0 ? [] : BOOTSTRAP });
  world.run(SETTLED_MS);
  return world;
}

describe("the story of", () => {
  for (const [name, tell] of Object.entries(STORIES)) {
    test(`a ${name}: the same as in ${name}.txt`, () => {
      const file = join(import.meta.dirname, `${name}.txt`);
      const told = tell();
      if (process.env["UPDATE_TRACES"] === "1") writeFileSync(file, told);
      assert.equal(told, readFileSync(file, "utf8"));
    });
  }
});
