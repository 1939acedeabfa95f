/** The sorted sets of constraints against a model that looks through all of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressSearch, domainKey, domainSearch } from "./subtrees.ts";

const label = fc.constantFrom("a", "b", "A", "a-b", "com");
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const constraint = fc.oneof(
  { arbitrary: domain, weight: 6 },
  { arbitrary: domain.map((text) => `.${text}`), weight: 3 },
  { arbitrary: fc.constant(""), weight: 1 },
);

/** A leading dot asks for at least one label more. */
function isWithin(name: string, constraint: string): boolean {
  const wanted = constraint.toLowerCase().split(".");
  const labels = name.toLowerCase().split(".");
  const needsMore = wanted[0] === "" && constraint !== "";
  if (constraint === "") return true;
  const tail = needsMore ? wanted.slice(1) : wanted;
  if (labels.length < tail.length + (needsMore ? 1 : 0)) return false;
  return tail.every((each, i) => labels[labels.length - tail.length + i] === each);
}

test("a domain is within the constraints or not, as label by label", () => {
  fc.assert(
    fc.property(fc.array(constraint, { maxLength: 8 }), domain, (constraints, name) => {
      const want = constraints.some((each) => isWithin(name, each));
      assert.equal(domainSearch(constraints, "permitted")(domainKey(name)), want);
      assert.equal(domainSearch(constraints, "excluded")(domainKey(name)), want);
    }),
    { numRuns: 3_000 },
  );
});

test("a wildcard is excluded with what it would take in, but permitted by itself only", () => {
  const excludes = domainSearch(["www.example.com"], "excluded");
  assert.equal(excludes(domainKey("*.EXAMPLE.com")), true);
  assert.equal(excludes(domainKey("*.com")), false);
  assert.equal(excludes(domainKey("*.www.example.com")), true);
  assert.equal(domainSearch(["www.example.com"], "permitted")(domainKey("*.example.com")), false);
});

const byte = fc.constantFrom(0, 1, 9, 10, 128, 255);
const address = fc.tuple(byte, byte, byte, byte).map((bytes) => Uint8Array.from(bytes));
/** The address of a network, without the bits that its mask leaves out. */
const network = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([bytes, ones]) => {
  const mask = bytes.map((_, i) => 0xff & ~(0xff >> Math.min(8, Math.max(0, ones - 8 * i))));
  return Uint8Array.from([...bytes.map((each, i) => each & (mask[i] ?? 0)), ...mask]);
});

test("an address is within the networks or not, as bit by bit", () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 8 }), address, (networks, name) => {
      const want = networks.some((bytes) =>
        name.every((each, i) => (each & (bytes[4 + i] ?? 0)) === bytes[i]),
      );
      assert.equal(addressSearch(networks)(name), want);
    }),
    { numRuns: 3_000 },
  );
});
