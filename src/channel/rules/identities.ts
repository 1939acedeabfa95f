/** The valid signers of a set of signed data. */
import { decode } from "../../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../../wire/messages.ts";
import type { ChannelIdentity, ChannelMsps } from "../types/host.ts";
import { atOnce, type InTurns } from "./in-turns.ts";

/** Fabric's `SignedData`. */
export interface SignedData {
  /** A serialized identity. */
  readonly identity: Uint8Array;
  /** In pieces, signed one after the other. */
  readonly data: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** The identity if an MSP of the channel recognises it (Fabric: the manager's `DeserializeIdentity`). */
export function recognize(msps: ChannelMsps, identity: Uint8Array): ChannelIdentity | undefined {
  const decoded = decode(SERIALIZED_IDENTITY, identity);
  if (!decoded.ok) return undefined;
  return msps.get(decoded.value.mspid)?.recognize(decoded.value.idBytes);
}

/**
 * Those who really signed, each certificate once and in order. A certificate that has counted is
 * passed over before its further signatures are checked, so that nobody can make us check one a
 * thousand times (Fabric: `SignatureSetToValidIdentities`).
 */
export function* signersInTurns(
  msps: ChannelMsps,
  signed: readonly SignedData[],
): InTurns<readonly ChannelIdentity[]> {
  const signers = new Map<string, ChannelIdentity>();
  for (const { identity: bytes, data, signature } of signed) {
    const identity = recognize(msps, bytes);
    if (identity === undefined) continue;
    const key = `${identity.mspId} ${identity.certificate}`;
    if (!signers.has(key) && identity.verify(joined(data), signature)) signers.set(key, identity);
    yield undefined;
  }
  return [...signers.values()];
}

/** The same, synchronously. */
export function signersOf(
  msps: ChannelMsps,
  signed: readonly SignedData[],
): readonly ChannelIdentity[] {
  return atOnce(signersInTurns(msps, signed));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
