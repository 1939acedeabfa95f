/** What survives a restart: the incarnation of the last life (product 3, `stateDir`). */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GossipError } from "./errors.ts";
import { makeFolder } from "./make-folder.ts";

const FILE = "incarnation";

/** The last incarnation; 0 if there is none. Throws `config-invalid` if the file is not ours. */
export async function readIncarnation(folder: string): Promise<bigint> {
  const file = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0n;
    throw unusable(folder, error);
  }
  if (/^\d{1,20}\n?$/.test(text)) return BigInt(text);
  throw new GossipError("config-invalid", `${file} holds no incarnation: remove it.`);
}

/** Writes the incarnation so that a crash leaves either the old file or the new one. */
export async function writeIncarnation(folder: string, incarnation: bigint): Promise<void> {
  const file = join(folder, FILE);
  try {
    await makeFolder(folder);
    await writeFile(`${file}.new`, `${incarnation}\n`);
    await rename(`${file}.new`, file);
  } catch (error) {
    throw unusable(folder, error);
  }
}

function unusable(folder: string, error: unknown): GossipError {
  const why = error instanceof Error ? error.message : String(error);
  return new GossipError(
    "config-invalid",
    `fabricGossip.stateDir ${folder} cannot be used (${why}): make it writable or choose another.`,
    { cause: error },
  );
}
