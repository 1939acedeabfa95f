/** Checks whether a peer has the block that its published height implies. */
import { headerHash } from "../channel/rules/header-hash.ts";
import type { InTurns } from "../channel/rules/in-turns.ts";
import type { Block } from "../channel/types/block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { turnsOf } from "../lib/slices.ts";
import { equalBytes } from "../wire/bytes.ts";
import { accept } from "../wire/verdict.ts";
import type { AskedPeer } from "./asked-peer.ts";
import { configNumber } from "./block-facts.ts";
import { fetchBlock, forgetBlocks } from "./fetch.ts";
import { advance } from "./find-trust.ts";
import { type Judged, judgeBlock, problem, type Trust } from "./trust.ts";

/** The configuration in force after that block; or why the height is not proven. */
type Proof =
  | { readonly ok: true; readonly value: Trust }
  /**
   * `isLie`: the peer served an invalid block; `isUnusable`: the orderers signed a configuration
   * that we cannot use; otherwise it did not answer.
   */
  | {
      readonly ok: false;
      readonly isLie: boolean;
      readonly isUnusable?: boolean;
      readonly code: string;
      readonly reason: string;
    };

export async function proveHeight(
  host: ChannelHost,
  peer: AskedPeer,
  trust: Trust,
  height: bigint,
): Promise<Proof> {
  const { channel, blockNumber } = trust.configuration;
  const block = await fetchBlock(peer, channel, height - 1n);
  if (!block.ok) {
    const { code, reason } = block;
    return { ok: false, isLie: code === "absent", code, reason };
  }
  const number = configNumber(block.value);
  const isNew = number !== undefined && number > blockNumber;
  const next = isNew ? await advance(host, peer, trust, number) : accept(trust);
  if (!next.ok) {
    const { code, reason } = next;
    return { ok: false, isLie: isLie(code), isUnusable: code === "untrusted", code, reason };
  }
  const judged = await turnsOf(judgeUnderNamed(host, next.value, block.value), peer.clock);
  if (judged.ok) return next;
  forgetBlocks(peer);
  return { ok: false, isLie: true, code: judged.code, reason: judged.reason };
}

/** A silent peer has not lied; neither has one whose configuration we cannot read. */
function isLie(code: string): boolean {
  return code.startsWith("block-") || code === "absent" || code === "config-sequence";
}

/**
 * Judges a block under the configuration that it names as the newest one; the signatures cover that name.
 * A block that is the trusted one itself is not judged by its own configuration.
 */
export function* judgeUnderNamed(
  host: ChannelHost,
  trust: Trust,
  block: Block,
): InTurns<Judged<unknown>> {
  const { number } = block.header;
  if (number !== trust.configuration.blockNumber) {
    return yield* judgeBlock(host, trust, block, { number });
  }
  const isSame = equalBytes(headerHash(host, block.header), trust.hash);
  return isSame ? accept(block) : problem("block-policy", "it is not the one that is trusted");
}
