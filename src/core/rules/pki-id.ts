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

/** One of a StateInfo, whose reader has made 64 hex digits of 32 bytes. */
export function knownPkiId(hex: string): PkiId {
  return hex as PkiId;
}
