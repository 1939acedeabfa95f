/** Hand-made messages of made-up identities, good and bad, for tests of the core. */
import { encode } from "../wire/encode.ts";
import { encodeEnvelope, encodeUnsigned } from "../wire/envelope.ts";
import {
  type ALIVE_MESSAGE,
  GOSSIP_MESSAGE,
  type GossipMessageInit,
  PULL_TYPE,
  SECRET,
  TAG,
} from "../wire/messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import type { Init } from "../wire/schema.ts";
import { testSignature } from "./testing-identities.ts";
import type { Identity } from "./types/host.ts";

export interface AliveOptions {
  readonly seqNum?: bigint;
  readonly incNum?: bigint;
  readonly endpoint?: string;
  readonly metadata?: Uint8Array;
  readonly internalEndpoint?: string;
  /** Whether it carries its author's identity, or these bytes instead. */
  readonly identity?: boolean | Uint8Array;
  readonly tag?: number;
  readonly pkiId?: Uint8Array;
  readonly without?: "membership" | "timestamp";
  readonly signature?: Uint8Array;
  readonly secretSignature?: Uint8Array;
}

/** A signed alive message in its envelope. */
export function aliveOf(author: Identity, options: AliveOptions = {}): Uint8Array {
  const payload = encode(GOSSIP_MESSAGE, {
    tag: options.tag ?? TAG.empty,
    content: { type: "alive", value: aliveContent(author, options) },
  });
  const signature = options.signature ?? testSignature(author.pkiId, payload);
  return encodeEnvelope({ payload, signature, ...secretOf(author, options) }).bytes;
}

function aliveContent(author: Identity, options: AliveOptions): Init<typeof ALIVE_MESSAGE> {
  const { identity = false, without } = options;
  const membership = {
    endpoint: options.endpoint ?? "stranger:1",
    pkiId: options.pkiId ?? pkiIdBytes(author.pkiId),
    ...(options.metadata ? { metadata: options.metadata } : {}),
  };
  const timestamp = { incNum: options.incNum ?? 1n, seqNum: options.seqNum ?? 1n };
  return {
    ...(without === "membership" ? {} : { membership }),
    ...(without === "timestamp" ? {} : { timestamp }),
    ...(identity === false ? {} : { identity: identity === true ? author.bytes : identity }),
  };
}

function secretOf(
  author: Identity,
  { internalEndpoint, secretSignature }: AliveOptions,
): { secret?: { payload: Uint8Array; signature: Uint8Array } } {
  if (internalEndpoint === undefined) return {};
  const payload = encode(SECRET, { internalEndpoint });
  return {
    secret: { payload, signature: secretSignature ?? testSignature(author.pkiId, payload) },
  };
}

/** The signed identity message that travels in an update. */
export function identityItemOf(
  author: Identity,
  wrong: { readonly pkiId?: Identity["pkiId"]; readonly signature?: Uint8Array } = {},
): Uint8Array {
  const payload = encode(GOSSIP_MESSAGE, {
    tag: TAG.empty,
    content: {
      type: "peer-identity",
      value: { pkiId: pkiIdBytes(wrong.pkiId ?? author.pkiId), cert: author.bytes },
    },
  });
  const signature = wrong.signature ?? testSignature(author.pkiId, payload);
  return encodeEnvelope({ payload, signature }).bytes;
}

export function unsigned(
  content: GossipMessageInit["content"],
  rest: Partial<GossipMessageInit> = {},
): Uint8Array {
  return encodeUnsigned({ tag: TAG.empty, content, ...rest });
}

export function hello(nonce: bigint): Uint8Array {
  return unsigned({ type: "hello", value: { nonce, msgType: PULL_TYPE.identity } });
}

export function digest(nonce: bigint, items: readonly Identity[]): Uint8Array {
  const digests = items.map(({ pkiId }) => pkiIdBytes(pkiId));
  return unsigned({ type: "digest", value: { nonce, digests, msgType: PULL_TYPE.identity } });
}

export function request(nonce: bigint, items: readonly Identity[]): Uint8Array {
  const digests = items.map(({ pkiId }) => pkiIdBytes(pkiId));
  return unsigned({ type: "request", value: { nonce, digests, msgType: PULL_TYPE.identity } });
}

export function update(nonce: bigint, data: readonly Uint8Array[]): Uint8Array {
  return unsigned({ type: "update", value: { nonce, data, msgType: PULL_TYPE.identity } });
}

/** News of its author's channel, named by the first byte of the MAC. */
export function stateInfoOf(
  author: Identity,
  options: {
    readonly seqNum?: bigint;
    readonly channel?: number;
    readonly macBytes?: number;
    readonly signature?: Uint8Array;
  } = {},
): Uint8Array {
  const payload = encode(GOSSIP_MESSAGE, {
    tag: TAG.chanOrOrg,
    content: {
      type: "state-info",
      value: {
        pkiId: pkiIdBytes(author.pkiId),
        timestamp: { incNum: 1n, seqNum: options.seqNum ?? 1n },
        channelMac: new Uint8Array(options.macBytes ?? 32).fill(options.channel ?? 1),
        properties: { ledgerHeight: 7n },
      },
    },
  });
  const signature = options.signature ?? testSignature(author.pkiId, payload);
  return encodeEnvelope({ payload, signature }).bytes;
}
