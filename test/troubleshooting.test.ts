/** docs/troubleshooting.md against the list of causes: every remedy is on the page, and can be followed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ALL_KEYS } from "../src/config/keys.ts";
import { CAUSES } from "../src/observe/diagnosis/causes.ts";
import { TLS_FAULTS } from "../src/transport/tls-fault.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/troubleshooting.md"), "utf8");
const causes = [...CAUSES].flatMap(([code, { remedy }]) => (remedy ? [{ code, remedy }] : []));

/** Their sentence depends on what is known. */
const VARYING: ReadonlySet<string> = new Set(["name-unresolved", "clock-was-ahead"]);

describe("the causes of failures", () => {
  test("every remedy is on the page", () => {
    assert.deepEqual(
      causes.filter(({ remedy }) => !page.includes(remedy)),
      [],
    );
  });

  test("the page's last table says of each code what is said everywhere", () => {
    const table = page.slice(page.indexOf("## Causes by code"));
    for (const [, code = "", said = ""] of table.matchAll(
      /^\| `([a-z-]+)` \| (.*?) ?\| .* \|$/gm,
    )) {
      const say = CAUSES.get(code)?.say;
      if (say && !VARYING.has(code)) assert.ok(said.includes(say("...", "...")), code);
    }
  });

  test("every code of the page's last table is one of ours", () => {
    const table = page.slice(page.indexOf("## Causes by code"));
    const codes = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code = ""]) => code);
    assert.ok(codes.length > 30);
    assert.deepEqual(
      codes.filter((code) => !CAUSES.has(code)),
      [],
    );
  });

  test("every way in which TLS fails has a sentence and a remedy", () => {
    for (const code of TLS_FAULTS) {
      const cause = CAUSES.get(code);
      assert.ok(cause?.say && cause.remedy, code);
    }
  });

  test("every key that a remedy names is a key of the configuration", () => {
    const names = ALL_KEYS.map(({ name }) => name.toLowerCase());
    const isKnown = (name: string): boolean => names.some((known) => known === name.toLowerCase());
    for (const { code, remedy } of causes) {
      const named = remedy.match(/\b(?:peer|fabricGossip|operations)\.\w+(?:\.\w+)*/g) ?? [];
      assert.deepEqual(
        named.filter((name) => !isKnown(name)),
        [],
        code,
      );
    }
  });
});
