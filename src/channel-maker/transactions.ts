/** Transaction envelopes: of applications, and those that hold a configuration. */
import {
  CHANNEL_HEADER,
  COMMON_ENVELOPE,
  COMMON_PAYLOAD,
  HEADER_TYPE,
  SIGNATURE_HEADER,
} from "../wire/block-messages.ts";
import { EMPTY_BYTES, toHex } from "../wire/bytes.ts";
import { encode } from "../wire/encode.ts";
import type { Init } from "../wire/schema.ts";
import {
  CHAINCODE_ACTION,
  CHAINCODE_ACTION_PAYLOAD,
  CHAINCODE_HEADER_EXTENSION,
  PROPOSAL_RESPONSE_PAYLOAD,
  TRANSACTION,
} from "../wire/transaction-messages.ts";

/** Somebody who signs. */
export interface TransactionAuthor {
  /** Its serialized identity. */
  readonly creator: Uint8Array;
  /** Signs at once, as a key in a file does. */
  readonly sign: (payload: Uint8Array) => Uint8Array;
}

/** What making channels needs from outside. */
export interface MakerHost {
  sha256(parts: readonly Uint8Array[]): Uint8Array;
  /** 24 bytes that were never used before. */
  nonce(): Uint8Array;
  /** Milliseconds since the epoch. */
  wallMs(): number;
}

/** Fabric's name of a transaction: the hash over its nonce and creator. */
function transactionId(host: MakerHost, nonce: Uint8Array, creator: Uint8Array): string {
  return toHex(host.sha256([nonce, creator]));
}

interface TransactionPlan {
  readonly channel: string;
  readonly data: Uint8Array;
  /** Undefined: nobody signs, as in the first block. */
  readonly author: TransactionAuthor | undefined;
  /** Default: a configuration. */
  readonly chaincode?: string;
}

export function makeTransaction(host: MakerHost, plan: TransactionPlan): Uint8Array {
  const { channel: channelId, data, author, chaincode } = plan;
  const creator = author?.creator ?? EMPTY_BYTES;
  const nonce = host.nonce();
  const wallMs = host.wallMs();
  const channelHeader = {
    // Fabric's tools write version 1 into configurations, clients 0 into the rest; nobody reads it.
    ...(chaincode === undefined
      ? { type: HEADER_TYPE.config, version: 1 }
      : { type: HEADER_TYPE.endorserTransaction, extension: extensionFor(chaincode) }),
    timestamp: {
      seconds: BigInt(Math.trunc(wallMs / 1_000)),
      nanos: Math.trunc(wallMs % 1_000) * 1_000_000,
    },
    channelId,
    txId: transactionId(host, nonce, creator),
  };
  return seal(channelHeader, data, {
    signatureHeader: encode(SIGNATURE_HEADER, { creator, nonce }),
    sign: author?.sign ?? (() => EMPTY_BYTES),
  });
}

/** The data of a chaincode's transaction: one action that changes nothing, endorsed by its author. */
export function chaincodeCall(
  { creator, sign }: TransactionAuthor,
  name: string,
  said: string,
): Uint8Array {
  const chaincodeId = { name };
  const payload = new TextEncoder().encode(said);
  const extension = encode(CHAINCODE_ACTION, { response: { status: 200, payload }, chaincodeId });
  const proposalResponsePayload = encode(PROPOSAL_RESPONSE_PAYLOAD, { extension });
  const signature = sign(joined(proposalResponsePayload, creator));
  const action = { proposalResponsePayload, endorsements: [{ endorser: creator, signature }] };
  const header = encode(SIGNATURE_HEADER, { creator });
  const actions = [{ header, payload: encode(CHAINCODE_ACTION_PAYLOAD, { action }) }];
  return encode(TRANSACTION, { actions });
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const extensionFor = (name: string): Uint8Array =>
  encode(CHAINCODE_HEADER_EXTENSION, { chaincodeId: { name } });

/** An envelope with these parts. */
export function seal(
  channelHeader: Init<typeof CHANNEL_HEADER>,
  data: Uint8Array,
  {
    signatureHeader = EMPTY_BYTES,
    sign,
  }: { signatureHeader?: Uint8Array; sign: TransactionAuthor["sign"] },
): Uint8Array {
  const header = { channelHeader: encode(CHANNEL_HEADER, channelHeader), signatureHeader };
  const payload = encode(COMMON_PAYLOAD, { header, data });
  return encode(COMMON_ENVELOPE, { payload, signature: sign(payload) });
}
