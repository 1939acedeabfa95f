import assert from "node:assert/strict";
import { test } from "node:test";
import type { PkiId } from "./core/abilities.ts";
import type { DropCode } from "./core/verify.ts";
import { createRejectionFilter } from "./rejections.ts";

test("of each peer and code one a second is told, everyday ones never", () => {
  const isTold = createRejectionFilter();
  const at = (name: string, code: DropCode, elapsedMs: number): boolean =>
    isTold({ from: name as PkiId, code }, { elapsedMs, wallMs: 0 });
  const told = [
    at("a", "malformed", 0),
    at("a", "malformed", 1),
    at("b", "malformed", 1),
    at("a", "tag-illegal", 1),
    at("a", "malformed", 999),
    at("a", "malformed", 1_000),
    at("a", "stale", 5_000),
  ];
  assert.deepEqual(told, [true, false, true, true, false, true, false]);
});
