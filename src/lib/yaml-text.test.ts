/** Which texts are parsed, and what is said of the others. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseYaml } from "./yaml-text.ts";

const MARKS_MAX = 100;

function outcomeOf(text: string): string {
  const document = parseYaml(text, MARKS_MAX, {});
  return typeof document === "string" ? document : "parsed";
}

describe("parseYaml() refuses", () => {
  const refused = [
    ["empty keys", ":\n".repeat(101), "has more than 100 colons, commas and the like"],
    ["items of a list", "- 1\n".repeat(101), "has more than 100 colons, commas and the like"],
    ["keys that are lists", "? ".repeat(101), "has more than 100 colons, commas and the like"],
    ["quotation marks", `a: ${"''".repeat(50)}`, "has more than 100 colons, commas and the like"],
    ["aliases", "*a ".repeat(101), "has more than 100 colons, commas and the like"],
    ["directives", "%a b\n".repeat(101), "has more than 100 colons, commas and the like"],
    ["brackets within each other", "[".repeat(33), "opens more than 32 brackets"],
    ["comments", "#\n".repeat(101), "has more than 100 lines"],
    ["lines of a value", `a: [\n${"x\n".repeat(101)}]`, "has more than 100 lines"],
    ["escapes", `a: "${"\\q".repeat(100)}"`, "has more than 100 colons, commas and the like"],
  ] as const;
  for (const [what, text, want] of refused) {
    test(`too many ${what}`, () => {
      assert.equal(outcomeOf(text), want);
    });
  }
});

describe("parseYaml() does not count", () => {
  const parsed = [
    ["what comments say", ` # a: b, c: d\n`.repeat(90)],
    ["the dashes of PEM", `a: |\n${" -----BEGIN CERTIFICATE-----\n".repeat(50)}`],
    ["ports and schemes", `a: ${"grpcs://peer0-org1:7051 ".repeat(101)}`],
    ["brackets that are closed", `- ${"[]\n- ".repeat(33)}`],
  ] as const;
  for (const [what, text] of parsed) {
    test(what, () => {
      assert.equal(outcomeOf(text), "parsed");
    });
  }
});
