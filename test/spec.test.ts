/** The specification in docs/spec, and who cites it: every citation leads to a section that exists. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The sections of each part: "B 1.5" and the like. */
const sections = new Set(
  globSync("docs/spec/?-*.md", { cwd: ROOT }).flatMap((path) => {
    const part = path.slice("docs/spec/".length, "docs/spec/".length + 1);
    const numbers = [...read(path).matchAll(/^#+ (\d+(?:\.\d+)*)/gm)];
    return numbers.map(([, number]) => `${part} ${number}`);
  }),
);

/** What follows the word "spec": one section, or several behind commas, "and", "to". */
const CITATION = /\bspec ([A-Z]\d? \d[\d.]*(?:(?:,| and| to) (?:[A-Z] )?\d[\d.]*)*)/g;

interface Citation {
  readonly where: string;
  readonly section: string;
}

function citationsIn(path: string): Citation[] {
  return [...read(path).matchAll(CITATION)].flatMap(([, list = ""]) => {
    let part = "";
    return list.split(/,| and| to/).map((item) => {
      const [, letter, number = ""] = /^\s*(?:([A-Z]\d?) )?(\d[\d.]*?)\.?$/.exec(item) ?? [];
      part = letter ?? part;
      return { where: path, section: `${part} ${number}` };
    });
  });
}

const SOURCES = [
  "*.md",
  "docs/*.md",
  "docs/decisions/*.md",
  "{src,test,bench,simulation}/**/*.{ts,js}",
];
const citations = globSync(SOURCES, { cwd: ROOT })
  .filter((path) => path !== join("test", "spec.test.ts"))
  .flatMap(citationsIn);

describe("the specification", () => {
  test("the code cites it", () => {
    assert.ok(citations.length > 50, `only ${citations.length} citations were found`);
  });

  test("every citation leads to a section that exists", () => {
    const wrong = citations.filter(({ section }) => !sections.has(section));
    assert.deepEqual(wrong, []);
  });
});
