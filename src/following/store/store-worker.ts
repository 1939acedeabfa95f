/**
 * The thread that holds the databases of the stores. SQLite is synchronous, and a commit waits for
 * the disk; here it blocks nobody else.
 */
import { renameSync, rmSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { reasonOf } from "../../lib/errors.ts";
import type { StoreAnswer, StoreQuestion } from "./store-messages.ts";

// Hides Node 22's warning that SQLite is experimental, in this thread only.
process.removeAllListeners("warning");
const { Database, lookInto, resultCodeOf } = await import("./database.ts");

const databases = new Map<number, InstanceType<typeof Database>>();

function answer({ store, ask }: StoreQuestion): StoreAnswer["value"] {
  if (ask.type === "look") return lookInto(ask.file);
  if (ask.type === "open") {
    const opened = openDatabase(ask.file, ask.keepBlocks);
    databases.set(store, opened.database);
    return { ...opened.database.extent(), note: opened.note };
  }
  const database = databases.get(store);
  if (database === undefined) throw new Error("the store is closed");
  switch (ask.type) {
    case "append":
      return database.append(ask.blocks, ask.configuration);
    case "read":
      return database.read(ask.from, ask.to, ask.bytesMax);
    case "find":
      return database.find(ask.key);
    case "configuration":
      return database.configuration();
    case "close":
      databases.delete(store);
      database.close();
      return undefined;
  }
}

/** Moves a corrupt file aside and starts a new one. */
function openDatabase(
  file: string,
  keepBlocks: number,
): { readonly database: InstanceType<typeof Database>; readonly note: string | undefined } {
  try {
    return { database: new Database(file, keepBlocks), note: undefined };
  } catch (error) {
    if (!isSpoilt(error)) throw error;
    for (const end of ["", "-wal", "-shm"]) {
      rmSync(`${file}.spoilt${end}`, { force: true });
      if (end === "") renameSync(file, `${file}.spoilt`);
      else rmSync(file + end, { force: true });
    }
    const note = `${file} was spoilt: it is now ${file}.spoilt, and the blocks are fetched again.`;
    return { database: new Database(file, keepBlocks), note };
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isSpoilt(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === 11 || code === 26;
}

/** Transferred, not copied. */
function buffersOf(value: StoreAnswer["value"]): ArrayBuffer[] {
  const blocks = value instanceof Uint8Array ? [{ bytes: value }] : value;
  if (!Array.isArray(blocks)) return [];
  return blocks.flatMap((one) =>
    "bytes" in one && one.bytes.buffer instanceof ArrayBuffer ? [one.bytes.buffer] : [],
  );
}

parentPort?.on("message", (question: StoreQuestion) => {
  const { id } = question;
  try {
    const value = answer(question);
    parentPort?.postMessage({ id, ok: true, value }, buffersOf(value));
  } catch (error) {
    const reason = reasonOf(error);
    parentPort?.postMessage({ id, ok: false, reason });
  }
});
