/** What a block says of itself, for people: when, what, how many. */
import { channelHeaderOf } from "../channel/rules/read-block.ts";
import type { Block } from "../channel/types/block.ts";
import { HEADER_TYPE } from "../wire/block-messages.ts";

/**
 * When the block's first transaction was made, by the clock of whoever made it; milliseconds since
 * the epoch. Blocks themselves bear no time.
 */
export function madeAtMs({ transactions: [first] }: Block): number | undefined {
  const timestamp = first && channelHeaderOf(first)?.timestamp;
  if (timestamp === undefined) return undefined;
  const ms = Number(timestamp.seconds) * 1_000 + Math.trunc(timestamp.nanos / 1_000_000);
  return Math.abs(ms) <= DATE_MS_MAX ? ms : undefined;
}

/** The last moment that a date can hold. */
const DATE_MS_MAX = 8_640_000_000_000_000;

/** What kind of block it is. */
export function kindOf(block: Block): "genesis" | "config" | "transactions" | "other" {
  const [first] = block.transactions;
  const type = first && channelHeaderOf(first)?.type;
  if (type === HEADER_TYPE.config) return block.header.number === 0n ? "genesis" : "config";
  return type === HEADER_TYPE.endorserTransaction ? "transactions" : "other";
}
