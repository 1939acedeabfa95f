/**
 * The alive messages passed on lately, by their bytes. Most of what arrives are copies of them: they
 * are known here before anything in them is read.
 */
import { equalBytes } from "../../wire/bytes.ts";
import type { PeerTime } from "../../wire/messages.ts";
import type { PkiId } from "../types/host.ts";

export interface Original {
  readonly author: PkiId;
  readonly time: PeerTime;
  /** The key under which the emitter passes it on. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** By a hash of their bytes, oldest first. Two of one hash: the later one is known. */
export type Copies = Map<number, Original>;

/** Copies come within a second; in a network of 1,000 there are 200 heartbeats a second. */
const ORIGINALS_MAX = 2_048;
/** A heartbeat with a certificate has 1,200. Lists are not worth being looked at. */
const ORIGINAL_BYTES_MAX = 2_048;
const SAMPLED = 4;

export function addOriginal(copies: Copies, original: Original): void {
  if (original.bytes.length > ORIGINAL_BYTES_MAX) return;
  if (copies.size >= ORIGINALS_MAX) {
    const [oldest] = copies.keys();
    if (oldest !== undefined) copies.delete(oldest);
  }
  copies.set(hash(original.bytes), original);
}

/** The message that these bytes are a copy of, if it came lately. */
export function findOriginal(copies: Copies, bytes: Uint8Array): Original | undefined {
  if (bytes.length > ORIGINAL_BYTES_MAX) return undefined;
  const original = copies.get(hash(bytes));
  return original !== undefined && equalBytes(original.bytes, bytes) ? original : undefined;
}

/** FNV-1a over every fourth byte, a dozen of them of the signature. Whoever finds another message of the same hash saves us nothing, and spoils nothing. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += SAMPLED)
    state = Math.imul(state ^ (bytes[i] ?? 0), 0x01000193);
  return state;
}
