import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GossipError } from "../lib/errors.ts";
import { codeOf } from "../lib/small-file.ts";

const LOCK = ".in-use";
const PAUSE_MS = 50;
const WAIT_MS = 10_000;

/**
 * One at a time changes the keys and lists of an organisation: of two that read a list and write it, one
 * would lose its revocation. Throws `msp-invalid` if another does not end.
 */
export async function holdingFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = join(folder, LOCK);
  const isHeld = folder !== "" && (await take(folder, lock));
  try {
    return await work();
  } finally {
    if (isHeld) await rm(lock, { force: true });
  }
}

/** False: nothing can be written there, as the work itself will say. */
async function take(folder: string, lock: string): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      await writeFile(lock, `${process.pid}\n`, { flag: "wx" });
      return true;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") {
        await rm(lock, { force: true }).catch(() => {}); // Of a full disk an empty one is left.
        return false;
      }
    }
    if (await removeLeftOver(lock)) continue;
    if (waitedMs >= WAIT_MS) {
      const what = `${folder} is being changed by another command for ${WAIT_MS / 1_000} s`;
      throw new GossipError("msp-invalid", `${what}: wait for it, or remove ${lock} if none runs.`);
    }
    await sleep(PAUSE_MS);
  }
}

/**
 * Removes it if the process that made it is gone. Only whoever holds a second lock looks and removes: else one
 * that has looked could remove what another one has made since.
 */
async function removeLeftOver(lock: string): Promise<boolean> {
  if (!(await isLeftOver(lock))) return false;
  const guard = `${lock}.left`;
  const isHeld = await writeFile(guard, "", { flag: "wx" }).then(
    () => true,
    () => false,
  );
  if (!isHeld) return false;
  try {
    if (!(await isLeftOver(lock))) return false;
    await rm(lock, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** Whether the process that made it is gone. */
async function isLeftOver(lock: string): Promise<boolean> {
  const pid = Number(await readFile(lock, "utf8").catch(() => ""));
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}
