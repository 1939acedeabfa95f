import assert from "node:assert/strict";
import { test } from "node:test";
import { probesWithin } from "./contacts.ts";

test("contacts are probed 64 at a time, or as many as open files allow", () => {
  assert.deepEqual(
    [undefined, 1_048_576, 1_024, 256, 128, 64, 0].map((max) => probesWithin(max)),
    [...[64, 64, 64, 39, 7, 1, 1]],
  );
});
