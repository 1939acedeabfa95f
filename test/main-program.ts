/** The program that tests start as a process. */
import { globSync, statSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/**
 * The compiled program, which starts in half the time, if it was compiled after the last change of a
 * source; otherwise the sources.
 */
export const MAIN = join(ROOT, isCompiled() ? "dist/src/cli/main.js" : "src/cli/main.ts");

function isCompiled(): boolean {
  const build = statSync(join(ROOT, "dist/.tsbuildinfo"), { throwIfNoEntry: false });
  if (build === undefined) return false;
  const sources = globSync("{src,simulation}/**/*.{ts,js,css,html}", { cwd: ROOT });
  return sources.every((path) => statSync(join(ROOT, path)).mtimeMs < build.mtimeMs);
}
