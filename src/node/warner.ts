/** Warnings that are told once. */
import type { StartOptions } from "./options.ts";

/**
 * Warns of what was not doubtful before: at a start of everything, at a reload of what is new. Of files
 * that could not be read, not all doubts are known: then those from before stand.
 */
export function createWarner(
  warn: StartOptions["warn"],
): (doubts: readonly string[], areAll: boolean) => void {
  let told: readonly string[] = [];
  return (doubts, areAll) => {
    for (const doubt of doubts) if (!told.includes(doubt)) warn?.(doubt);
    told = areAll ? doubts : [...new Set([...told, ...doubts])];
  };
}
