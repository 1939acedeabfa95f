/** Tags as their member publishes them, and as others read them, whatever they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { matches } from "./filter.ts";
import { decodeMetadata, encodeMetadata, NO_TAGS, type Tags } from "./metadata.ts";

const own = Uint8Array.of(1, 2, 3);

function published(tags: Tags): Tags | undefined {
  const metadata = decodeMetadata(encodeMetadata({ tags, own }));
  assert.deepEqual(metadata?.own, own);
  return metadata.tags;
}

test("tags of more than 512 bytes count as none, and take nothing else with them", () => {
  assert.deepEqual(published({ a: "x".repeat(503) }), { a: "x".repeat(503) });
  assert.equal(published({ a: "x".repeat(504) }), NO_TAGS);
  assert.equal(published({ a: "x".repeat(256), b: "y".repeat(256) }), NO_TAGS);
});

test("metadata behind the mark that cannot be read are those of a member without tags", () => {
  const metadata = encodeMetadata({ tags: { role: "shop" }, own });
  const cut = decodeMetadata(metadata.subarray(0, metadata.length - 1));
  assert.deepEqual([cut?.tags, cut?.own.length], [NO_TAGS, 0]);
  assert.deepEqual(decodeMetadata(metadata.subarray(0, 4))?.tags, NO_TAGS);
  assert.equal(decodeMetadata(metadata.subarray(0, 3)), undefined);
  const later = metadata.slice();
  later[3] = 9;
  assert.deepEqual(decodeMetadata(later)?.tags, { role: "shop" });
});

test("a filter finds own tags only, whatever an object inherits", () => {
  const member = { mspId: "A", tags: published({ role: "shop", "": "nameless" }) ?? NO_TAGS };
  assert.equal(matches({ tags: { role: "shop" } }, member), true);
  for (const key of ["constructor", "toString", "__proto__", "valueOf"]) {
    const tags = JSON.parse(`{${JSON.stringify(key)}:"x"}`);
    for (const found of [member, { mspId: "A", tags: {} }, { mspId: "A", tags: NO_TAGS }]) {
      assert.equal(matches({ tags }, found), false, key);
    }
    assert.equal(matches({ tags }, { mspId: "A", tags: published(tags) ?? NO_TAGS }), true, key);
  }
});

test("a filter with a nameless tag is for those that have it, not for all", () => {
  const tags = { "": "x" };
  assert.equal(matches({ tags: published(tags) ?? NO_TAGS }, { mspId: "A", tags: {} }), false);
});
