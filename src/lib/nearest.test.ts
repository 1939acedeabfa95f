import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { editDistance, nearest } from "./nearest.ts";

describe("nearest() recognises slips, not other words", () => {
  const names = ["fabricGossip.stateDir", "fabricGossip.anchorPeers", "fabricGossip.channels"];
  const cases = [
    { name: "fabricgossip.statedirr", want: "fabricGossip.stateDir" },
    { name: "fabricgossip.chanels", want: "fabricGossip.channels" },
    { name: "fabricgossip.colourofsky", want: undefined },
    { name: "x".repeat(10_000), want: undefined },
  ];
  for (const { name, want } of cases) {
    test(name.slice(0, 30), () => assert.equal(nearest(name, names), want));
  }
});

test("editDistance() counts letters inserted, removed and replaced", () => {
  assert.deepEqual(
    [editDistance("", "abc"), editDistance("abc", "abc"), editDistance("kitten", "sitting")],
    [3, 0, 3],
  );
});
