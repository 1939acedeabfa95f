/** The program that tests start as a process. */
import { globSync, statSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/**
 * The compiled program, which starts in half the time, if every source was compiled since its last
 * change; otherwise the sources.
 */
export const MAIN = join(ROOT, isCompiled() ? "dist/src/cli/main.js" : "src/cli/main.ts");

function isCompiled(): boolean {
  const sources = globSync("{src,simulation}/**/*.{ts,js,css,html}", { cwd: ROOT });
  return sources
    .filter((path) => !/\.test\.ts$|testing[^/]*\.ts$|\.d\.ts$/.test(path))
    .every((path) => changedMs(path) < changedMs(join("dist", path.replace(/\.ts$/, ".js"))));
}

/** Zero: there is no such file. */
function changedMs(path: string): number {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
