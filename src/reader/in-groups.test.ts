/** Peers asked at once: many for small answers, one after the other for large ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inGroups } from "./in-groups.ts";

const cases = [
  { bytes: 0, atOnce: 16 },
  { bytes: 1_000, atOnce: 16 },
  { bytes: 10_000_000, atOnce: 3 },
  { bytes: 100_000_000, atOnce: 1 },
] as const;
for (const { bytes, atOnce } of cases) {
  test(`${atOnce} of 40 peers at once for answers of ${bytes} bytes`, async () => {
    let running = 0;
    let most = 0;
    const peers = Array.from({ length: 40 }, (_, i) => i);
    const answers = await inGroups(peers, bytes, async (peer) => {
      running++;
      most = Math.max(most, running);
      await Promise.resolve();
      running--;
      return peer;
    });
    assert.deepEqual(answers, peers);
    assert.equal(most, atOnce);
  });
}
