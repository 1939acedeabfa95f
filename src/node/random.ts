import { randomFillSync } from "node:crypto";
import type { Random } from "../core/types/host.ts";

const POOL_BYTES = 4_096;

/** Dice from the operating system, drawn in bulk. */
export function createSystemRandom(): Random {
  const pool = new DataView(new ArrayBuffer(POOL_BYTES));
  let at = POOL_BYTES;
  const take = (bytes: number): number => {
    if (at + bytes > POOL_BYTES) {
      randomFillSync(new Uint8Array(pool.buffer));
      at = 0;
    }
    at += bytes;
    return at - bytes;
  };
  return {
    uint64: () => pool.getBigUint64(take(8)),
    below(limit) {
      // Values above the largest multiple of the limit would make small results likelier.
      const usable = 2 ** 32 - (2 ** 32 % limit);
      for (;;) {
        const value = pool.getUint32(take(4));
        if (value < usable) return value % limit;
      }
    },
  };
}
