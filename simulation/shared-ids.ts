/**
 * PKI-IDs in lists: members share the bytes of each, and whoever gets them by value knows at once whose they
 * are. A thousand members write and read a million of them a second while they ask each other for identities.
 */
import type { PkiId } from "../src/core/types/host.ts";
import { type PkiIdCodec, parsePkiId, pkiIdBytes } from "../src/wire/received.ts";
import type { SimulatedAuthority } from "./authority.ts";

/** Bytes that know what they say; they cross a network as any others. */
class NamedBytes extends Uint8Array {
  pkiId: PkiId | undefined;
}

/** Those of hostile members come and go. */
const NAMES_MAX = 2 ** 15;

export function createSharedIds(authority: Pick<SimulatedAuthority, "find">): PkiIdCodec {
  const written = new Map<PkiId, NamedBytes>();

  function write(pkiId: PkiId): NamedBytes {
    const issued = authority.find(pkiId)?.identity.pkiId;
    const bytes = new NamedBytes(pkiIdBytes(pkiId));
    // The text of the authority is the very object that tables have as key.
    bytes.pkiId = issued === pkiId ? issued : pkiId;
    if (written.size >= NAMES_MAX) written.clear();
    written.set(pkiId, bytes);
    return bytes;
  }

  return {
    write: (pkiId) => written.get(pkiId) ?? write(pkiId),
    read: (bytes) => (bytes as Partial<NamedBytes>).pkiId ?? parsePkiId(bytes),
  };
}
