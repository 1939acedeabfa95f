/**
 * Whether a block is to be believed: the only way to make a {@link VerifiedBlock}. Source: C2 7 and
 * C3 5, Fabric's `VerifyBlock` and `BlockSignatureVerifier`; the chain of hashes is ours to check.
 */
import {
  IDENTIFIER_HEADER,
  METADATA,
  METADATA_INDEX,
  type MetadataSignature,
  SIGNATURE_HEADER,
} from "../../wire/block-messages.ts";
import { equalBytes } from "../../wire/bytes.ts";
import { decode } from "../../wire/decode.ts";
import { encode } from "../../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { Block, BlockFault, ExpectedBlock, VerifiedBlock } from "../types/block.ts";
import type { ChannelConfiguration } from "../types/configuration.ts";
import type { ChannelHost, ChannelIdentity } from "../types/host.ts";
import { BLOCK_VALIDATION } from "./bft-policy.ts";
import { isSatisfied } from "./evaluate-policy.ts";
import { hashInTurns } from "./hash-in-turns.ts";
import { headerBytes } from "./header-hash.ts";
import { type SignedData, signersInTurns } from "./identities.ts";
import { atOnce, type InTurns } from "./in-turns.ts";
import { areWellFormed, channelHeaderOf, isConfigBlock } from "./read-block.ts";

/** The configuration before the block, and the expected block. */
interface BlockQuestion extends ExpectedBlock {
  readonly configuration: ChannelConfiguration;
}

/** Verifies a block by the signatures of its orderers. */
export function verifyBlock(
  host: ChannelHost,
  block: Block,
  question: BlockQuestion,
): Verdict<VerifiedBlock, BlockFault> {
  return atOnce(verifyBlockInTurns(host, block, question));
}

export function* verifyBlockInTurns(
  host: ChannelHost,
  block: Block,
  question: BlockQuestion,
): InTurns<Verdict<VerifiedBlock, BlockFault>> {
  const { configuration } = question;
  const fault = yield* contentFault(host, block, question, configuration.isBft);
  if (fault !== undefined) return reject(fault);
  const header = headerBytes(block.header);
  const signed = signedDataOf(block, header, configuration);
  if (signed === undefined) return reject("block-signatures");
  const signers = yield* signersInTurns(configuration.msps, signed);
  const policy = configuration.policies.get(BLOCK_VALIDATION) ?? { type: "reject" };
  if (!isSatisfied(policy, signers, configuration.msps)) return reject("block-policy");
  return accept(verified(host, block, header, signers));
}

/**
 * Believes a block because a believed one names its hash. The only way for block 0, which nobody
 * signs, and a cheap one for all that come before a block that was verified.
 */
export function verifyByHash(
  host: ChannelHost,
  block: Block,
  expected: ExpectedBlock & { readonly hash: Uint8Array },
): Verdict<VerifiedBlock, BlockFault> {
  return atOnce(verifyByHashInTurns(host, block, expected));
}

export function* verifyByHashInTurns(
  host: ChannelHost,
  block: Block,
  expected: ExpectedBlock & { readonly hash: Uint8Array },
): InTurns<Verdict<VerifiedBlock, BlockFault>> {
  const fault = yield* contentFault(host, block, expected, false);
  if (fault !== undefined) return reject(fault);
  const result = verified(host, block, headerBytes(block.header), []);
  return equalBytes(result.hash, expected.hash) ? accept(result) : reject("block-previous-hash");
}

function verified(
  host: ChannelHost,
  block: Block,
  header: Uint8Array,
  signers: readonly ChannelIdentity[],
): VerifiedBlock {
  return { block, hash: host.sha256([header]), signers, isConfig: isConfigBlock(block) };
}

/** Faults other than signatures; cheap checks first. */
function* contentFault(
  host: ChannelHost,
  block: Block,
  expected: ExpectedBlock,
  isBft: boolean,
): InTurns<BlockFault | undefined> {
  const { header, transactions, metadata } = block;
  if (header.number !== expected.number) return "block-number";
  const [first] = transactions;
  if (first === undefined || metadata.length === 0) return "block-malformed";
  const { previousHash } = expected;
  if (previousHash !== undefined && !equalBytes(header.previousHash, previousHash)) {
    return "block-previous-hash";
  }
  if (channelHeaderOf(first)?.channelId !== expected.channel) return "block-channel";
  if (!(yield* areWellFormed(block, isBft))) return "block-transactions";
  const dataHash = yield* hashInTurns(host, transactions);
  return equalBytes(dataHash, header.dataHash) ? undefined : "block-data-hash";
}

/**
 * Maximum size of the signed metadata, which is hashed once per signature; usually a few hundred
 * bytes.
 */
const SIGNED_BYTES_MAX = 1_048_576;

/** Undefined: one of the signatures cannot be read, which spoils the block, as in Fabric. */
function signedDataOf(
  { metadata }: Block,
  header: Uint8Array,
  configuration: ChannelConfiguration,
): readonly SignedData[] | undefined {
  const element = metadata[METADATA_INDEX.signatures];
  const decoded = element && decode(METADATA, element);
  if (!decoded?.ok) return undefined;
  const { value, signatures } = decoded.value;
  const signed: SignedData[] = [];
  for (const one of signatures) {
    const signer = signerOf(one, configuration);
    if (signer === undefined) return undefined;
    if (signer === "unknown") continue;
    const { identity, head } = signer;
    if (value.length + head.length + header.length > SIGNED_BYTES_MAX) return undefined;
    signed.push({ identity, data: [value, head, header], signature: one.signature });
  }
  return signed;
}

/** A serialized identity, and the header that is signed with the block. */
interface SignatureClaim {
  readonly identity: Uint8Array;
  readonly head: Uint8Array;
}

/** "unknown": a number that no orderer has; ignored. */
function signerOf(
  { signatureHeader, identifierHeader }: MetadataSignature,
  { isBft, consensus }: ChannelConfiguration,
): SignatureClaim | "unknown" | undefined {
  if (isBft && signatureHeader.length === 0 && identifierHeader.length > 0) {
    const decoded = decode(IDENTIFIER_HEADER, identifierHeader);
    if (!decoded.ok) return undefined;
    const { identifier } = decoded.value;
    const consenter = consensus?.bft.find(({ id }) => id === identifier);
    if (consenter === undefined) return "unknown";
    const { mspId: mspid, identity: idBytes } = consenter;
    return { identity: encode(SERIALIZED_IDENTITY, { mspid, idBytes }), head: identifierHeader };
  }
  const decoded = decode(SIGNATURE_HEADER, signatureHeader);
  return decoded.ok ? { identity: decoded.value.creator, head: signatureHeader } : undefined;
}
