/**
 * Shows people the messages as they cross the links of a node. Nothing is kept, copied or decoded
 * while nobody watches; those who watch get a bounded sample, and are told how much is missing.
 */

import { parsePkiId } from "../core/rules/pki-id.ts";
import type { Clock, Network } from "../transport/network.ts";
import { type LinkWatcher, watchNetwork } from "../transport/watched-network.ts";
import { copyBytes } from "../wire/bytes.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { peekType } from "../wire/peek-type.ts";
import { describeMessage } from "./describe-message.ts";

/** One message, as it was sent or received. */
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
  /** `alive`, `hello`, `conn-establish` (the handshake), ...; `unknown`: of no type that we know. */
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
  /** How many were left out since the last batch, because there were too many at a time. */
  readonly skipped: number;
}

/** What messages cross the network of one node. */
export interface MessageTap {
  /** The same network; what crosses it can be watched. */
  network(network: Network): Network;
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
  return new Tap(clock);
}

class Tap implements MessageTap {
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  readonly #closed = new AbortController();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  network(network: Network): Network {
    return watchNetwork(network, (remote) => this.#tapLink(remote));
  }

  close(): void {
    this.#closed.abort();
  }

  async *watch(signal?: AbortSignal): AsyncGenerator<MessageBatch, undefined> {
    const end = AbortSignal.any([this.#closed.signal, ...(signal ? [signal] : [])]);
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
      wake();
    };
    end.addEventListener("abort", stop);
    this.#watchers.add(watcher);
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

  #note(
    direction: TappedMessage["direction"],
    ends: Pick<TappedMessage, "pkiId" | "remote">,
    bytes: Uint8Array,
  ): void {
    if (this.#watchers.size === 0) return;
    this.#lastId += 1;
    const seen: Seen = {
      id: this.#lastId,
      time: new Date(this.#clock.now().wallMs),
      direction,
      ...ends,
      type: peekType(bytes) ?? "unknown",
      bytes: bytes.length,
      raw: bytes.length > DECODED_BYTES_MAX ? undefined : copyBytes(bytes),
    };
    for (const watcher of this.#watchers) watcher(seen);
  }

  #tapLink(remote: string): LinkWatcher {
    let pkiId: string | null = null;
    return {
      received: (bytes) => {
        pkiId ??= pkiIdIn(bytes);
        this.#note("received", { pkiId, remote }, bytes);
      },
      sent: (bytes) => this.#note("sent", { pkiId, remote }, bytes),
    };
  }
}

/** Who a handshake says it is from; null if it is none. */
function pkiIdIn(bytes: Uint8Array): string | null {
  if (peekType(bytes) !== "conn-establish") return null;
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!message.ok || message.value.content?.type !== "conn-establish") return null;
  return parsePkiId(message.value.content.value.pkiId) ?? null;
}

function decodeEnvelope(raw: Uint8Array): unknown {
  const envelope = parseEnvelope(raw);
  if (!envelope.ok) return null;
  const message = parseMessage(envelope.value.payload);
  return message.ok ? describeMessage(envelope.value, message.value) : null;
}
