import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testIdentity } from "../core/testing-identities.ts";
import type { PkiId } from "../core/types/host.ts";
import { DialBackoff } from "./dial-backoff.ts";

const { pkiId } = testIdentity("A", "unwelcoming");

/** Until when the peer is left alone after a dial that failed at this moment. */
function untilAfter(backoff: DialBackoff, nowMs: number): number {
  backoff.note(pkiId, nowMs);
  let untilMs = nowMs;
  while (backoff.of(pkiId, untilMs)) untilMs += 100;
  return untilMs;
}

describe("a peer that ends our connections at once", () => {
  test("is left alone for longer and longer, up to sixteen seconds", () => {
    const backoff = new DialBackoff();
    const pauses: number[] = [];
    for (let i = 0, nowMs = 0; i < 7; i++) {
      const untilMs = untilAfter(backoff, nowMs);
      pauses.push(untilMs - nowMs);
      nowMs = untilMs;
    }
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000]);
  });

  test("is dialled at once when it has spoken with us, and begins anew then", () => {
    const backoff = new DialBackoff();
    untilAfter(backoff, 0);
    untilAfter(backoff, 500);
    backoff.forget(pkiId);
    assert.equal(backoff.of(pkiId, 501), undefined);
    assert.equal(untilAfter(backoff, 2_000), 2_500);
  });

  test("is remembered with what it said, however late it came", () => {
    const backoff = new DialBackoff();
    const end = { fault: "refused-revoked", reason: "the identity has been revoked" } as const;
    backoff.noteEnd(pkiId, false, 0, end);
    assert.deepEqual(backoff.of(pkiId, 1)?.end, end);
    backoff.noteEnd(pkiId, false, 10);
    assert.equal(backoff.of(pkiId, 11), undefined);
  });

  test("is one of a thousand that are remembered", () => {
    const backoff = new DialBackoff();
    backoff.note(pkiId, 0);
    for (let i = 0; i < 1_000; i++) backoff.note(`${i}` as PkiId, 0);
    assert.equal(backoff.of(pkiId, 1), undefined);
    assert.ok(backoff.of("999" as PkiId, 1));
  });
});
