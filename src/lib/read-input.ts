/** Files that a reader is given. */
import { fileFault, fileRemedy, readSmallFile } from "./small-file.ts";

/** No certificate, key or bundle that we need is longer. */
const FILE_BYTES_MAX = 1_048_576;

/** The bytes; undefined if they cannot be had, and then why is among the problems. `content`: what the file is for, if not PEM text. */
export async function readInput(
  what: string,
  file: string,
  problems: string[],
  bytesMax = FILE_BYTES_MAX,
  content?: string,
): Promise<Buffer | undefined> {
  if (file === "") {
    problems.push(`${what} is empty: name a file.`);
    return undefined;
  }
  const outcome = await readSmallFile(file, bytesMax);
  if (typeof outcome !== "string") return outcome;
  problems.push(
    `${what} ${file} ${fileFault(outcome)}: ${fileRemedy(outcome, content) ?? "check the path"}.`,
  );
  return undefined;
}
