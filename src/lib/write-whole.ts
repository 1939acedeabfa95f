import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import {
  access,
  chmod,
  lstat,
  open,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { codeOf } from "./small-file.ts";

type Content = string | Uint8Array;

/**
 * Writes a file that appears whole or not at all: on a full disk, the former content stays. An existing file
 * keeps its owner and group, and its permissions unless there is a `mode`. What cannot be replaced is
 * overwritten and may be cut short: a file that has hard links, has an owner or group that we cannot
 * restore, is mounted, or is in a folder where we cannot create one; the target of a dead link; anything
 * but a regular file; and everything under /dev and /proc.
 */
export async function writeWhole(path: string, content: Content, mode?: number): Promise<void> {
  const file = await realpath(path).catch(() => path);
  const former = await stat(path).catch(() => undefined);
  const isDeadLink =
    former === undefined && (await lstat(path).catch(() => undefined)) !== undefined;
  const isSpecial = former?.isFile() === false || /^\/(dev|proc)\//.test(resolve(path));
  if (isDeadLink || isSpecial || (former?.nlink ?? 1) > 1) {
    return overwrite(path, content, mode, former);
  }
  // A rename does not ask for this permission.
  if (former !== undefined) await access(file, constants.W_OK);
  try {
    await replace(file, content, mode, former);
  } catch (error) {
    if (!FIXED.has(codeOf(error))) throw error;
    await overwrite(path, content, mode, former);
  }
}

/** Errors of the draft itself, not of its content. If overwriting fails too, that error names `path`. */
const FIXED = new Set("EBUSY EACCES EPERM EROFS EINVAL ENOENT ENOTDIR ENAMETOOLONG".split(" "));

async function replace(file: string, content: Content, mode?: number, former?: Stats) {
  const draft = join(dirname(file), `.${randomBytes(8).toString("hex")}.new`);
  const handle = await open(draft, "wx", mode ?? (former === undefined ? 0o666 : 0o600));
  try {
    try {
      if (former !== undefined) await handle.chown(former.uid, former.gid);
      // Last, because a change of owner clears bits.
      if (former !== undefined && mode === undefined) await handle.chmod(former.mode & 0o7777);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}

async function overwrite(path: string, content: Content, mode?: number, former?: Stats) {
  // writeFile() gives its mode to new files only.
  const excess = mode === undefined || !former?.isFile() ? 0 : former.mode & 0o777 & ~mode;
  if (former !== undefined && excess !== 0) await chmod(path, former.mode & ~excess & 0o7777);
  await writeFile(path, content, { mode: mode ?? 0o666 });
}
