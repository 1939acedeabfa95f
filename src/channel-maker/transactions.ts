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
  CHAINCODE_INVOCATION_SPEC,
  CHAINCODE_PROPOSAL_PAYLOAD,
  PROPOSAL_RESPONSE_PAYLOAD,
  TRANSACTION,
} from "../wire/transaction-messages.ts";

/** A signer. */
export interface TransactionAuthor {
  /** Its serialized identity. */
  readonly creator: Uint8Array;
  /** Signs synchronously, as with a key file. */
  readonly sign: (payload: Uint8Array) => Uint8Array;
}

/** External dependencies of channel making. */
export interface MakerHost {
  sha256(parts: readonly Uint8Array[]): Uint8Array;
  /** 24 fresh random bytes. */
  nonce(): Uint8Array;
  /** Milliseconds since the epoch. */
  wallMs(): number;
}

/** Fabric's transaction id: the hash over nonce and creator. */
function transactionId(host: MakerHost, nonce: Uint8Array, creator: Uint8Array): string {
  return toHex(host.sha256([nonce, creator]));
}

/** The headers of a transaction, which its action repeats and its endorsers sign. */
export interface EncodedHeaders {
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
}

interface TransactionPlan {
  readonly channel: string;
  readonly data: Uint8Array | ((headers: EncodedHeaders) => Uint8Array);
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
    // Fabric's tools write version 1 for configurations, clients 0; nothing reads the value.
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
  const signatureHeader = encode(SIGNATURE_HEADER, { creator, nonce });
  const headers = { channelHeader: encode(CHANNEL_HEADER, channelHeader), signatureHeader };
  return seal(channelHeader, typeof data === "function" ? data(headers) : data, {
    signatureHeader,
    sign: author?.sign ?? (() => EMPTY_BYTES),
  });
}

/**
 * The data of a chaincode's transaction: one action that changes nothing, endorsed by its author. A peer
 * finds it well-formed: the action has the nonce of the transaction, and the endorsement names the proposal.
 */
export function chaincodeCall(
  host: MakerHost,
  { channelHeader, signatureHeader }: EncodedHeaders,
  {
    author: { creator, sign },
    name,
    said,
  }: { author: TransactionAuthor; name: string; said: string },
): Uint8Array {
  const chaincodeId = { name };
  const payload = new TextEncoder().encode(said);
  const extension = encode(CHAINCODE_ACTION, { response: { status: 200, payload }, chaincodeId });
  const chaincodeProposalPayload = encode(CHAINCODE_PROPOSAL_PAYLOAD, {
    input: encode(CHAINCODE_INVOCATION_SPEC, { chaincodeSpec: { chaincodeId } }),
  });
  const proposalHash = host.sha256([channelHeader, signatureHeader, chaincodeProposalPayload]);
  const proposalResponsePayload = encode(PROPOSAL_RESPONSE_PAYLOAD, { proposalHash, extension });
  const signature = sign(joined(proposalResponsePayload, creator));
  const action = { proposalResponsePayload, endorsements: [{ endorser: creator, signature }] };
  const called = encode(CHAINCODE_ACTION_PAYLOAD, { chaincodeProposalPayload, action });
  return encode(TRANSACTION, { actions: [{ header: signatureHeader, payload: called }] });
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
