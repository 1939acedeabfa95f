/**
 * Shows people the messages as they cross the links of a node. Nothing is kept, copied or decoded
 * while nobody watches; those who watch get a bounded sample, and are told how much is missing.
 */

import type { Clock } from "../transport/network.ts";
import { copyBytes } from "../wire/bytes.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { memberTypeOf } from "./describe-member-message.ts";
import { describeMessage } from "./describe-message.ts";
import type { Tap } from "./meters.ts";

/** One message that was sent or received. */
export interface TappedMessage {
  /** Grows by one with every message that crosses a link while somebody watches. */
  readonly id: number;
  readonly time: Date;
  /** Seen from us. */
  readonly direction: "sent" | "received";
  /** Who the other side says it is in its handshake; null before that. Not verified here. */
  readonly pkiId: string | null;
  /** The endpoint we dialled, or the address of the socket that came in. */
  readonly remote: string;
  /**
   * `alive`, `hello`, `conn-establish` (the handshake), ...; among members of our own kind `member-event`,
   * `member-query`, ...; `unknown`: of no type that we know.
   */
  readonly type: string;
  /** Of the encoded envelope. */
  readonly bytes: number;
  /** Message, signature, secret, for people; null if it is longer than 16 KiB or cannot be decoded. */
  readonly envelope: unknown;
}

/** Messages that crossed the links of the node within some tenths of a second. */
export interface MessageBatch {
  /** The oldest first; at most 50. */
  readonly messages: readonly TappedMessage[];
  /** How many were left out since the last batch. */
  readonly skipped: number;
}

/** What messages cross the network of one node. */
export interface MessageTap {
  /** For `meterNetwork`: what shows the messages, while somebody watches. */
  readonly taps: ReadonlySet<Tap>;
  /** Every message from now on, the newest of them if there are too many, until the signal aborts. */
  watch(signal?: AbortSignal): AsyncIterableIterator<MessageBatch>;
  /** Ends the watching. */
  close(): void;
}

/** Messages of one batch; the newest are kept. */
const BATCH_MAX = 50;
/** How long a batch gathers: at most 250 messages a second are decoded for one watcher. */
const GATHER_MS = 200;
/** Longer ones are shown without their content. */
const DECODED_BYTES_MAX = 16_384;

/** A message before it is decoded; `raw` is undefined if it is too long for that. */
type Seen = Omit<TappedMessage, "envelope"> & { readonly raw: Uint8Array | undefined };
type Watcher = (seen: Seen) => void;

export function createMessageTap(clock: Clock): MessageTap {
  return new Watchers(clock);
}

class Watchers implements MessageTap {
  readonly taps = new Set<Tap>();
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  readonly #closed = new AbortController();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  close(): void {
    this.#closed.abort();
  }

  async *watch(signal?: AbortSignal): AsyncGenerator<MessageBatch, undefined> {
    // Not AbortSignal.any(), which takes those of this realm only.
    const ending = new AbortController();
    const end = ending.signal;
    const leave = (): void => ending.abort();
    const reasons = [this.#closed.signal, ...(signal ? [signal] : [])];
    for (const reason of reasons) {
      reason.addEventListener("abort", leave);
      if (reason.aborted) leave();
    }
    const waiting: Seen[] = [];
    let skipped = 0;
    let wake = (): void => {};
    const watcher: Watcher = (seen) => {
      waiting.push(seen);
      if (waiting.length > BATCH_MAX) {
        waiting.shift();
        skipped += 1;
      }
      wake();
    };
    const stop = (): void => {
      this.#watchers.delete(watcher); // Also when nobody reads on.
      if (this.#watchers.size === 0) this.taps.delete(this.#note);
      wake();
    };
    end.addEventListener("abort", stop);
    this.#watchers.add(watcher);
    this.taps.add(this.#note);
    try {
      while (!end.aborted) {
        if (waiting.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        await this.#pause(GATHER_MS, end);
        if (end.aborted) return undefined;
        const batch = { seen: waiting.splice(0), skipped };
        skipped = 0;
        yield { messages: await this.#decodeAll(batch.seen, end), skipped: batch.skipped };
      }
      return undefined;
    } finally {
      for (const reason of reasons) reason.removeEventListener("abort", leave);
      end.removeEventListener("abort", stop);
      stop();
    }
  }

  /** One by one: decoding must not hold up the gossip. */
  async #decodeAll(batch: readonly Seen[], end: AbortSignal): Promise<readonly TappedMessage[]> {
    const messages: TappedMessage[] = [];
    for (const { raw, ...rest } of batch) {
      messages.push({ ...rest, envelope: raw ? decodeEnvelope(raw) : null });
      await this.#pause(0, end);
    }
    return messages;
  }

  #pause(ms: number, end: AbortSignal): Promise<void> {
    if (end.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        end.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#clock.after(ms, done);
      end.addEventListener("abort", done);
    });
  }

  readonly #note: Tap = ({ pkiId, remote }, direction, type, bytes) => {
    this.#lastId += 1;
    const seen: Seen = {
      ...{ id: this.#lastId, time: new Date(this.#clock.now().wallMs), direction },
      ...{ pkiId, remote, type: memberTypeOf(bytes) ?? type ?? "unknown", bytes: bytes.length },
      raw: bytes.length > DECODED_BYTES_MAX ? undefined : copyBytes(bytes),
    };
    for (const watcher of this.#watchers) watcher(seen);
  };
}

function decodeEnvelope(raw: Uint8Array): unknown {
  const envelope = parseEnvelope(raw);
  if (!envelope.ok) return null;
  const message = parseMessage(envelope.value.payload);
  return message.ok ? describeMessage(envelope.value, message.value) : null;
}
