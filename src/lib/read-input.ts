/** Files that a reader is given. */
import { readFile, stat } from "node:fs/promises";

/** No certificate, key or bundle that we need is longer. */
const FILE_BYTES_MAX = 1_048_576;

/** The content; undefined if it cannot be had, and then why is among the problems. */
export async function readInput(
  what: string,
  file: string,
  problems: string[],
  bytesMax = FILE_BYTES_MAX,
): Promise<Buffer | undefined> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error("it is no regular file");
    if (found.size > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes`);
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code || (error instanceof Error ? error.message : String(error));
    const isDenied = code === "EACCES" || code === "EPERM";
    const remedy = isDenied ? "let the user that runs this read it" : "check the path";
    problems.push(`${what} ${file} cannot be read (${why}): ${remedy}.`);
    return undefined;
  }
}
