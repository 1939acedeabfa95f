import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it. Step by step, because Node's own recursive form never ends where
 * a folder is there but nothing can be made in it, as below /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (isExisting(error)) return assertFolder(path);
    const above = dirname(path);
    if (codeOf(error) !== "ENOENT" || above === path) throw error;
    await makeFolder(above);
    await mkdir(path).catch((again: unknown) => {
      if (!isExisting(again)) throw again; // Somebody else may have been faster.
    });
  }
}

/** What is there may be a file, or a link that leads nowhere. */
async function assertFolder(path: string): Promise<void> {
  if ((await stat(path)).isDirectory()) return;
  throw Object.assign(new Error(`${path} is a file`), { code: "ENOTDIR", syscall: "mkdir" });
}

function isExisting(error: unknown): boolean {
  return codeOf(error) === "EEXIST";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
