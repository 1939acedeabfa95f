import assert from "node:assert/strict";
import { test } from "node:test";
import { hideAtFirst } from "./hide-at-first.ts";

test("a node hides from other organisations until all its channels are configured", () => {
  const core = { externalEndpoint: "h:1" };
  const cases: readonly (readonly [readonly string[], readonly string[], string])[] = [
    [[], [], "h:1"],
    [["a"], ["a"], "h:1"],
    [["a", "b"], ["a"], ""],
    [["a"], [], ""],
  ];
  for (const [names, trusted, expected] of cases) {
    const followed = names.map((name) => ({ name }));
    const channels = { followed, trusted: new Set(trusted) };
    assert.equal(hideAtFirst({ core, channels }).externalEndpoint, expected, names.join());
  }
  assert.equal(hideAtFirst({ core }).externalEndpoint, "h:1");
});
