import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "./bytes.ts";
import { HASH_BYTES, textOfHash } from "./hash-texts.ts";

test("a hash has one text, whatever came before in its place", () => {
  const zeros = new Uint8Array(HASH_BYTES);
  const [one, other] = [Uint8Array.from(zeros), Uint8Array.from(zeros)];
  one[HASH_BYTES - 1] = 1; // All three have the same first bytes.
  other[2] = 0xff;
  for (const bytes of [zeros, one, one, other, one, zeros, other]) {
    assert.equal(textOfHash(bytes), toHex(bytes));
  }
});
