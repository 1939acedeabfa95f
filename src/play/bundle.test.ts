import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bundle } from "./bundle.ts";

/** What the last of these modules puts into `out`, after they were joined. */
async function run(modules: Record<string, string>): Promise<unknown> {
  const entry = Object.keys(modules).at(-1) ?? "";
  const text = await bundle(entry, async (path) => modules[path] ?? assert.fail(path));
  assert.doesNotMatch(text, /^\s*(?:import|export)\b/m);
  return new Function("out", `"use strict";\n${text}\nreturn out;`)([]);
}

describe("a bundle", () => {
  test("keeps equal names of modules apart, and gives imports their own names", async () => {
    const out = await run({
      "a/one.js": 'const name = "one";\nexport function tell() {\nreturn name;\n}\n',
      "a/two.js": 'const name = "two";\nexport const tell = () => name;\n',
      "b/main.js":
        'import { tell } from "../a/one.js";\nimport {\n  tell as other,\n} from "../a/two.js";\nout.push(tell(), other());\n',
    });
    assert.deepEqual(out, ["one", "two"]);
  });

  test("runs a module once, after what it imports, whoever imports it", async () => {
    const out = await run({
      "base.js": 'out.push("base");\nexport class Base {}\n',
      "left.js":
        'import { Base } from "./base.js";\nexport class Left extends Base {}\nout.push("left");\n',
      "main.js":
        'import { Left } from "./left.js";\nimport { Base } from "./base.js";\nout.push(new Left() instanceof Base);\n',
    });
    assert.deepEqual(out, ["base", "left", true]);
  });

  test("passes on what a module exports of another one, and what it exports later", async () => {
    const out = await run({
      "a.js":
        "export const one = 1;\nexport async function two() {}\nexport function* three() {}\n",
      "b.js":
        'export { one, two as deux } from "./a.js";\nconst own = 4;\nexport { own as four };\nexport {};\n',
      "main.js":
        'import { one, deux, four } from "./b.js";\nimport { three } from "./a.js";\nout.push(one, deux.name, four, three.name);\n',
    });
    assert.deepEqual(out, [1, "two", 4, "three"]);
  });

  test("gives a whole module a name, and refuses what it does not know", async () => {
    const a = "export const one = 1;\nexport const two = 2;\n";
    const main = 'import * as all from "./a.js";\nout.push(all.one, all.two);\n';
    assert.deepEqual(await run({ "a.js": a, "main.js": main }), [1, 2]);
    const unknown = 'import all from "./a.js";\n';
    await assert.rejects(
      run({ "a.js": a, "main.js": unknown }),
      /a bundle cannot hold: import all/,
    );
  });

  test("leaves alone what only looks like an import", async () => {
    const out = await run({
      "main.js": "const text = \"import { a } from './b.js'\";\nout.push(text.length);\n",
    });
    assert.deepEqual(out, [26]);
  });
});
