import assert from "node:assert/strict";
import { test } from "node:test";
import { testCrypto, testIdentity, testSignature } from "../core/testing.ts";
import { createHistogram } from "../lib/histogram.ts";
import { CHECK_BOUNDS, meterChecks } from "./checks-meter.ts";

test("each signature check is counted, right or wrong, and its verdict passed on", () => {
  const seconds = createHistogram(CHECK_BOUNDS);
  const crypto = meterChecks(testCrypto("A"), seconds);
  const identity = testIdentity("A", "a");
  const payload = Uint8Array.of(1);
  const signature = testSignature(identity.pkiId, payload);
  assert.equal(crypto.verify(identity, payload, signature), true);
  assert.equal(crypto.verify(identity, Uint8Array.of(2), signature), false);
  assert.deepEqual(crypto.identify(identity.bytes), { ok: true, value: identity });
  assert.equal(seconds.count, 2);
  assert.ok(seconds.sum > 0);
});
