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

  /** One row is for all codes with one remedy. */
  const rows = [
    ...page
      .slice(page.indexOf("## Causes by code"))
      .matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \| (.*?) ?\| (.*) \|$/gm),
  ].flatMap(([, codes = "", said = "", remedy = ""]) =>
    [...codes.matchAll(/`([a-z-]+)`/g)].map(([, code = ""]) => ({ code, said, remedy })),
  );

  test("the page's last table says of each code what is said everywhere", () => {
    for (const { code, said, remedy } of rows) {
      const cause = CAUSES.get(code);
      if (cause?.say && !VARYING.has(code)) assert.ok(said.includes(cause.say("...", "...")), code);
      if (cause?.remedy) assert.equal(remedy, cause.remedy, code);
    }
  });

  test("every code of the page's last table is one of ours, and every cause is there", () => {
    const codes = rows.map(({ code }) => code);
    assert.deepEqual(
      codes.filter((code) => !CAUSES.has(code)),
      [],
    );
    assert.deepEqual(
      [...CAUSES.keys()].filter((code) => !codes.includes(code)),
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
