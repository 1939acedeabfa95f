/**
 * The tests of the core, a few dozen files, in one process instead of one each: they are pure, and a
 * process takes longer to start than most of them to run. A failure names its file and line.
 */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const CORE = join(import.meta.dirname, "../../src/core");

const files = globSync("**/*.test.ts", { cwd: CORE });
assert.ok(files.length > 0, "there are tests of the core");
for (const file of files.toSorted()) await import(pathToFileURL(join(CORE, file)).href);
