/** The program that tests start as a process. */
import { globSync, statSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Written last by `npm run build`. */
const COMPILED = "dist/src/cli/main.js";

/**
 * The compiled program, which starts in half the time, if it was built since the last change of a
 * source; otherwise the sources.
 */
export const MAIN = join(ROOT, isCompiled() ? COMPILED : "src/cli/main.ts");

function isCompiled(): boolean {
  const sources = globSync("{src,simulation}/**/*.{ts,js,css,html}", { cwd: ROOT });
  const compiledMs = changedMs(COMPILED);
  return sources
    .filter((path) => !/\.test\.ts$|testing[^/]*\.ts$|\.d\.ts$/.test(path))
    .every((path) => changedMs(path) < compiledMs);
}

/** Zero: there is no such file. */
function changedMs(path: string): number {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
