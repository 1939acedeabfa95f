/** What the documents say about files: links lead somewhere, and what a link names is there. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, test } from "node:test";
import { GOSSIP_MESSAGE } from "../src/wire/messages.ts";

const ROOT = join(import.meta.dirname, "..");

interface Link {
  readonly text: string;
  /** Absolute, without the anchor. */
  readonly file: string;
  readonly anchor: string | undefined;
}

const documents = globSync(["*.md", "docs/**/*.md", "deploy/**/*.md"], { cwd: ROOT }).map(
  (path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }),
);

/** The links to files of ours, those in code blocks left out. */
function linksOf({ path, text }: { readonly path: string; readonly text: string }): Link[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)]
    .filter(([, , target = ""]) => !/^[a-z]+:/.test(target))
    .map(([, label = "", target = ""]) => {
      const [file = "", anchor] = target.split("#");
      const here = join(ROOT, path);
      return { text: label, file: file === "" ? here : resolve(dirname(here), file), anchor };
    });
}

/** As GitHub names the headings of a page. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** What a link claims to be in its file: `names` in code, and "titles" of tests. */
function namesIn({ text }: Link): readonly string[] {
  const title = /^"(.+)"$/.exec(text)?.[1];
  if (title !== undefined) return [title];
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

function isNamedIn(name: string, source: string): boolean {
  if (/\W/.test(name.replace("#", ""))) return source.includes(name);
  return new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(source);
}

describe("the documents", () => {
  for (const document of documents) {
    test(`${document.path}: every link leads to a file and a heading that exist`, () => {
      const wrong = linksOf(document).filter(
        ({ file, anchor }) =>
          !existsSync(file) ||
          (anchor !== undefined &&
            file.endsWith(".md") &&
            !anchorsOf(readFileSync(file, "utf8")).includes(anchor)),
      );
      assert.deepEqual(
        wrong.map(({ file, anchor }) => `${relative(ROOT, file)}#${anchor ?? ""}`),
        [],
      );
    });

    test(`${document.path}: what is named in a link to a source file is in that file`, () => {
      const missing = linksOf(document)
        .filter(({ file }) => file.endsWith(".ts") && existsSync(file))
        .flatMap((link) => {
          const source = readFileSync(link.file, "utf8");
          return namesIn(link)
            .filter((name) => !isNamedIn(name, source))
            .map((name) => `${name} in ${relative(ROOT, link.file)}`);
        });
      assert.deepEqual(missing, []);
    });

    test(`${document.path}: files and folders of the repository that it names exist`, () => {
      const prose = document.text.replaceAll(/^```.*?^```$/gms, "");
      const named = [...prose.matchAll(/`((?:src|test|docs|examples|bench|deploy)\/[^`\s]*)`/g)];
      const missing = named
        .map(([, path = ""]) => path)
        .filter((path) => !/[A-Z]{4,}/.test(path)) // A word that stands for many.
        .filter((path) => globSync(path, { cwd: ROOT }).length === 0);
      assert.deepEqual(missing, []);
    });
  }
});

test("every source file that ARCHITECTURE.md names, with or without its folder, exists", () => {
  const sources = globSync("{src,simulation,bench,test}/**/*.{ts,js,css}", { cwd: ROOT });
  const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const named = [...text.matchAll(/`([\w/-]+\.(?:ts|js|css))`/g)].map(([, path = ""]) => path);
  assert.ok(named.length > 80, `${named.length} files`);
  assert.deepEqual(
    named.filter((path) => !sources.some((one) => `/${one}`.endsWith(`/${path}`))),
    [],
  );
});

describe("README.zh.md", () => {
  const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
  const [english, chinese] = [read("README.md"), read("README.zh.md")];

  test("leads to every file that README.md leads to", () => {
    const [here, there] = [
      linksOf({ path: "README.zh.md", text: chinese }).map(({ file }) => file),
      linksOf({ path: "README.md", text: english }).map(({ file }) => file),
    ];
    const own = join(ROOT, "README.zh.md");
    assert.deepEqual(
      there.filter((file) => file !== own && !here.includes(file)),
      [],
    );
  });

  test("has the same commands and code, whatever is said beside them", () => {
    const codeOf = (text: string): string[] =>
      [...text.matchAll(/^```.*?^```$/gms)].map(([block]) => block.replaceAll(/ +# .*$/gm, ""));
    assert.deepEqual(codeOf(chinese), codeOf(english));
  });
});

describe("docs/walkthrough.md", () => {
  const { text } = documents.find(({ path }) => path === "docs/walkthrough.md") ?? { text: "" };
  const rows = text
    .slice(text.indexOf("## Fabric's functions and ours"))
    .split("\n")
    .filter((line) => /^\| `/.test(line))
    .map((line) => line.split(" | "));

  test("has ours and a test for every function of Fabric in its table, or says that there is none", () => {
    assert.ok(rows.length >= 60, `${rows.length} rows`);
    const wrong = rows.filter(
      ([, ours = "", proof = ""]) =>
        !ours.startsWith("none: ") &&
        !(/\]\(\.\.\/src\/.+\.ts\)/.test(ours) && /\.test\.ts\) \|$/.test(proof)),
    );
    assert.deepEqual(wrong, []);
  });

  test("gives the messages and fields their numbers on the wire", () => {
    const cases = new Map(GOSSIP_MESSAGE.slots.map((slot) => [slot.name, slot.field]));
    const told = [...text.matchAll(/\| `([a-z_]+)` \((\d+)\) \| (.+?) \|/g)];
    assert.equal(told.length, 7);
    for (const [, name = "", number, fields = ""] of told) {
      const field = cases.get(name);
      assert.equal(field?.number, Number(number), name);
      if (field?.kind !== "message") throw new Error(`${name} is no message`);
      const numbers = field.schema.slots.map(({ key, field: { number } }) => `${number} ${key}`);
      const stated = [...fields.matchAll(/(\d) `(\w+)`/g)].map(([, n, key]) => `${n} ${key}`);
      assert.deepEqual(stated, numbers, name);
    }
  });
});
