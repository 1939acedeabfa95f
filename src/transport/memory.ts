/** The network in memory with certificate hashes as TLS makes them. */
import { createHash } from "node:crypto";
import { createHub, type MemoryHub } from "./memory-hub.ts";
import type { MemoryHubOptions } from "./memory-options.ts";

export type { MemoryHub } from "./memory-hub.ts";

export function createMemoryHub(options: MemoryHubOptions): MemoryHub {
  return createHub({ hash: sha256, ...options });
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
