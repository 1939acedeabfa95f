/** What a block contains, for display. */
import {
  channelHeaderOf,
  commitHashOf,
  isConfigBlock,
  lastConfigOf,
  validationCodesOf,
} from "../channel/rules/read-block.ts";
import type { Block, VerifiedBlock } from "../channel/types/block.ts";
import { HEADER_TYPE } from "../wire/block-messages.ts";
import type { BlockAgreement, ReadBlock } from "./views.ts";

/**
 * Creation time of the block's first transaction by its client's clock, in milliseconds since the
 * epoch. Blocks have no time of their own.
 */
export function madeAtMs({ transactions: [first] }: Block): number | undefined {
  const timestamp = first && channelHeaderOf(first)?.timestamp;
  if (timestamp === undefined) return undefined;
  const ms = Number(timestamp.seconds) * 1_000 + Math.trunc(timestamp.nanos / 1_000_000);
  return Math.abs(ms) <= DATE_MS_MAX ? ms : undefined;
}

/** The last time that a Date can hold. */
const DATE_MS_MAX = 8_640_000_000_000_000;

/** Number of the newest configuration block up to and including this one. */
export function configNumber(block: Block): bigint | undefined {
  if (isConfigBlock(block)) return block.header.number;
  const number = lastConfigOf(block);
  return number !== undefined && number < block.header.number ? number : undefined;
}

/** What kind of block it is. */
function kindOf(block: Block): "genesis" | "config" | "transactions" | "other" {
  const [first] = block.transactions;
  const type = first && channelHeaderOf(first)?.type;
  if (type === HEADER_TYPE.config) return block.header.number === 0n ? "genesis" : "config";
  return type === HEADER_TYPE.endorserTransaction ? "transactions" : "other";
}

/** A verified block, or its stored part. */
type Described = Omit<VerifiedBlock, "signers"> & {
  readonly signers: readonly { readonly mspId: string; readonly subject: string }[];
};

/** A verified block as it is told. */
export function factsOfBlock(
  { block, hash, signers, isConfig }: Described,
  told: {
    readonly channel: string;
    readonly endpoint: string;
    readonly agreement: BlockAgreement;
    readonly receivedAtMs: number;
  },
): ReadBlock {
  const { number, previousHash, dataHash } = block.header;
  const ms = madeAtMs(block);
  const described = {
    channel: told.channel,
    number,
    hash,
    previousHash,
    dataHash,
    transactions: block.transactions.length,
    bytes: block.bytes.length,
    isConfig,
    kind: kindOf(block),
    signedBy: signers.map(({ mspId, subject }) => ({ mspId, subject })),
    madeAt: ms === undefined ? null : new Date(ms),
    lastConfig: configNumber(block) ?? null,
    validationCodes: [...(validationCodesOf(block) ?? [])],
    commitHash: commitHashOf(block) ?? null,
    agreement: told.agreement,
    receivedAt: new Date(told.receivedAtMs),
    from: told.endpoint,
  };
  return { block: described, raw: block.bytes };
}
