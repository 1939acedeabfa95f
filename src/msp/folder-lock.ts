import { realpathSync } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GossipError } from "../lib/errors.ts";
import { codeOf } from "../lib/small-file.ts";

const LOCK = ".in-use";
const PAUSE_MS = 50;
const WAIT_MS = 10_000;
/** A lock without a number was left so by a process that ended while it made it. */
const EMPTY_MS = 2_000;

/** What this process does in each folder, one after the other. */
const turns = new Map<string, Promise<void>>();

/**
 * One at a time changes the keys and lists of an organisation: of two that read a list and write it, one
 * would lose its revocation. Throws `msp-invalid` if another does not end.
 */
export async function holdingFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const place = placeOf(folder);
  const before = turns.get(place);
  const done = Promise.withResolvers<void>();
  turns.set(place, done.promise);
  await before;
  try {
    return await holdingAlone(folder, work);
  } finally {
    done.resolve();
    if (turns.get(place) === done.promise) turns.delete(place);
  }
}

function placeOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

async function holdingAlone<T>(folder: string, work: () => Promise<T>): Promise<T> {
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
      const code = codeOf(error);
      // An empty one is left.
      if (code === "ENOSPC" || code === "EDQUOT") await rm(lock, { force: true }).catch(() => {});
      if (code !== "EEXIST") return false;
    }
    if (await removeLeftOver(lock)) continue;
    if (waitedMs >= WAIT_MS) {
      const what = `${folder} has been in use by another command for ${WAIT_MS / 1_000} s`;
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

/** Whether the process that made it is gone; one with our number is, as we have none at this moment. */
async function isLeftOver(lock: string): Promise<boolean> {
  const text = await readFile(lock, "utf8").catch(() => undefined);
  if (text === undefined) return false;
  if (text === "") return isOld(lock);
  const pid = Number(text);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

async function isOld(lock: string): Promise<boolean> {
  const madeMs = await stat(lock).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  return Date.now() - madeMs > EMPTY_MS;
}
