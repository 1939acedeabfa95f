/** What is said of a text that the YAML parser gives up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { yamlFault } from "./yaml-fault.ts";

function faultOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    return yamlFault(error);
  }
  return "none";
}

test("is one line without the excerpt", () => {
  assert.equal(
    faultOf("a: [1\nb: 2"),
    "Flow sequence in block collection must be sufficiently indented and end with a ] at line 2, column 1",
  );
});

test("is no matter of our stack where lists have no end", () => {
  assert.equal(faultOf("[".repeat(50_000)), "lists or maps are nested too deeply");
});
