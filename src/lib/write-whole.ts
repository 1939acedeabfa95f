import { chmod, chown, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { codeOf } from "./small-file.ts";

/**
 * Writes a file that appears whole or not at all: on a full disk, what was there before stays. `mode`:
 * default that of the file in its place, or what the system gives a new one.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  mode?: number,
): Promise<void> {
  const file = await realpath(path).catch(() => path);
  const former = await stat(file).catch(() => undefined);
  const isDeadLink = former === undefined && (await isLink(file));
  // A pipe or a device is written to, a folder refused.
  if (isDeadLink || former?.isFile() === false) return writeFile(file, content);
  const draft = `${file}.${process.pid}.new`;
  try {
    await writeFile(draft, content, mode === undefined ? {} : { mode });
    if (mode === undefined && former !== undefined) {
      await chmod(draft, former.mode & 0o7777);
      await chown(draft, former.uid, former.gid).catch(() => {}); // Only for root, if at all.
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    const code = codeOf(error);
    // A file that is mounted, or in a folder where we may make none, can only be overwritten.
    if ((former !== undefined && FIXED.has(code)) || code === "ENAMETOOLONG") {
      return writeFile(file, content);
    }
    throw error;
  }
}

const FIXED: ReadonlySet<string> = new Set(["EBUSY", "EACCES", "EPERM", "EROFS"]);

function isLink(path: string): Promise<boolean> {
  return readlink(path).then(
    () => true,
    () => false,
  );
}
