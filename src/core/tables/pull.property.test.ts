/** The pull engine over a bad network: each step is judged in testing-pull.ts, the end result here. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Forged,
  IDS,
  type Id,
  LIMITS,
  PKI_IDS,
  PullWorld,
  type Rights,
} from "../testing-pull.ts";

/** With all three asking all others, an item is two steps away at most. */
const CLEAN_ROUNDS = 2 * Math.ceil(IDS.length / LIMITS.pullItemsMax) + 1;

/** What everybody ends up with when nothing is lost: whatever may pass goes on passing. */
function closure(held: readonly (readonly Id[])[], rights: Rights): readonly (readonly Id[])[] {
  const next = held.map((mine, asker) =>
    IDS.filter(
      (id) =>
        mine.includes(id) ||
        held.some((theirs, i) => i !== asker && theirs.includes(id) && rights(i, asker, id)),
    ),
  );
  const isGrowing = next.flat().length > held.flat().length;
  return isGrowing ? closure(next, rights) : next;
}

/** Bit by bit, for each owner, asker and item. */
function rightsOf(mask: number): Rights {
  return (owner, asker, id) => {
    const bit = (owner * PKI_IDS.length + asker) * IDS.length + IDS.indexOf(id);
    return Math.floor(mask / 2 ** bit) % 2 === 1;
  };
}

const person = fc.nat(PKI_IDS.length - 1);
const ids = fc.uniqueArray(fc.constantFrom(...IDS));
const delay = fc.oneof(fc.nat(20), fc.constantFrom(400, 700, 999, 1_000, 1_500, 2_100, 3_000));
const fates = fc.array(fc.array(delay, { maxLength: 2 }), { maxLength: 40, size: "max" });
const forged: fc.Arbitrary<Forged> = fc.record({
  kind: fc.constantFrom("hello", "digest", "request", "update", "update"),
  from: person,
  to: person,
  isApt: fc.boolean(),
  ids,
});
const waits = fc.constantFrom(400, 500, 1_000, 1_499, 2_000, 4_000);
type Action = { begin: number } | { passMs: number } | { forge: Forged };
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ begin: person }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.oneof(fc.nat(100), waits) }) },
  { weight: 3, arbitrary: fc.record({ forge: forged }) },
);
/** One bit for each owner, asker and item. */
const rightsMask = fc.oneof(fc.constant(2 ** 45 - 1), fc.nat({ max: 2 ** 31 - 1 }));

function act(world: PullWorld, action: Action): void {
  if ("begin" in action) world.begin(action.begin);
  else if ("passMs" in action) world.pass(action.passMs);
  else if (action.forge.from !== action.forge.to) world.forge(action.forge);
}

describe("pull over a bad network", () => {
  test("nothing passes that was not asked for or may not be had; in the end everything else does", () => {
    const actions = fc.array(action, { maxLength: 25, size: "max" });
    const property = fc.property(
      fc.tuple(ids, ids, ids),
      fates,
      actions,
      rightsMask,
      (held, ofMessages, all, mask) => {
        const rights = rightsOf(mask);
        const world = new PullWorld(held, rights, ofMessages);
        for (const one of all) act(world, one);
        world.heal();
        world.pass(10_000);
        for (let i = 0; i < CLEAN_ROUNDS; i++) {
          for (const who of PKI_IDS.keys()) world.begin(who);
          world.pass(4_000);
        }
        const want = closure(held, rights);
        assert.deepEqual(
          want.map((_, who) => world.held(who)),
          want,
        );
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
