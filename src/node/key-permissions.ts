/** Private keys that more than their owner and group may read, or more than their owner may change. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { holdsPrivateKey } from "../msp/private-key.ts";

const FILES_MAX = 100;
const KEY_BYTES_MAX = 65_536;
/** Kubernetes mounts secrets so that the group of the pod may read them (0440): that is no leak. */
const GROUP_MAY_READ = 0o040;
const FOR_OTHERS = 0o077 & ~GROUP_MAY_READ;

/** One sentence for each key file, or file in a folder of keys, that is open to others. */
export async function findOpenKeys(paths: readonly string[]): Promise<readonly string[]> {
  const sentences: string[] = [];
  for (const path of new Set(paths)) {
    for (const file of await filesAt(path)) {
      if (!(await isOpen(file))) continue;
      sentences.push(
        `The private key ${file} is open to other users: chmod 600 it, or 640 if its group has to read it.`,
      );
    }
  }
  return sentences;
}

async function filesAt(path: string): Promise<readonly string[]> {
  try {
    const names = await readdir(path);
    return names.slice(0, FILES_MAX).map((name) => join(path, name));
  } catch {
    return [path]; // A file. If it is not there, others have reported that.
  }
}

async function isOpen(file: string): Promise<boolean> {
  if (process.platform === "win32") return false; // Modes say nothing there.
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true || (found.mode & FOR_OTHERS) === 0) return false;
  // A folder of keys may hold other things, as .DS_Store.
  return found.size <= KEY_BYTES_MAX && holdsPrivateKey(await readFile(file));
}
