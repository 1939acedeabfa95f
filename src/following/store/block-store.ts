/**
 * Verified blocks of one channel on disk: appended in order, readable by number or transaction id.
 * Confirmed blocks survive the end of process and machine at any moment. Why SQLite, and why in a
 * thread: docs/decisions/0009-blocks-in-sqlite.md.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { makeFolder } from "../../lib/make-folder.ts";
import { startSlices } from "../../lib/slices.ts";
import type { BlockToKeep, KeptBlocks } from "./kept-blocks.ts";
import type {
  Extent,
  Glimpse,
  KeptBlock,
  StoreAnswer,
  StoredBlock,
  TransactionPlace,
} from "./store-messages.ts";
import { callThread, type StoreLine } from "./store-thread.ts";

export type { BlockToKeep, KeptBlocks } from "./kept-blocks.ts";
export type { StoredBlock, TransactionPlace } from "./store-messages.ts";

const FILE = "blocks.db";
/** Maximum bytes copied at once. */
const COPIED_BYTES = 8_388_608;

export class BlockStore implements KeptBlocks {
  readonly folder: string;
  /** Damage found when the store was opened, in a sentence. */
  readonly note: string | undefined;
  readonly #line: StoreLine;
  #extent: Extent;
  #isWriting = false;
  #isClosed = false;

  private constructor(
    folder: string,
    line: StoreLine,
    { note, ...extent }: Extent & { note: string | undefined },
  ) {
    this.folder = folder;
    this.#line = line;
    this.#extent = extent;
    this.note = note;
  }

  /**
   * Opens the store in a folder, or creates an empty one. Rejects if the folder cannot be used.
   * `keepBlocks`: how many of the newest to keep; 0: all.
   */
  static async open(folder: string, keepBlocks: number): Promise<BlockStore> {
    await makeFolder(folder);
    const line = callThread();
    try {
      const opened = await line.ask({ type: "open", file: join(folder, FILE), keepBlocks });
      return new BlockStore(folder, line, { note: undefined, ...extentIn(opened) });
    } catch (error) {
      await line.hangUp();
      throw error;
    }
  }

  /** What is kept in a folder, in which nothing is changed; undefined: nothing can be read. */
  static async lookIn(folder: string): Promise<Glimpse | undefined> {
    const line = callThread();
    try {
      const found = await line.ask({ type: "look", file: join(folder, FILE) });
      return found !== undefined && "configuration" in found ? found : undefined;
    } catch {
      return undefined; // Not there, or spoilt, which a start tells.
    } finally {
      await line.hangUp();
    }
  }

  get height(): bigint | undefined {
    return this.#extent.height;
  }

  get first(): bigint | undefined {
    return this.#extent.first;
  }

  async append(blocks: readonly BlockToKeep[], configuration?: Uint8Array): Promise<void> {
    assert(!this.#isWriting, "one append at a time");
    const [first] = blocks;
    assert(
      first === undefined || this.height === undefined || first.number === this.height,
      "blocks follow each other",
    );
    this.#isWriting = true;
    try {
      const kept = await Promise.all(blocks.map(toKeep));
      const config = configuration && (await copied(configuration));
      const moved = [...kept.map(({ bytes }) => bytes), ...(config ? [config] : [])];
      const ask = { type: "append", blocks: kept, configuration: config } as const;
      this.#extent = extentIn(
        await this.#line.ask(
          ask,
          moved.map(({ buffer }) => buffer),
        ),
      );
    } finally {
      this.#isWriting = false;
    }
  }

  async read(from: bigint, to: bigint, bytesMax: number): Promise<readonly Uint8Array[]> {
    return (await this.readNoted(from, to, bytesMax)).map(({ bytes }) => bytes);
  }

  async readNoted(from: bigint, to: bigint, bytesMax: number): Promise<readonly StoredBlock[]> {
    const { height } = this.#extent;
    if (height === undefined || from >= height) return [];
    const last = to < height ? to : height - 1n;
    const found = await this.#line.ask({ type: "read", from, to: last, bytesMax });
    return listIn(found).flatMap((one) => ("bytes" in one ? [one] : []));
  }

  async findTransaction(
    txId: string,
    idAt: (block: Uint8Array, index: number) => Promise<string | undefined>,
  ): Promise<TransactionPlace | undefined> {
    const found = await this.#line.ask({ type: "find", key: keyOf(txId) });
    for (const place of listIn(found)) {
      if (!("index" in place)) continue;
      const [bytes] = await this.read(place.number, place.number, 0);
      if (bytes !== undefined && (await idAt(bytes, place.index)) === txId) return place;
    }
    return undefined;
  }

  async configuration(): Promise<Uint8Array | undefined> {
    const found = await this.#line.ask({ type: "configuration" });
    return found instanceof Uint8Array ? found : undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#line.ask({ type: "close" });
    await this.#line.hangUp();
  }
}

/** Eight bytes of the id's SHA-256, which nobody can choose. */
function keyOf(txId: string): bigint {
  return createHash("sha256").update(txId).digest().readBigInt64LE(0);
}

/** A copy, transferred to the thread: the original may be a view of something larger. */
async function copied(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes.length);
  const slices = startSlices();
  for (let at = 0; at < bytes.length; at += COPIED_BYTES) {
    await slices.breathe();
    copy.set(bytes.subarray(at, at + COPIED_BYTES), at);
  }
  return copy;
}

async function toKeep({
  number,
  bytes,
  txIds,
  note = "",
}: BlockToKeep): Promise<KeptBlock & { readonly bytes: Uint8Array<ArrayBuffer> }> {
  const keys = txIds.map((txId) => (txId === "" ? undefined : keyOf(txId)));
  return { number, bytes: await copied(bytes), note, keys };
}

function extentIn(value: StoreAnswer["value"]): Extent {
  if (value !== undefined && "height" in value) return value;
  throw new Error("the thread of the store has answered another question");
}

function listIn(value: StoreAnswer["value"]): readonly (StoredBlock | TransactionPlace)[] {
  return Array.isArray(value) ? value : [];
}
