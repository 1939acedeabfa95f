/** Finds the configuration that precedes a block. */
import { headerHash } from "../channel/rules/header-hash.ts";
import { configNumber } from "../following/block-facts.ts";
import { fetchBlock, forgetBlocks } from "../following/fetch.ts";
import { advance } from "../following/find-trust.ts";
import { judgeUnderNamed } from "../following/prove-height.ts";
import { type Judged, makeTrust, problem, type Trust, whyUnusable } from "../following/trust.ts";
import { turnsOf } from "../lib/slices.ts";
import { accept } from "../wire/verdict.ts";
import type { PeerStream } from "./peer-stream.ts";
import type { ViewOfChannel, ViewRound } from "./view-of-channel.ts";

interface Start {
  readonly trust: Trust;
  /** Hash of the block before. */
  readonly previousHash: Uint8Array;
  /**
   * Whether the trusted block proves it; otherwise it is the peer's word until the trusted block is
   * reached.
   */
  readonly isProven: boolean;
}

/** `first` is at least 1 and at most the peer's height. */
export async function startOf(
  { host, session }: ViewOfChannel,
  { anchor, trust: newest }: ViewRound,
  stream: PeerStream,
  first: bigint,
): Promise<Judged<Start>> {
  const before = await fetchBlock(stream, session.channel, first - 1n);
  if (!before.ok) return before;
  const previousHash = headerHash(host, before.value.header);
  const number = configNumber(before.value);
  if (number === undefined) {
    return problem("no-configuration", `block ${first - 1n} names no configuration block`);
  }
  const known = [newest, anchor].find(({ configuration }) => configuration.blockNumber === number);
  if (known !== undefined || number > anchor.configuration.blockNumber) {
    const trust = known ? accept(known) : await advance(host, stream, anchor, number);
    if (!trust.ok) return trust;
    // Else a peer could name an older configuration than the one that was in force.
    const judged = await turnsOf(judgeUnderNamed(host, trust.value, before.value));
    if (judged.ok) return accept({ trust: trust.value, previousHash, isProven: true });
    forgetBlocks(stream);
    return problem(judged.code, `block ${first - 1n}: ${judged.reason}`);
  }
  const block = await fetchBlock(stream, session.channel, number);
  if (!block.ok) return block;
  const origin = `taken from ${stream.target.name}`;
  const trust = await turnsOf(makeTrust(host, block.value.bytes, origin));
  if (!trust.ok) return problem(trust.code, `configuration block ${number}: ${trust.reason}`);
  const { channel } = trust.value.configuration;
  const reason =
    whyUnusable(trust.value) ??
    (channel === session.channel ? undefined : "it is of another channel");
  if (reason !== undefined) return problem("untrusted", `configuration block ${number}: ${reason}`);
  return accept({ trust: trust.value, previousHash, isProven: false });
}
