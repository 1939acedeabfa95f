import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { ALL_KEYS } from "./keys.ts";
import { writeManual } from "./manual.ts";

describe("docs/configuration.md", () => {
  const page = readFile(new URL("../../docs/configuration.md", import.meta.url), "utf8");

  test("holds the tables as writeManual() writes them", async () => {
    assert.equal(
      (await page).slice((await page).indexOf("\n## The node\n") + 1),
      `${writeManual()}\n`,
    );
  });

  test("lists every key", async () => {
    const missing = ALL_KEYS.filter(({ name }) => !writeManual().includes(`\`${name}\``));
    assert.deepEqual(missing, []);
  });

  test("leaves no cell of meaning empty, and no default of a quantity", () => {
    for (const { name, doc, kind, byDefault } of ALL_KEYS) {
      assert.ok(doc.endsWith("."), name);
      assert.ok(byDefault !== "" || !/ to /.test(kind), name);
    }
  });
});
