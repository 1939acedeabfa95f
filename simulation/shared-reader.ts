/**
 * Reads each signed message once for all members of a world: what a message says follows from its
 * bytes, and a thousand members that each keep a copy of their own neither fit into memory nor into
 * a processor's cache.
 */
import { ownedAlive, readMessage } from "../src/core/rules/messages.ts";
import type { ReadMessage, ReceivedMessage } from "../src/core/types/member.ts";
import { equalBytes } from "../src/wire/bytes.ts";
import { accept } from "../src/wire/verdict.ts";
import { createGlance } from "./wire-kind.ts";

interface Entry {
  readonly bytes: Uint8Array;
  readonly verdict: ReturnType<ReadMessage>;
}

/** Messages remembered, by the number in their signature; a power of two. */
const ENTRIES = 2 ** 13;

export function createSharedReader(): ReadMessage {
  const glance = createGlance();
  const entries = new Array<Entry | undefined>(ENTRIES);
  return (bytes) => {
    const { number } = glance(bytes);
    if (number < 0) return readMessage(bytes);
    const slot = number % ENTRIES;
    const known = entries[slot];
    if (known !== undefined && equalBytes(known.bytes, bytes)) return known.verdict;
    const verdict = owned(readMessage(bytes));
    // In memory of its own: an entry of a list would keep the whole list.
    const kept = verdict.ok ? verdict.value.envelope.bytes : bytes;
    entries[slot] = { bytes: equalBytes(kept, bytes) ? kept : bytes, verdict };
    return verdict;
  };
}

function owned(verdict: ReturnType<ReadMessage>): ReturnType<ReadMessage> {
  if (!verdict.ok || !verdict.value.alive.ok) return verdict;
  const alive = ownedAlive(verdict.value.alive.value);
  const received: ReceivedMessage = {
    ...verdict.value,
    envelope: alive.envelope,
    alive: accept(alive),
  };
  return accept(received);
}
