/** Who may have how many messages kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PkiId } from "../../core/types/host.ts";
import { createKept, findKept, type Kept, keep, releaseOld } from "./kept.ts";

const LIMITS = { keptMax: 100, keptBytesMax: 10_000, keptPerAuthorMax: 5 };

function message(author: string, certificate: string, sequence: bigint, untilMs = 1): Kept {
  return {
    ...{ author: author as PkiId, certificate, incarnation: 1n, sequence, untilMs },
    ...{ mspId: "A", isExternal: true, filter: {}, bytes: new Uint8Array(10) },
  };
}

test("a certificate has its share, whatever PKI-IDs it takes", () => {
  const table = createKept(LIMITS);
  keep(table, message("honest", "h", 1n));
  for (let i = 0n; i < 50n; i++) keep(table, message(`alias${i}`, "c", i));
  assert.equal(table.numbers.size, 1 + LIMITS.keptPerAuthorMax);
  assert.ok(findKept(table, "honest" as PkiId, 1n, 1n));
  assert.ok(findKept(table, "alias49" as PkiId, 1n, 49n));
  assert.equal(findKept(table, "alias0" as PkiId, 1n, 0n), undefined);
  releaseOld(table, 1);
  const { numbers, byAuthor, byCertificate, bytes } = table;
  assert.deepEqual([numbers.size, byAuthor.size, byCertificate.size, bytes], [0, 0, 0, 0]);
});

test("together they have so many bytes at most, and the oldest go first", () => {
  const table = createKept({ ...LIMITS, keptBytesMax: 45 });
  for (let i = 0n; i < 6n; i++) keep(table, message(`a${i}`, `c${i}`, i));
  assert.deepEqual([table.numbers.size, table.bytes], [4, 40]);
  assert.deepEqual([...table.byAuthor.keys()], ["a2", "a3", "a4", "a5"]);
});
