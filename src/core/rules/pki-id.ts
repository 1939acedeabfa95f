import { fromHex, toHex } from "../../wire/bytes.ts";
import type { PkiId } from "../types/host.ts";

/** The PKI-ID in 32 raw bytes; undefined for any other length. */
export function parsePkiId(bytes: Uint8Array): PkiId | undefined {
  return bytes.length === 32 ? (toHex(bytes) as PkiId) : undefined;
}

/** The 32 raw bytes that travel. */
export function pkiIdBytes(pkiId: PkiId): Uint8Array {
  return fromHex(pkiId);
}
