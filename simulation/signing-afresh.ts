/**
 * A network whose user signs an alive message for each membership request, as a Fabric peer does:
 * so there are messages of it that are newer than all that was gossiped. An answer contains the last
 * heartbeat.
 */
import type { Network } from "../src/transport/network.ts";
import { toHex } from "../src/wire/bytes.ts";
import {
  encodeEnvelope,
  encodeMessage,
  encodeUnsigned,
  parseEnvelope,
  parseMessage,
} from "../src/wire/envelope.ts";
import type { AliveMessage, GossipMessage } from "../src/wire/messages.ts";
import { sendingBy } from "./sending-by.ts";
import { createSharedReader } from "./shared-reader.ts";
import { glance } from "./wire-kind.ts";

/** The signer. */
export interface Signer {
  /** PKI-ID of its current certificate. */
  readonly pkiId: string;
  readonly sign: (payload: Uint8Array) => Uint8Array;
}

/** Wraps a network; `signer` returns the current signer. */
export function signingAfresh(network: Network, signer: () => Signer): Network {
  const pen = new Pen(signer);
  return sendingBy(network, (link) => (bytes) => link.send(pen.rewrite(bytes)));
}

const read = createSharedReader(undefined, 1);

/** Maximum remembered messages: gossip sends one message to several members in turn. */
const GOSSIPED_MAX = 16;

type Own = GossipMessage & {
  readonly content: { readonly type: "alive"; readonly value: AliveMessage };
};

/** Re-signs the user's own alive messages with a separate sequence. */
class Pen {
  readonly #signer: () => Signer;
  #incarnation = 0n;
  #sequence = 0n;
  /** By the sequence that the user gave it: the payload that was sent instead, and its signature. */
  readonly #gossiped = new Map<bigint, { payload: Uint8Array; signature: Uint8Array }>();

  constructor(signer: () => Signer) {
    this.#signer = signer;
  }

  rewrite(bytes: Uint8Array): Uint8Array {
    const { kind } = glance(bytes);
    if (kind === "alive") return this.#again(bytes);
    if (kind !== "membership-request" && kind !== "membership-response") return bytes;
    const envelope = parseEnvelope(bytes);
    const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
    if (!envelope.ok || !message.ok) return bytes;
    const { content, nonce, tag } = message.value;
    switch (content?.type) {
      case "membership-request": {
        const selfInformation = this.#afresh(content.value.selfInformation);
        const value = { ...content.value, selfInformation };
        return encodeUnsigned({ tag, nonce, content: { type: content.type, value } });
      }
      case "membership-response": {
        const alive = content.value.alive.map((entry) => this.#again(entry));
        const value = { ...content.value, alive };
        return encodeUnsigned({ tag, nonce, content: { type: content.type, value } });
      }
      default:
        return bytes;
    }
  }

  /** A heartbeat stays the same for every recipient, also in a list. */
  #again(bytes: Uint8Array): Uint8Array {
    const own = this.#readOwn(bytes);
    if (own === undefined) return bytes;
    const { seqNum = 0n } = own.content.value.timestamp ?? {};
    const known = this.#gossiped.get(seqNum);
    if (known !== undefined) return seal(known, bytes);
    const signed = this.#sign(own);
    this.#gossiped.set(seqNum, signed);
    for (const oldest of this.#gossiped.keys()) {
      if (this.#gossiped.size > GOSSIPED_MAX) this.#gossiped.delete(oldest);
    }
    return seal(signed, bytes);
  }

  #afresh(bytes: Uint8Array): Uint8Array {
    const own = this.#readOwn(bytes);
    return own === undefined ? bytes : seal(this.#sign(own), bytes);
  }

  #readOwn(bytes: Uint8Array): Own | undefined {
    const received = read(bytes);
    if (!received.ok) return undefined;
    const { message } = received.value;
    const { content } = message;
    if (content?.type !== "alive") return undefined;
    const { membership, timestamp } = content.value;
    if (membership === undefined || timestamp === undefined) return undefined;
    if (toHex(membership.pkiId) !== this.#signer().pkiId) return undefined;
    if (timestamp.incNum < this.#incarnation) return undefined;
    if (timestamp.incNum > this.#incarnation) {
      this.#incarnation = timestamp.incNum;
      this.#sequence = 0n;
      this.#gossiped.clear();
    }
    return { ...message, content };
  }

  #sign({ content, ...message }: Own): { payload: Uint8Array; signature: Uint8Array } {
    this.#sequence += 1n;
    const timestamp = { incNum: this.#incarnation, seqNum: this.#sequence };
    const value = { ...content.value, timestamp };
    const payload = encodeMessage({ ...message, content: { ...content, value } });
    return { payload, signature: this.#signer().sign(payload) };
  }
}

/** Beside the secret that was there. */
function seal(
  signed: { readonly payload: Uint8Array; readonly signature: Uint8Array },
  original: Uint8Array,
): Uint8Array {
  const envelope = parseEnvelope(original);
  return encodeEnvelope({ ...signed, secret: envelope.ok ? envelope.value.secret : undefined })
    .bytes;
}
