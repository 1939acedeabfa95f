/**
 * The message store over time, against Fabric's (spec B 5.2): one list that is scanned with
 * `relate` for everything. Of our own: a maximum, at which the oldest gives way, expired ones
 * first, and a share for each author.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../wire/bytes.ts";
import { decode } from "../../wire/decode.ts";
import { encode } from "../../wire/encode.ts";
import { GOSSIP_MESSAGE, type GossipMessage } from "../../wire/messages.ts";
import { relate } from "../rules/message-order.ts";
import {
  addMessage,
  createMessageStore,
  expireMessages,
  isNewMessage,
  type MessageStoreOptions,
} from "./message-store.ts";

interface Kept {
  readonly message: GossipMessage;
  readonly sinceMs: number;
  isExpired: boolean;
}

class NaiveStore {
  #kept: Kept[] = [];
  readonly #options: MessageStoreOptions;

  constructor(options: MessageStoreOptions) {
    this.#options = options;
  }

  get sizes(): { readonly live: number; readonly expired: number } {
    const expired = this.#kept.filter(({ isExpired }) => isExpired).length;
    return { live: this.#kept.length - expired, expired };
  }

  isNew(message: GossipMessage): boolean {
    return this.#kept.every((one) => this.#relate(message, one) !== "rejected");
  }

  add(message: GossipMessage, nowMs: number): boolean {
    if (!this.isNew(message)) return false;
    this.#kept = this.#kept.filter((one) => this.#relate(message, one) !== "supersedes");
    const { messagesMax, perAuthorMax } = this.#options;
    const own = this.#kept.filter((one) => authorOf(one.message) === authorOf(message));
    if (own.length >= perAuthorMax) return false;
    if (this.#kept.length >= messagesMax) {
      const oldest = this.#kept.find(({ isExpired }) => isExpired) ?? this.#kept[0];
      this.#kept = this.#kept.filter((one) => one !== oldest);
    }
    this.#kept.push({ message, sinceMs: nowMs, isExpired: false });
    return true;
  }

  expire(nowMs: number): void {
    const { expireMs } = this.#options;
    this.#kept = this.#kept.filter(({ sinceMs }) => nowMs - sinceMs <= 2 * expireMs);
    for (const one of this.#kept) one.isExpired ||= nowMs - one.sinceMs > expireMs;
  }

  #relate(message: GossipMessage, { message: stored }: Kept): string {
    return relate(message, stored, this.#options.blockWindow);
  }
}

/** Whose share a message counts against. */
function authorOf({ content }: GossipMessage): string {
  switch (content?.type) {
    case "alive":
      return toHex(content.value.membership?.pkiId ?? new Uint8Array(0));
    case "state-info":
    case "peer-identity":
      return toHex(content.value.pkiId);
    default:
      return "";
  }
}

const who = fc.nat(2).map((name) => Uint8Array.of(name));
const timestamp = fc.record({
  incNum: fc.bigInt({ min: 1n, max: 2n }),
  seqNum: fc.bigInt({ min: 0n, max: 3n }),
});
/** Of the kinds whose key and relation need no channel besides. */
const message: fc.Arbitrary<GossipMessage> = fc
  .oneof(
    fc.record({
      type: fc.constant("alive" as const),
      value: fc.record({ membership: fc.record({ pkiId: who }), timestamp }),
    }),
    fc.record({
      type: fc.constant("state-info" as const),
      value: fc.record({ pkiId: who, timestamp, channelMac: who }),
    }),
    fc.record({ type: fc.constant("peer-identity" as const), value: fc.record({ pkiId: who }) }),
    fc.record({
      type: fc.constant("data" as const),
      value: fc.record({ payload: fc.record({ seqNum: fc.bigInt({ min: 1n, max: 12n }) }) }),
    }),
  )
  .map((content) => {
    const verdict = decode(GOSSIP_MESSAGE, encode(GOSSIP_MESSAGE, { content }));
    assert.ok(verdict.ok);
    return verdict.value;
  });

const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ message }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.oneof(fc.nat(120), fc.constantFrom(100, 101)) }) },
);

describe("the message store is a list that is scanned", () => {
  const limits = fc.record({
    expireMs: fc.constant(100),
    messagesMax: fc.constantFrom(3, 6, 1_000),
    perAuthorMax: fc.constantFrom(2, 1_000),
    blockWindow: fc.constantFrom(0, 1, 3),
  });

  test("takes, keeps, lets expire and forgets the same", () => {
    const property = fc.property(
      limits,
      fc.array(event, { maxLength: 60, size: "max" }),
      (options, events) => {
        const [store, naive] = [createMessageStore(options), new NaiveStore(options)];
        let nowMs = 0;
        for (const one of events) {
          if ("passMs" in one) {
            nowMs += one.passMs;
            expireMessages(store, { elapsedMs: nowMs, wallMs: nowMs });
            naive.expire(nowMs);
          } else {
            assert.equal(isNewMessage(store, one.message), naive.isNew(one.message));
            const isAdded = addMessage(store, one.message, { elapsedMs: nowMs, wallMs: nowMs });
            assert.equal(isAdded, naive.add(one.message, nowMs));
          }
          assert.deepEqual({ live: store.live.size, expired: store.expired.size }, naive.sizes);
        }
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
