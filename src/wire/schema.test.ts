import assert from "node:assert/strict";
import { test } from "node:test";
import { bool, bytes, table } from "./schema.ts";

test("table() refuses field numbers that do not ascend", () => {
  assert.throws(() => table({ first: bytes(2), second: bool(1) }), /second: numbers must ascend/);
  assert.throws(() => table({ first: bytes(1), second: bool(1) }), /second: numbers must ascend/);
});
