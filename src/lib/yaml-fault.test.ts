/** What is said of a text that the YAML parser gives up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDocument } from "yaml";
import { secondDocumentHint, yamlFault } from "./yaml-fault.ts";
import { parseYaml } from "./yaml-text.ts";

function faultOf(text: string): string {
  try {
    const document = parseYaml(text, 20_000, {});
    if (typeof document === "string") return document;
    return yamlFault(document.errors[0], text);
  } catch (error) {
    return yamlFault(error, text);
  }
}

test("is one line without the excerpt", () => {
  assert.equal(
    faultOf("a: [1\nb: 2"),
    "Flow sequence in block collection must be sufficiently indented and end with a ] at line 2, column 1",
  );
});

test("does not tell a user what a program should call", () => {
  assert.equal(faultOf("a: 1\n---\nb: 2\n"), "it has a second document");
});

test("is no matter of our stack where lists have no end", () => {
  assert.equal(faultOf("- ".repeat(19_000)), "lists or maps are nested too deeply");
});

test("a second document that says something is told of", () => {
  const hintOf = (text: string) => secondDocumentHint("f.yaml", text, parseDocument(text).errors);
  for (const text of ["a: 1\n---\nb: 2\n", "a: 1\n---\n# c\n---\n \tc: 3\n"]) {
    assert.match(hintOf(text) ?? "", /^f\.yaml has a second YAML document, from line 2 on/);
  }
  for (const text of ["a: 1\n", "---\na: 1\n...\n", "a: 1\n---\n\n# c\n---\n...\n", "a: 1\n---"]) {
    assert.equal(hintOf(text), undefined, text);
  }
});
