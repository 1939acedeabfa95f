import assert from "node:assert/strict";
import { test } from "node:test";
import { Conduct } from "./limits.ts";

test("a message that arrives little by little is no overhead, however long", () => {
  const conduct = new Conduct({ burst: 0, perSecond: 0 });
  let bytes = 0;
  for (let piece = 0; piece < 100; piece++) {
    for (let part = 0; part < 8; part++) {
      bytes += 2_048;
      assert.equal(conduct.look(bytes), true, `${bytes} bytes`);
    }
    assert.equal(conduct.countPiece(16_384), true);
  }
});

test("what never becomes a message is overhead, also between messages", () => {
  const conduct = new Conduct({ burst: 0, perSecond: 0 });
  let [bytes, isFair] = [0, true];
  while (isFair && bytes < 10_000_000) {
    bytes += 20_000;
    conduct.countPiece(16_000);
    isFair = conduct.look(bytes);
  }
  assert.ok(bytes < 500_000, `${bytes} bytes`);
});
