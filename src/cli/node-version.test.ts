import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { nodeProblem } from "./node-version.ts";

test("nodeProblem() asks for what package.json asks for", () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const [, oldest = ""] = /"node": ">=([\d.]+)"/.exec(text) ?? [];
  const [major = 0, minor = 0] = oldest.split(".").map(Number);
  assert.equal(nodeProblem(`${major}.${minor}.0`), undefined);
  assert.equal(nodeProblem(`${major + 1}.0.0`), undefined);
  assert.equal(nodeProblem(process.versions.node), undefined);
  for (const old of [`${major}.${minor - 1}.9`, `${major - 2}.99.0`]) {
    assert.match(
      nodeProblem(old) ?? "",
      new RegExp(`needs Node\\.js ${oldest} .* this is ${old}: install`),
    );
  }
});
