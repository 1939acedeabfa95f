/** Whoever mistypes is told what is wrong in one sentence, with the remedy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { program } from "./program.ts";

const CASES: readonly (readonly [given: string, sentence: RegExp])[] = [
  ["members --json=3", /^fabric-gossip members --json takes no value: write it alone\.$/],
  ["members --o'x", /^fabric-gossip members has no option "--o'x": .*--help lists all\.$/],
  ["members --jsn=3", /^fabric-gossip members has no option "--jsn": did you mean --json\?$/],
  [
    "blocks ch --nothing\u001b",
    /^fabric-gossip blocks has no option .*: fabric-gossip blocks --help lists/,
  ],
  ["-x members", /^fabric-gossip has no option "-x": write the verb first; .* --help lists all\.$/],
  ["members a b", /^fabric-gossip members does not take "a": leave it out; .* --help lists/],
  ["why a b", /^fabric-gossip why does not take "b": leave it out/],
  ["crypto renew p", /^fabric-gossip crypto renew needs --org <folder>: the organisation's folder/],
  ["crypto renew p --org", /^fabric-gossip crypto renew --org needs <folder>: the organisation's/],
  ["why", /^fabric-gossip why needs <peer>: endpoint, PKI-ID prefix or name\.$/],
];
for (const [given, sentence] of CASES) {
  test(`${given.replace("\u001b", "ESC")}: one sentence`, async () => {
    await assert.rejects(program().parseAsync(given.split(" "), { from: "user" }), (error) => {
      assert.ok(error instanceof GossipError);
      assert.match(error.problems.join("\n"), sentence);
      return true;
    });
  });
}

test("a word of any length is told short", async () => {
  const given = ["members", `--${"x".repeat(100_000)}`];
  await assert.rejects(program().parseAsync(given, { from: "user" }), /^.{1,250}$/);
});
