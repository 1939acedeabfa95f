/** SHA-256 over what may be tens of megabytes in tens of thousands of pieces. */
import type { ChannelHost } from "../types/host.ts";
import type { InTurns } from "./in-turns.ts";

/** Maximum bytes hashed in one turn. */
const BYTES_AT_ONCE = 1_048_576;
/** Fixed cost of a piece, in bytes. */
const PIECE_COST = 1_024;

export function* hashInTurns(host: ChannelHost, parts: readonly Uint8Array[]): InTurns<Uint8Array> {
  const hash = host.startSha256();
  let cost = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += BYTES_AT_ONCE) {
      const piece = part.subarray(at, at + BYTES_AT_ONCE);
      hash.add(piece);
      cost += piece.length + PIECE_COST;
      if (cost < BYTES_AT_ONCE) continue;
      yield undefined;
      cost = 0;
    }
  }
  return hash.digest();
}
