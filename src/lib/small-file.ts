/** Reads files that the user named, up to a size limit. */
import { constants, createReadStream, readFileSync } from "node:fs";
import { lstat, stat } from "node:fs/promises";

/** Result for what is neither a regular file nor a folder: a pipe, a device. */
export const NO_FILE = "no regular file";
/** Result for a link with nothing at its end: for whoever lists the folder, it is there. */
const DEAD_LINK = "a symbolic link that leads nowhere";

/** Should a pipe have taken the place of a file, its writer is not waited for. */
const AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The content of a regular file, or in a few words why there is none. */
export async function readSmallFile(path: string, bytesMax: number): Promise<Buffer | string> {
  try {
    // Asked first, because opening a pipe would wait for its writer.
    const status = await stat(path);
    if (status.isDirectory()) return "EISDIR";
    if (!status.isFile()) return NO_FILE;
    if (status.size > bytesMax) return `${TOO_LARGE} ${bytesMax} bytes`;
    // Its file system answers, so that this takes microseconds. Other threads would take ten times as long.
    return readFileSync(path, { flag: AT_ONCE });
  } catch (error) {
    return faultAt(path, error);
  }
}

/** The same of a pipe, too, until its writer has ended: for programs that a user waits for. */
export async function readSmallFileOrPipe(
  path: string,
  bytesMax: number,
): Promise<Buffer | string> {
  const outcome = await readSmallFile(path, bytesMax);
  if (outcome !== NO_FILE) return outcome;
  try {
    if (!(await stat(path)).isFIFO()) return NO_FILE;
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(path, { end: bytesMax })) chunks.push(chunk);
    const content = Buffer.concat(chunks);
    return content.length > bytesMax ? `${TOO_LARGE} ${bytesMax} bytes` : content;
  } catch (error) {
    return faultAt(path, error);
  }
}

/** What an error says about this path, for {@link fileFault} and the like: mostly a code of Node. */
export async function faultAt(path: string, error: unknown): Promise<string> {
  const code = codeOf(error);
  if (code !== "ENOENT") return code;
  return lstat(path).then(
    () => DEAD_LINK,
    () => code,
  );
}

const TOO_LARGE = "larger than";

export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? String(error.code) : error.message;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "it does not exist"],
  ["ENOTDIR", "a part of its path is a file"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "the user that runs this has no permission"],
  ["EPERM", "the user that runs this has no permission"],
  ["ELOOP", "its symbolic link leads back to itself"],
  [DEAD_LINK, "its symbolic link leads nowhere"],
  ["EROFS", "its file system is read-only"],
  ["ENOTEMPTY", "a folder of that name is there already"],
  ["ENOSPC", "the disk is full"],
  ["ENAMETOOLONG", "its name is too long"],
  ["EMFILE", "this process has too many files open"],
  ["ENFILE", "this machine has too many files open"],
  ["EIO", "the disk failed"],
]);

/** Why a file or folder could not be used, in words without a full stop. */
export function fileReason(error: unknown): string {
  const code = codeOf(error);
  if (REASONS.has(code)) return REASONS.get(code) ?? code;
  return error instanceof Error ? error.message : code;
}

/** What is wrong with a file, after {@link readSmallFile} or {@link faultAt}, as words that follow its name. */
export function fileFault(outcome: string): string {
  if (outcome === NO_FILE || outcome === DEAD_LINK || outcome.startsWith(TOO_LARGE))
    return `is ${outcome}`;
  if (outcome === "ENOENT") return "does not exist";
  if (outcome === "EISDIR") return "is a folder";
  return `cannot be read (${REASONS.get(outcome) ?? outcome})`;
}

/** Remedy for a folder that has the name of a file. */
export const FOLDER_REMEDY =
  "put the file there, since Docker makes a folder where the file to mount is missing";

/** Remedy for a file of such a fault that should hold this; undefined: none in particular. */
export function fileRemedy(outcome: string, content = "the PEM text"): string | undefined {
  if (outcome.startsWith(TOO_LARGE)) return `leave only ${content} in it`;
  switch (outcome) {
    case "EACCES":
    case "EPERM":
      return "let that user read it, for example with chown or chmod 640";
    case "ELOOP":
    case DEAD_LINK:
      return "correct the link";
    case "EMFILE":
    case "ENFILE":
      return "raise the limit of open files, as with ulimit -n";
    case "EIO":
      return "look at the disk";
    default:
      return undefined;
  }
}
