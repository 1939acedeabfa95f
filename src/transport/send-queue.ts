import type { Outgoing } from "../core/types/effect.ts";

export interface SendQueueLimits {
  /** Messages that wait for one peer; default 200 (Fabric: `peer.gossip.sendBuffSize`). */
  readonly queuedMessagesMax: number;
  /** Their bytes; default 16_777_216. A single message may be longer if nothing else waits. */
  readonly queuedBytesMax: number;
}

export interface SendQueue {
  /**
   * Adds the message at the end, or in the place of one with the same `replaces` key. False: the
   * queue is full, and the message is dropped as Fabric drops it: the newest goes.
   */
  push(message: Outgoing): boolean;
  /** Puts back a message that was taken but perhaps not sent. */
  unshift(message: Outgoing): void;
  shift(): Outgoing | undefined;
  readonly size: number;
}

/** Messages for one peer that wait for a connection, or for room on it. First in, first out. */
export function createSendQueue(limits: SendQueueLimits): SendQueue {
  const messages: Outgoing[] = [];
  let bytes = 0;

  const indexOf = (key: string | undefined): number =>
    key === undefined ? -1 : messages.findIndex(({ replaces }) => replaces === key);

  return {
    get size() {
      return messages.length;
    },

    push(message) {
      const index = indexOf(message.replaces);
      const old = messages[index];
      const newBytes = bytes - (old?.bytes.length ?? 0) + message.bytes.length;
      const others = messages.length - (old === undefined ? 0 : 1);
      const isFull = others >= limits.queuedMessagesMax || newBytes > limits.queuedBytesMax;
      if (isFull && others > 0) return false;
      if (old === undefined) messages.push(message);
      else messages[index] = message;
      bytes = newBytes;
      return true;
    },

    unshift(message) {
      // A newer one that came meanwhile makes it superfluous.
      if (indexOf(message.replaces) >= 0) return;
      messages.unshift(message);
      bytes += message.bytes.length;
    },

    shift() {
      const message = messages.shift();
      bytes -= message?.bytes.length ?? 0;
      return message;
    },
  };
}
