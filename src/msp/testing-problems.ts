/** What a folder is refused for, in tests of MSP folders. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { loadLocalMsp } from "./load-msp.ts";
import { type Files, makeFolder } from "./testing.ts";

const loadOwn = (folder: string) =>
  loadLocalMsp(folder, "OrgMSP", { wallMs: Date.UTC(2026, 0, 1) });

/** The problems of a folder, without its own path. */
export async function problemsOf(
  folder: string,
  load: (folder: string) => Promise<unknown> = loadOwn,
) {
  try {
    await load(folder);
  } catch (error) {
    assert(error instanceof GossipError);
    assert.equal(error.code, "msp-invalid");
    return error.problems.map((problem) => problem.replaceAll(`${folder}/`, ""));
  }
  return [];
}

/** The name of a test, a folder, and what is said of it: one pattern for each problem. */
export type RefusedFolder = readonly [name: string, files: Files, ...problems: RegExp[]];

/** One test for each: exactly these problems are found. */
export function testRefused(cases: readonly RefusedFolder[]): void {
  for (const [name, files, ...wanted] of cases) {
    test(name, async (t) => {
      const problems = await problemsOf(await makeFolder(t, files));
      assert.equal(problems.length, wanted.length, problems.join("\n"));
      for (const pattern of wanted) {
        assert(
          problems.some((problem) => pattern.test(problem)),
          `${pattern}\n${problems.join("\n")}`,
        );
      }
    });
  }
}
