/**
 * What members of a world say to each other unsigned, as values beside the bytes: long lists of members go
 * from one to the other without being read again, and both hold the very messages that are in them.
 */
import type { WireFault } from "../src/wire/decode.ts";
import { encodeUnsigned, parseEnvelope } from "../src/wire/envelope.ts";
import type { GossipMessage } from "../src/wire/messages.ts";
import { type ReadMessage, type ReceivedMessage, readMessage } from "../src/wire/received.ts";
import { accept, reject, type Verdict } from "../src/wire/verdict.ts";

export interface SharedCodec {
  /** Encodes a message; whoever gets these very bytes reads what was written. */
  readonly write: (message: GossipMessage) => Uint8Array;
  readonly read: ReadMessage;
}

/** Shorter messages are read again: that costs no more than to look them up. */
const LONG_BYTES = 2_048;

/** `read`: reads what was not written here. */
export function createSharedCodec(read: ReadMessage = readMessage): SharedCodec {
  // By the bytes themselves, not by what they are: what anybody else sends is read as it comes.
  const written = new WeakMap<Uint8Array, Verdict<ReceivedMessage, WireFault>>();
  return {
    write(message) {
      const bytes = encodeUnsigned(message);
      if (bytes.length < LONG_BYTES) return bytes;
      const envelope = parseEnvelope(bytes);
      if (envelope.ok) {
        const alive = reject("not-alive");
        written.set(bytes, accept({ envelope: envelope.value, message, alive }));
      }
      return bytes;
    },
    read: (bytes) => written.get(bytes) ?? read(bytes),
  };
}
