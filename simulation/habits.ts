/**
 * Uses of a victim's true messages by a hostile member the moment it hears them, before gossip has
 * spread them: it signed none of them, and each is genuine.
 */
import { encodeUnsigned, parseEnvelope, withoutSecret } from "../src/wire/envelope.ts";
import { TAG } from "../src/wire/messages.ts";
import { list } from "./forged-message-parts.ts";
import { readUnsigned } from "./shared-reader.ts";

export const HABITS = ["dead", "alive", "stripped", "gossip", "request"] as const;
/** `late`: lists what members have signed for it alone, when they have been gone for a while. */
export type Habit = (typeof HABITS)[number] | "late";

/** Another member's message as it is relayed. */
export const RELABEL: Readonly<Record<Habit, (bytes: Uint8Array) => Uint8Array>> = {
  dead: (bytes) => list(0n, [], [bytes]),
  alive: (bytes) => list(0n, [bytes], []),
  late: (bytes) => list(0n, [bytes], []),
  stripped(bytes) {
    const envelope = parseEnvelope(bytes);
    return envelope.ok ? withoutSecret(envelope.value).bytes : bytes;
  },
  gossip: (bytes) => bytes,
  request: (bytes) =>
    encodeUnsigned({
      tag: TAG.empty,
      content: { type: "membership-request", value: { selfInformation: bytes } },
    }),
};

/** The alive messages within a message: itself, in a request, in a list. */
export function aliveMessagesIn(bytes: Uint8Array): readonly Uint8Array[] {
  const received = readUnsigned(bytes);
  if (!received.ok) return [];
  const { content } = received.value.message;
  switch (content?.type) {
    case "alive":
      return [bytes];
    case "membership-request":
      return [content.value.selfInformation];
    case "membership-response":
      return [...content.value.alive, ...content.value.dead];
    default:
      return [];
  }
}
