/** A process that keeps blocks until it is killed, and tells what is confirmed. */
import { createHash } from "node:crypto";
import { BlockStore, type BlockToKeep } from "./block-store.ts";

/** No block of Fabric: the store does not look into it. The ids stand in the bytes, here. */
export function makeBlock(number: bigint, size = 300): BlockToKeep {
  const txIds = [`tx-${number}-0`, `tx-${number}-1`];
  const bytes = Buffer.alloc(size, createHash("sha256").update(`${number}`).digest());
  bytes.write(`${txIds.join(" ")}\n`);
  return { number, bytes, txIds };
}

export const makeRun = (from: bigint, count: number, size?: number): readonly BlockToKeep[] =>
  Array.from({ length: count }, (_, i) => makeBlock(from + BigInt(i), size));

const [, file, folder] = process.argv;
if (file === import.meta.filename && folder !== undefined) {
  const store = await BlockStore.open(folder, 0);
  for (let height = store.height ?? 0n; ; height += 3n) {
    const blocks = makeRun(height, 3, height % 7n === 0n ? 50_000 : 300);
    await store.append(blocks, blocks[0]?.bytes);
    process.send?.(String(height + 3n));
  }
}
