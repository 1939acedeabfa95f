/** Notices that files changed, by asking now and then: it works on every file system and mount. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Cancel } from "../transport/network.ts";

/** A renewed certificate has days before it matters; a few seconds are soon enough. */
const POLL_MS = 5_000;
const FILES_PER_FOLDER_MAX = 256;

/**
 * Calls `changed` when a file, or a file in one of the folders, is another one than it was when they
 * were looked at (`since`), before they were read. If that resolves to false (the files do not fit
 * together yet), it is called again after the next look.
 */
export function watchFiles(
  paths: readonly string[],
  since: string,
  changed: () => Promise<boolean>,
  pollMs = POLL_MS,
): Cancel {
  let last = since;
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const state = await lookAt(paths);
    if (state !== last && (await changed())) last = state;
    isLooking = false;
  };
  const timer = setInterval(() => void look(), pollMs);
  timer.unref();
  void look();
  return () => clearInterval(timer);
}

/** What tells whether files, or those in folders, are others than before. */
export async function lookAt(paths: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) {
    for (const file of await filesAt(path)) parts.push(`${file} ${await fingerprintOf(file)}`);
  }
  return parts.join("\n");
}

async function filesAt(path: string): Promise<readonly string[]> {
  try {
    const names = await readdir(path);
    return names.slice(0, FILES_PER_FOLDER_MAX).map((name) => join(path, name));
  } catch {
    return [path]; // A file, or not there: both are told apart by its fingerprint.
  }
}

async function fingerprintOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return "missing";
  }
}
