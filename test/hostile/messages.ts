/** Messages that an honest member would not send, or not like this. */
import { randomBytes } from "node:crypto";
import type { PkiId } from "../../src/core/types/host.ts";
import { encode } from "../../src/wire/encode.ts";
import { encodeEnvelope, encodeMessage, encodeUnsigned } from "../../src/wire/envelope.ts";
import { PULL_TYPE, SECRET, TAG } from "../../src/wire/messages.ts";
import { pkiIdBytes } from "../../src/wire/received.ts";

export type Sign = (payload: Uint8Array) => Uint8Array;

export interface AliveParts {
  readonly pkiId: Uint8Array;
  readonly sign: Sign;
  readonly incNum: bigint;
  readonly seqNum: bigint;
  readonly endpoint?: string;
  readonly internalEndpoint?: string;
  readonly metadata?: Uint8Array;
  readonly certificate?: Uint8Array;
}

/** An alive message in an envelope, with whatever `sign` makes of it. */
export function aliveMessage(parts: AliveParts): Uint8Array {
  const { pkiId, sign, incNum, seqNum, endpoint = "", metadata, internalEndpoint } = parts;
  const payload = encodeMessage({
    tag: TAG.empty,
    content: {
      type: "alive",
      value: {
        membership: { endpoint, pkiId, ...(metadata ? { metadata } : {}) },
        timestamp: { incNum, seqNum },
        ...(parts.certificate ? { identity: parts.certificate } : {}),
      },
    },
  });
  const envelope = { payload, signature: sign(payload) };
  if (internalEndpoint === undefined) return encodeEnvelope(envelope).bytes;
  const secret = encode(SECRET, { internalEndpoint });
  return encodeEnvelope({ ...envelope, secret: { payload: secret, signature: sign(secret) } })
    .bytes;
}

export function membershipRequest(selfInformation: Uint8Array): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    nonce: 1n,
    content: { type: "membership-request", value: { selfInformation } },
  });
}

export function membershipResponse(
  alive: readonly Uint8Array[],
  dead: readonly Uint8Array[] = [],
): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    content: { type: "membership-response", value: { alive: [...alive], dead: [...dead] } },
  });
}

const EMPTY = new Uint8Array(0);
const msgType = PULL_TYPE.identity;

export function hello(nonce: bigint): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    content: { type: "hello", value: { nonce, metadata: EMPTY, msgType } },
  });
}

export function digest(nonce: bigint, digests: readonly Uint8Array[]): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    content: { type: "digest", value: { nonce, digests: [...digests], msgType } },
  });
}

export function request(nonce: bigint, items: readonly PkiId[]): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    content: { type: "request", value: { nonce, digests: items.map(pkiIdBytes), msgType } },
  });
}

export function update(nonce: bigint, items: readonly Uint8Array[]): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    content: { type: "update", value: { nonce, data: [...items], msgType } },
  });
}

/** An identity item: this certificate, under this name. */
export function identityItem(pkiId: Uint8Array, cert: Uint8Array, sign: Sign): Uint8Array {
  const payload = encodeMessage({
    tag: TAG.empty,
    content: { type: "peer-identity", value: { pkiId, cert } },
  });
  return encodeEnvelope({ payload, signature: sign(payload) }).bytes;
}

/** As many fields as find room, each two bytes long and unknown: the most work for its length. */
export function manyFields(bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 2) payload[at] = 0x08; // Field 1, the nonce, again and again.
  return encodeEnvelope({ payload }).bytes;
}

/** Many different messages, made once and sent in turn. */
export function inTurn(messages: readonly Uint8Array[]): () => Uint8Array {
  let next = 0;
  return () => {
    next += 1;
    return messages[next % messages.length] ?? EMPTY;
  };
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export const randomId = (): Uint8Array => new Uint8Array(randomBytes(32));
