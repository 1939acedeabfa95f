/** Blocks as orderers make and sign them, with the metadata that a peer adds. */
import { headerBytes } from "../channel/rules/header-hash.ts";
import {
  BLOCK,
  type BlockHeader,
  IDENTIFIER_HEADER,
  LAST_CONFIG,
  METADATA,
  ORDERER_BLOCK_METADATA,
  SIGNATURE_HEADER,
} from "../wire/block-messages.ts";
import { EMPTY_BYTES } from "../wire/bytes.ts";
import { encode } from "../wire/encode.ts";
import { joined, type MakerHost, type TransactionAuthor } from "./transactions.ts";

/** The signer of a block, identified by certificate or, for BFT orderers, by number. */
export type BlockSigner =
  | TransactionAuthor
  | { readonly id: number; readonly sign: TransactionAuthor["sign"] };

interface BlockPlan {
  readonly header: BlockHeader;
  readonly transactions: readonly Uint8Array[];
  readonly signers: readonly BlockSigner[];
  /** Number of the newest configuration block, this one included. */
  readonly lastConfig: bigint;
  /** Elements after the signatures. */
  readonly metadata?: readonly Uint8Array[];
}

export function makeBlock(host: Pick<MakerHost, "nonce">, plan: BlockPlan): Uint8Array {
  const { header, transactions: data, lastConfig, metadata = [] } = plan;
  const value = encode(ORDERER_BLOCK_METADATA, { lastConfig: { index: lastConfig } });
  const signed = headerBytes(header);
  const signatures = plan.signers.map((signer) => {
    const [name, head] = signatureHead(signer, host.nonce());
    return { [name]: head, signature: signer.sign(joined(value, head, signed)) };
  });
  const elements = [encode(METADATA, { value, signatures }), ...metadata];
  return encode(BLOCK, { header, data: { data }, metadata: { metadata: elements } });
}

function signatureHead(
  signer: BlockSigner,
  nonce: Uint8Array,
): readonly ["identifierHeader" | "signatureHeader", Uint8Array] {
  return "id" in signer
    ? ["identifierHeader", encode(IDENTIFIER_HEADER, { identifier: signer.id, nonce })]
    : ["signatureHeader", encode(SIGNATURE_HEADER, { creator: signer.creator, nonce })];
}

/** Metadata that `configtxgen` writes into a first block after its (empty) signatures. */
export function genesisMetadata(): readonly Uint8Array[] {
  const lastConfig = encode(METADATA, { value: encode(LAST_CONFIG, { index: 0n }) });
  return [lastConfig, EMPTY_BYTES, EMPTY_BYTES, EMPTY_BYTES];
}

/** Metadata that a peer adds on commit: a code per transaction, and the cumulative commit hash. */
export function committedMetadata(codes: Uint8Array, commitHash: Uint8Array): Uint8Array[] {
  return [EMPTY_BYTES, codes, EMPTY_BYTES, encode(METADATA, { value: commitHash })];
}
