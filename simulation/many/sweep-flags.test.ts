import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { GossipError } from "../../src/lib/errors.ts";
import { readRecords } from "./record.ts";
import { parseSweepFlags } from "./sweep-flags.ts";

const isWrongUse = (text: RegExp) => (error: unknown) =>
  error instanceof GossipError && text.test(error.message);

describe("the flags of a sweep", () => {
  test("have defaults", () => {
    const { minutes, from, totals, record } = parseSweepFlags([]);
    assert.deepEqual(
      [minutes, from, totals, record],
      [10, undefined, false, "docs/simulation-record.jsonl"],
    );
  });

  test("are read as they are given", () => {
    const { minutes, from, cores } = parseSweepFlags("--minutes 0.5 --from 7 --cores 2".split(" "));
    assert.deepEqual([minutes, from, cores], [0.5, 7, 2]);
  });

  const wrong = [
    ["--minutes abc", /^--minutes abc: give a number above 0/],
    ["--minutes 0", /above 0/],
    ["--minutes=-1", /--minutes -1: give/],
    ["--minutes -1", /argument is ambiguous; --help lists the flags$/],
    ["--cores 1.5", /^--cores 1.5: give a whole number from 1 to 256$/],
    ["--from abc", /^--from abc: give a whole number from 0/],
    ["--from 1.5", /whole number/],
    ["--foo", /^Unknown option '--foo'; --help lists the flags$/],
    ["more", /^Unexpected argument 'more'/],
    ["--record /nowhere/record.jsonl", /cannot be written/],
    ["--minutes x --cores y", /--minutes x: .*\n--cores y: /],
  ] as const;
  for (const [text, sentence] of wrong) {
    test(`are refused with a sentence: ${text}`, () => {
      assert.throws(() => parseSweepFlags(text.split(" ")), isWrongUse(sentence));
    });
  }
});

test("a file that is no record is refused with a sentence, and one that is missing is empty", () => {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  try {
    const file = join(folder, "record.jsonl");
    assert.deepEqual(readRecords(file), []);
    for (const text of ["garbage", '{"seeds":[null,null]}', "{}", "null"]) {
      writeFileSync(file, `${text}\n`);
      assert.throws(() => readRecords(file), isWrongUse(/line 1 is no record of a sweep/), text);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
