import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { KINDS } from "../../simulation/wire-kind.ts";
import { collectFiles } from "./files.ts";
import { ALL_HANDLERS, handlerOf } from "./handlers.ts";

const ROOT = join(import.meta.dirname, "../..");
const BYTES_MAX = 500_000;
/** The others are sources that the page links to. */
const isLoaded = (path: string): boolean => /^src\/play\/|^index\.html$|\.css$/.test(path);

describe("the files of the playground", () => {
  test("need neither Node, nor a package, nor anybody else's server", async () => {
    const files = await collectFiles();
    const loaded = [...files].filter(([path]) => isLoaded(path));
    assert.equal(loaded.length, 7, "one file each for page and worker, four styles, the page");
    for (const [path, { text }] of loaded) {
      const foreign = [...text.matchAll(/^(?:import|export)\s[^;"]*\bfrom\s*"([^"]+)"/gm)]
        .map(([, target = ""]) => target)
        .concat([...text.matchAll(/\bimport\(/g)].map(() => "import()"));
      assert.deepEqual(foreign, [], path);
      assert.doesNotMatch(text, /\bBuffer\.|\bprocess\.(env|argv|on)\b/, path);
      assert.doesNotMatch(text, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/, path);
    }
  });

  test(`take less than ${BYTES_MAX} bytes to load, and the real core is among them`, async () => {
    const files = await collectFiles();
    const loaded = [...files].filter(([path]) => isLoaded(path));
    const bytes = loaded.reduce((sum, [, { text }]) => sum + Buffer.byteLength(text), 0);
    assert.ok(bytes < BYTES_MAX, `${bytes} bytes in ${files.size} files`);
    const worker = files.get("src/play/worker.js")?.text ?? "";
    for (const name of [
      "function step(core, input, now) {",
      "function applyInput",
      "class Peer ",
    ]) {
      assert.ok(worker.includes(name), name);
    }
  });
});

test("whatever handles a message is a marked place in a page of its own", async () => {
  const files = await collectFiles();
  for (const { name, file } of ALL_HANDLERS) {
    const text = files.get(file.replace(/\.ts$/, ".html"))?.text ?? "";
    assert.match(text, new RegExp(`<mark id="${name}">[^<]*function ${name}\\(`), file);
    assert.doesNotMatch(text, /<(?:script|style)/, file);
  }
});

describe("the handler that is named for a message", () => {
  const core = readFileSync(join(ROOT, "src/core/core.ts"), "utf8");
  const cases = core.matchAll(/case "([a-z-]+)":\n\s+return (handle\w+)\(core, /g);
  const handled = new Map([...cases].map(([, type = "", name = ""]) => [type, name]));

  test("is the one that core.ts calls", () => {
    const kinds = KINDS.filter((kind) => kind !== "handshake" && kind !== "other");
    assert.deepEqual(
      kinds.map((kind) => [kind, handlerOf(kind).name]),
      kinds.map((kind) => [kind, handled.get(kind)]),
    );
  });

  for (const { name, file } of ALL_HANDLERS) {
    test(`${name} is in ${file}`, () => {
      assert.ok(existsSync(join(ROOT, file)));
      assert.match(readFileSync(join(ROOT, file), "utf8"), new RegExp(`function ${name}\\(`));
    });
  }
});
