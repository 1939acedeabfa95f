/** Whether the process may open as many files as it may have connections: each of them is one. */
import { readFile } from "node:fs/promises";
import type { Config } from "../config/config.ts";

/** For the operations endpoint, handshakes in progress, and what Node.js has open. */
const OTHERS = 400;

/** Undefined: nobody knows, as beyond Linux. `text`: as of `/proc/self/limits`. */
export async function openFilesMax(
  text: Promise<string> = readFile("/proc/self/limits", "utf8"),
): Promise<number | undefined> {
  // Node.js has raised the soft limit to the hard one.
  const found = /^Max open files +(\d+)/m.exec(await text.catch(() => ""))?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Undefined: enough, or nobody knows. */
export async function openFilesDoubt(
  { fabricGossip: { limits } }: Pick<Config, "fabricGossip">,
  text?: Promise<string>,
): Promise<string | undefined> {
  const found = await openFilesMax(text);
  const needed = limits.connectionsMax + OTHERS;
  if (found === undefined || found >= needed) return undefined;
  return (
    `This process may open ${found} files, but needs up to ${needed} for ${limits.connectionsMax} ` +
    "connections (fabricGossip.limits.connectionsMax), and whoever comes when they are used up is " +
    "turned away without a word: raise the limit (ulimit -n, LimitNOFILE of systemd) or lower that key."
  );
}
