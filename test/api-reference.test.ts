import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { API_DOCUMENT, HOMES, writeReference } from "./api-reference.ts";
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

test("what docs/api.md only names is explained on the page that it links to", () => {
  const reference = readFileSync(API_DOCUMENT, "utf8");
  const page = (name: string): string => {
    const url = new URL(`../docs/${name}`, import.meta.url);
    return readFileSync(url, "utf8");
  };
  for (const [name, home] of HOMES) {
    const [, file = ""] = /\(([a-z]+\.md)/.exec(home) ?? [];
    const section = new RegExp(`^## ${name}\n(.*?)(?=^## )`, "ms").exec(reference)?.[1] ?? "";
    assert.ok(section.includes(home), name);
    const codes = [...section.matchAll(/`"([a-z-]+)"`/g)].map(([, code]) => code);
    assert.deepEqual(
      codes.filter((code) => !page(file).includes(`\`${code}\``)),
      [],
      name,
    );
  }
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
