/** Reads files that the user named, up to a size limit. */
import { readFile, stat } from "node:fs/promises";

/** Result for what is not a regular file: a folder, a pipe, a device. */
export const NO_FILE = "no file";

/** The content of a regular file, or in a few words why there is none. */
export async function readSmallFile(path: string, bytesMax: number): Promise<Buffer | string> {
  try {
    // Asked first, because opening a pipe would wait for its writer.
    const status = await stat(path);
    if (!status.isFile()) return NO_FILE;
    if (status.size > bytesMax) return `${TOO_LARGE} ${bytesMax} bytes`;
    return await readFile(path);
  } catch (error) {
    return codeOf(error);
  }
}

const TOO_LARGE = "larger than";

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** Remedy for a result of {@link readSmallFile}; undefined: none in particular. */
export function fileRemedy(outcome: string): string | undefined {
  if (outcome.startsWith(TOO_LARGE)) return "leave only the PEM text in it";
  switch (outcome) {
    case "EACCES":
    case "EPERM":
      return "let the user that runs this read it, for example with chown or chmod 640";
    case "ENOENT":
    case "ELOOP":
      return "correct the symbolic link, which leads nowhere";
    default:
      return undefined;
  }
}
