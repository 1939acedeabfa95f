import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { API_DOCUMENT, writeReference } from "./api-reference.ts";
import { splitStatements } from "./declarations.ts";

describe("docs/api.md", () => {
  const reference = writeReference();

  test("is what the docstrings say; if not: node test/api-reference.ts", () => {
    const written = readFileSync(API_DOCUMENT, "utf8").split("\n");
    const said = reference.split("\n");
    const first = said.findIndex((line, i) => line !== written[i]);
    assert.deepEqual(first < 0 ? [] : [written[first], said[first]], []);
    assert.equal(written.length, said.length);
  });

  test("has a section for everything that the package exports", () => {
    const index = readFileSync(new URL("../src/index.ts", import.meta.url), "utf8");
    const names = [...index.matchAll(/^export .*?\{([^}]*)\}/gm)].flatMap(([, list = ""]) =>
      list
        .split(",")
        .map((name) => name.replace("type ", "").trim())
        .filter((name) => name !== ""),
    );
    assert.ok(names.length >= 12);
    const missing = names.filter(
      (name) => !new RegExp(`^## ${name}(\\(\\))?$`, "m").test(reference),
    );
    assert.deepEqual(missing, []);
  });
});

test("splitStatements() keeps docstrings with what they stand before", () => {
  const text = `
/** One. */
import { a } from "./a;b.ts";
/**
 * Two, see {@link a}.
 */
export interface Two {
    /** Inner; not a statement. */
    readonly x: string;
}
export type Three = {
    readonly y: "}";
} | Two;
`;
  assert.deepEqual(
    splitStatements(text).map(({ doc, code }) => [doc, code.split(" ", 3).join(" ")]),
    [
      ["One.", "import { a"],
      ["Two, see `a`.", "export interface Two"],
      ["", "export type Three"],
    ],
  );
});
