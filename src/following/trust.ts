/**
 * The trusted configuration of a channel, and the block that contains it. It comes from a file or
 * from peers of our own organisation; from then on each configuration is proven by orderer
 * signatures under its predecessor.
 */

import { headerHash } from "../channel/rules/header-hash.ts";
import type { InTurns } from "../channel/rules/in-turns.ts";
import { parseBlockInTurns } from "../channel/rules/read-block.ts";
import { readConfigurationInTurns } from "../channel/rules/read-configuration.ts";
import { whyNoSuccessor } from "../channel/rules/successor.ts";
import { verifyBlockInTurns } from "../channel/rules/verify-block.ts";
import type { Block, BlockFault, ExpectedBlock, VerifiedBlock } from "../channel/types/block.ts";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { accept } from "../wire/verdict.ts";

/** A configuration, its block, and its origin. */
export interface Trust {
  readonly configuration: ChannelConfiguration;
  readonly block: Block;
  /** Hash of the block's header. */
  readonly hash: Uint8Array;
  /** The origin in words, for the user. */
  readonly origin: string;
}

/** A fault of a block, in words. */
interface BlockProblem {
  readonly ok: false;
  readonly code: string;
  readonly reason: string;
}

export type Judged<T> = { readonly ok: true; readonly value: T } | BlockProblem;

/** Reads a configuration block; nothing says yet that it is to be believed. */
export function* makeTrust(
  host: ChannelHost,
  bytes: Uint8Array,
  origin: string,
): InTurns<Judged<Trust>> {
  const block = yield* parseBlockInTurns(bytes);
  if (!block.ok) return problem(block.code, block.reason ?? "it cannot be read");
  const configuration = yield* readConfigurationInTurns(host, block.value);
  if (!configuration.ok) {
    const isNone = configuration.code === "block-no-configuration";
    const what = isNone ? "it holds transactions" : (configuration.reason ?? configuration.code);
    return problem(configuration.code, what);
  }
  const hash = headerHash(host, block.value.header);
  return accept({ configuration: configuration.value, block: block.value, hash, origin });
}

/** Why the configuration must not judge anything; undefined: it may. */
export function whyUnusable({ configuration }: Trust): string | undefined {
  const { faults } = configuration;
  if (faults.length === 0) return undefined;
  const first = faults.slice(0, 3).map(({ path, detail }) => `${path}: ${detail}`);
  return `nothing can be verified under this configuration (${first.join("; ")})`;
}

/** Judges a block by the configuration before it. */
export function* judgeBlock(
  host: ChannelHost,
  { configuration }: Trust,
  block: Block,
  expected: Omit<ExpectedBlock, "channel">,
): InTurns<Judged<VerifiedBlock>> {
  const { channel } = configuration;
  const verdict = yield* verifyBlockInTurns(host, block, { configuration, channel, ...expected });
  return verdict.ok ? verdict : problem(verdict.code, BLOCK_FAULTS[verdict.code]);
}

/** What is wrong with a block, following its number. */
export const BLOCK_FAULTS: Readonly<Record<BlockFault, string>> = {
  "block-malformed": "it cannot be read, or lacks a part",
  "block-number": "its header has another number",
  "block-channel": "it is of another channel",
  "block-transactions": "a transaction is not encoded as it must be",
  "block-data-hash": "its transactions are not those of its header",
  "block-previous-hash": "it does not follow the block before",
  "block-signatures": "its signatures cannot be read",
  "block-policy": "those who signed it do not satisfy the policy BlockValidation",
};

/** The configuration that a verified block brings. */
export function* follow(
  host: ChannelHost,
  before: Trust,
  { block }: VerifiedBlock,
): InTurns<Judged<Trust>> {
  const next = yield* makeTrust(host, block.bytes, before.origin);
  if (!next.ok) return next;
  const faults = whyNoSuccessor(before.configuration, next.value.configuration);
  const [first] = faults;
  if (first !== undefined) return problem(first.code, `${first.path}: ${first.detail}`);
  return next;
}

export function problem(code: string, reason: string): BlockProblem {
  return { ok: false, code, reason };
}
