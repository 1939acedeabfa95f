/** Contacts that names lead to: as many as are enough, and others in place of those that fail. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createWorld, type TestNode, viewOf } from "../testing.ts";
import { seededRandom } from "../testing-identities.ts";
import {
  type Contact,
  RESOLVED_CONTACTS_MAX,
  replaceAnchors,
  resolveContacts,
} from "./contacts.ts";

const resolve = (node: TestNode, ...endpoints: readonly string[]) =>
  ({ node, input: { type: "names-resolved", endpoints } }) as const;
const contactsOf = ({ core }: TestNode): string =>
  core.contacts
    .map(({ endpoint }) => endpoint)
    .toSorted()
    .join(" ");

test("of the anchor peers of channels a thousand are contacts at most", () => {
  const { core } = createWorld(40).add("p0", { bootstrap: ["b:1"] });
  const anchors = Array.from({ length: 1_100 }, (_, i) => `anchor${i}:1`);
  for (const channel of ["ch1", "ch2"]) {
    replaceAnchors(core, channel, anchors);
    assert.equal(core.contacts.length, 1_000);
  }
});

describe("where names lead", () => {
  test("members are contacted as they appear, and two that knew only themselves find each other", () => {
    const world = createWorld(41);
    const [p0, p1] = [world.add("p0"), world.add("p1")];
    world.run(10_000);
    assert.equal(viewOf(world, p0), "");
    const { node, input } = resolve(p0, "p0:7051", "p1:7051");
    world.give(node, input);
    assert.equal(contactsOf(p0), "p1:7051", "our own endpoint is nobody to contact");
    world.run(1_000);
    assert.deepEqual([viewOf(world, p0), viewOf(world, p1)], ["p1", "p0"]);
  });

  test("whoever is not there any more is given up, unless the configuration names it as well", () => {
    const world = createWorld(42);
    const p0 = world.add("p0", { bootstrap: ["p1:7051"] });
    for (const name of ["p1", "p2", "p3"]) world.add(name);
    const give = (...endpoints: readonly string[]): void => {
      const { node, input } = resolve(p0, ...endpoints);
      world.give(node, input);
    };
    give("p1:7051", "p2:7051");
    world.run(5_000);
    const before = p0.core.contacts.find(({ endpoint }) => endpoint === "p2:7051");
    give("p2:7051", "p3:7051");
    assert.equal(contactsOf(p0), "p1:7051 p2:7051 p3:7051");
    assert.ok(p0.core.contacts.includes(before as Contact), "one that stays is not begun anew");
    world.run(1_000);
    give();
    assert.equal(contactsOf(p0), "p1:7051");
    world.run(5_000);
    assert.equal(viewOf(world, p0), "p1 p2 p3", "who is no contact any more is a member still");
  });

  test("of hundreds only a few are contacted, and those that fail give way until one answers", () => {
    const world = createWorld(43);
    const [p0, p1] = [world.add("p0"), world.add("p1")];
    const gone = Array.from({ length: 200 }, (_, i) => `gone${i}:7051`);
    const { node, input } = resolve(p0, ...gone, "p1:7051");
    const hasJoined = (): boolean => {
      world.give(node, input);
      assert.ok(p0.core.contacts.length <= RESOLVED_CONTACTS_MAX);
      return viewOf(world, p0) === "p1";
    };
    for (let seconds = 0; !hasJoined(); seconds++) {
      assert.ok(seconds < 200, "the one that lives was never tried");
      world.run(1_000);
    }
    assert.equal(viewOf(world, p1), "p0");
  });
});

describe("members of the last life", () => {
  const lone = { bootstrap: ["gone:1"], formerPeers: ["p1:7051", "gone:2", "p0:7051"] };

  test("are asked when no other contact answers, and left as soon as anybody is alive", () => {
    const world = createWorld(44);
    const p0 = world.add("p0", lone);
    world.add("p1");
    assert.equal(contactsOf(p0), "gone:1 gone:2 p1:7051", "we ourselves are nobody to contact");
    world.run(5_000);
    assert.equal(viewOf(world, p0), "p1");
    assert.equal(contactsOf(p0), "gone:1");
  });

  test("are left in peace where another contact answers", () => {
    const world = createWorld(45);
    const p0 = world.add("p0", { ...lone, bootstrap: ["p1:7051"], formerPeers: ["p2:7051"] });
    world.add("p1");
    world.run(5_000);
    assert.equal(viewOf(world, p0), "p1");
    assert.equal(contactsOf(p0), "p1:7051");
  });

  test("give way to a contact that names or a channel lead to", () => {
    const world = createWorld(46);
    const p0 = world.add("p0", { formerPeers: ["p1:7051", "p2:7051"] });
    const { node, input } = resolve(p0, "p1:7051");
    world.give(node, input);
    replaceAnchors(p0.core, "ch1", ["p2:7051"]);
    assert.equal(contactsOf(p0), "p1:7051 p2:7051");
    assert.ok(p0.core.contacts.every(({ isFormer }) => !isFormer));
  });
});

test("whatever names lead to, contacts are few, of one endpoint each, and the configured ones stay", () => {
  const endpoint = fc.integer({ min: 0, max: 30 }).map((i) => `m${i}:1`);
  const round = fc.record({
    endpoints: fc.array(endpoint, { maxLength: 40 }),
    failures: fc.array(fc.nat(4), { minLength: 40, maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.integer(), fc.array(round, { maxLength: 8 }), (seed, rounds) => {
      const world = createWorld(1);
      const { core } = world.add("p0", { bootstrap: ["m1:1", "m2:1"] });
      const options = { ...core.options, random: seededRandom(seed) };
      for (const { endpoints, failures } of rounds) {
        resolveContacts({ ...core, options }, endpoints);
        const known = core.contacts.map((contact) => contact.endpoint);
        const resolved = core.contacts.filter(({ isResolved }) => isResolved);
        assert.equal(new Set(known).size, known.length);
        assert.deepEqual(known.slice(0, 2), ["m1:1", "m2:1"]);
        const others = new Set(endpoints);
        for (const one of ["m1:1", "m2:1"]) others.delete(one);
        assert.equal(resolved.length, Math.min(others.size, RESOLVED_CONTACTS_MAX));
        assert.ok(resolved.every((contact) => others.has(contact.endpoint)));
        for (const [i, contact] of core.contacts.entries()) contact.failures = failures[i] ?? 0;
      }
    }),
    { numRuns: 100 },
  );
});
