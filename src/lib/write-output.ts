/** Files and folders that a flag names for what is written. */
import { access, constants, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { GossipError } from "./errors.ts";
import { codeOf, faultAt, fileReason } from "./small-file.ts";

/** Does what writes to a path. Throws `config-invalid` with one sentence if the system refuses it. */
export async function writingTo<T>(flag: string, path: string, work: () => Promise<T>): Promise<T> {
  // Node.js takes it for the current folder.
  if (path === "")
    throw new GossipError("config-invalid", `${flag} is empty: name a place to write to.`);
  try {
    return await work();
  } catch (error) {
    // Else it is a bug of ours, or a sentence already.
    if (!(error instanceof Error && "syscall" in error)) throw error;
    const fault = await faultAt(path, error);
    const why = fault === "ENOENT" ? await whatIsMissing(path) : fileReason(fault);
    const problem = `${flag} ${path} cannot be written (${why}): choose another.`;
    throw new GossipError("config-invalid", problem, { cause: error });
  }
}

/** The same before what is to be written is at hand: rejects if a file cannot be written there. It makes none. */
export function checkOutput(flag: string, path: string): Promise<void> {
  return writingTo(flag, path, async () => {
    const found = await stat(path).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
    if (found === undefined) return access(dirname(path), constants.W_OK);
    // Opening a pipe could wait for its reader.
    if (found.isFile() || found.isDirectory()) await (await open(path, "r+")).close();
  });
}

async function whatIsMissing(path: string): Promise<string> {
  const isFolder = await stat(dirname(path)).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? "nothing can be made in its folder" : "its folder does not exist";
}
