/**
 * What a chaincode transaction says besides its effects (`peer/transaction.proto`, `proposal.proto`,
 * `chaincode.proto`): who called what, and who endorsed it. Read and write sets stay bytes.
 */
import { bytes, bytesOf, int32, message, repeated, string, table, type Value } from "./schema.ts";

/** Fabric writes one. */
const ACTIONS_MAX = 100;
const ENDORSEMENTS_MAX = 1_000;
const MESSAGE_BYTES_MAX = 65_536;

/**
 * Names of validation codes, which peers put into a block beside what is signed
 * (Fabric: `TxValidationCode`).
 */
export const VALIDATION_CODES: ReadonlyMap<number, string> = new Map([
  ...[
    "VALID",
    "NIL_ENVELOPE",
    "BAD_PAYLOAD",
    "BAD_COMMON_HEADER",
    "BAD_CREATOR_SIGNATURE",
    "INVALID_ENDORSER_TRANSACTION",
    "INVALID_CONFIG_TRANSACTION",
    "UNSUPPORTED_TX_PAYLOAD",
    "BAD_PROPOSAL_TXID",
    "DUPLICATE_TXID",
    "ENDORSEMENT_POLICY_FAILURE",
    "MVCC_READ_CONFLICT",
    "PHANTOM_READ_CONFLICT",
    "UNKNOWN_TX_TYPE",
    "TARGET_CHAIN_NOT_FOUND",
    "MARSHAL_TX_ERROR",
    "NIL_TXACTION",
    "EXPIRED_CHAINCODE",
    "CHAINCODE_VERSION_CONFLICT",
    "BAD_HEADER_EXTENSION",
    "BAD_CHANNEL_HEADER",
    "BAD_RESPONSE_PAYLOAD",
    "BAD_RWSET",
    "ILLEGAL_WRITESET",
    "INVALID_WRITESET",
    "INVALID_CHAINCODE",
  ].map((name, code): [number, string] => [code, name]),
  [254, "NOT_VALIDATED"],
  [255, "INVALID_OTHER_REASON"],
]);

export const CHAINCODE_ID = table({ path: string(1), name: string(2), version: string(3) });
/** The `extension` of a chaincode transaction's channel header. */
export const CHAINCODE_HEADER_EXTENSION = table({ chaincodeId: message(2, CHAINCODE_ID) });
export const CHAINCODE_SPEC = table({ chaincodeId: message(2, CHAINCODE_ID) });
export const CHAINCODE_INVOCATION_SPEC = table({ chaincodeSpec: message(1, CHAINCODE_SPEC) });
/** What a client proposed: the chaincode, and its arguments, which we never read. */
export const CHAINCODE_PROPOSAL_PAYLOAD = table({ input: bytesOf(1, CHAINCODE_INVOCATION_SPEC) });
export const TRANSACTION_ACTION = table({ header: bytes(1), payload: bytes(2) });
export const TRANSACTION = table({
  actions: repeated(message(1, TRANSACTION_ACTION), ACTIONS_MAX),
});
export const ENDORSEMENT = table({ endorser: bytes(1), signature: bytes(2) });
export const RESPONSE = table({
  status: int32(1),
  message: string(2, { bytesMax: MESSAGE_BYTES_MAX }),
  payload: bytes(3),
});
export const CHAINCODE_ACTION = table({
  results: bytes(1),
  events: bytes(2),
  response: message(3, RESPONSE),
  chaincodeId: message(4, CHAINCODE_ID),
});
export const PROPOSAL_RESPONSE_PAYLOAD = table({
  proposalHash: bytes(1),
  extension: bytesOf(2, CHAINCODE_ACTION),
});
export const CHAINCODE_ENDORSED_ACTION = table({
  proposalResponsePayload: bytesOf(1, PROPOSAL_RESPONSE_PAYLOAD),
  endorsements: repeated(message(2, ENDORSEMENT), ENDORSEMENTS_MAX),
});
export const CHAINCODE_ACTION_PAYLOAD = table({
  chaincodeProposalPayload: bytes(1),
  action: message(2, CHAINCODE_ENDORSED_ACTION),
});

export type Transaction = Value<typeof TRANSACTION>;
