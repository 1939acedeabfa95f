/**
 * The tests of the core, a few dozen files, in four processes instead of one each: they are pure, and
 * a process takes longer to start than most of them to run. A failure names its file and line.
 */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const CORE = join(import.meta.dirname, "../../src/core");
/** The folders that have a process of their own. */
const FOLDERS = ["handlers", "rules", "tables"] as const;

/** Runs the test files of one folder of `src/core`; default: all that are in none of {@link FOLDERS}. */
export async function runTogether(folder?: (typeof FOLDERS)[number]): Promise<void> {
  const files = globSync("**/*.test.ts", { cwd: CORE }).filter((file) => {
    return folder === FOLDERS.find((one) => file.startsWith(one));
  });
  assert.ok(files.length > 0, "there are tests of this place");
  for (const file of files.toSorted()) await import(pathToFileURL(join(CORE, file)).href);
}
