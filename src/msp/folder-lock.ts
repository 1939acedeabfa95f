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
    if (await isLeftOver(lock)) await rm(lock, { force: true });
    else if (waitedMs < WAIT_MS) await sleep(PAUSE_MS);
    else {
      const what = `${folder} is being changed by another command for ${WAIT_MS / 1_000} s`;
      throw new GossipError("msp-invalid", `${what}: wait for it, or remove ${lock} if none runs.`);
    }
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
