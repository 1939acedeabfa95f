import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testIdentity } from "../core/testing.ts";
import type { PkiId } from "../core/types/host.ts";
import { Rebuffs } from "./dial-backoff.ts";

const { pkiId } = testIdentity("A", "unwelcoming");

/** Until when the peer is left alone after a rebuff at this moment. */
function untilAfter(rebuffs: Rebuffs, nowMs: number): number {
  rebuffs.note(pkiId, nowMs);
  let untilMs = nowMs;
  while (rebuffs.of(pkiId, untilMs)) untilMs += 100;
  return untilMs;
}

describe("a peer that ends our connections at once", () => {
  test("is left alone for longer and longer, up to sixteen seconds", () => {
    const rebuffs = new Rebuffs();
    const pauses: number[] = [];
    for (let i = 0, nowMs = 0; i < 7; i++) {
      const untilMs = untilAfter(rebuffs, nowMs);
      pauses.push(untilMs - nowMs);
      nowMs = untilMs;
    }
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000]);
  });

  test("is dialled at once when it has spoken with us, and begins anew then", () => {
    const rebuffs = new Rebuffs();
    untilAfter(rebuffs, 0);
    untilAfter(rebuffs, 500);
    rebuffs.forget(pkiId);
    assert.equal(rebuffs.of(pkiId, 501), undefined);
    assert.equal(untilAfter(rebuffs, 2_000), 2_500);
  });

  test("is remembered with what it said, however late it came", () => {
    const rebuffs = new Rebuffs();
    const end = { fault: "refused-revoked", reason: "the identity has been revoked" } as const;
    rebuffs.noteEnd(pkiId, false, 0, end);
    assert.deepEqual(rebuffs.of(pkiId, 1)?.end, end);
    rebuffs.noteEnd(pkiId, false, 10);
    assert.equal(rebuffs.of(pkiId, 11), undefined);
  });

  test("is one of a thousand that are remembered", () => {
    const rebuffs = new Rebuffs();
    rebuffs.note(pkiId, 0);
    for (let i = 0; i < 1_000; i++) rebuffs.note(`${i}` as PkiId, 0);
    assert.equal(rebuffs.of(pkiId, 1), undefined);
    assert.ok(rebuffs.of("999" as PkiId, 1));
  });
});
