/** Fetches the configuration of a channel from a peer and follows it to the newest one. */
import { recognize } from "../channel/rules/identities.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { Identity } from "../core/types/host.ts";
import { turnsOf } from "../lib/slices.ts";
import { accept } from "../wire/verdict.ts";
import type { AskedPeer } from "./asked-peer.ts";
import { configNumber } from "./block-facts.ts";
import { fetchBlock, forgetBlocks } from "./fetch.ts";
import {
  follow,
  type Judged,
  judgeBlock,
  makeTrust,
  problem,
  type Trust,
  whyUnusable,
} from "./trust.ts";

/** Codes of blocks, or of what they hold. */
const SPOILED = /^(?:block|config)-|^no-configuration$/;
/** Maximum configurations between the trusted one and the newest. */
const CONFIGS_MAX = 10_000;

/** What we want to know of a peer, and who we are. */
interface TrustQuestion {
  readonly channel: string;
  /** The peer's published height. */
  readonly height: bigint | undefined;
  readonly self: Identity;
  /** How our user can name another start: "give --trust". */
  readonly remedy: string;
}

/**
 * The newest configuration of a peer. This takes two requests: the newest block, then the
 * configuration block that it names.
 */
export async function askTrust(
  peer: AskedPeer,
  host: ChannelHost,
  question: TrustQuestion,
): Promise<Judged<Trust>> {
  return forgetIfSpoiled(peer, await findTrust(peer, host, question));
}

async function findTrust(
  peer: AskedPeer,
  host: ChannelHost,
  { channel, height, self, remedy }: TrustQuestion,
): Promise<Judged<Trust>> {
  if (height === undefined || height === 0n) {
    const why = "it has published no height, as it sees no other peer yet or has left the channel";
    return problem("no-height", `${why}: ask another one, or ${remedy}`);
  }
  const newest = await fetchBlock(peer, channel, height - 1n);
  if (!newest.ok) return problem(newest.code, tellFetch(newest, height - 1n));
  const number = configNumber(newest.value);
  if (number === undefined || number >= height) {
    return problem("no-configuration", "its newest block names no configuration block");
  }
  const isSame = number === newest.value.header.number;
  const block = isSame ? newest : await fetchBlock(peer, channel, number);
  if (!block.ok) return problem(block.code, tellFetch(block, number));
  const trust = await turnsOf(makeTrust(host, block.value.bytes, originOf(peer)), peer.clock);
  if (!trust.ok) return problem(trust.code, `its configuration block ${number}: ${trust.reason}`);
  const { configuration } = trust.value;
  if (configuration.channel !== channel) {
    const which = `its configuration block ${number} is of channel ${configuration.channel}`;
    return problem("block-channel", which);
  }
  const unusable = whyUnusable(trust.value) ?? whyNotOurs(trust.value, peer, self);
  return unusable === undefined ? trust : problem("untrusted", unusable);
}

function originOf({ name, identity: { mspId } }: AskedPeer): string {
  return `taken from ${name} of ${mspId}, whose word it is`;
}

function tellFetch({ code, reason }: { code: string; reason: string }, number: bigint): string {
  if (code !== "silent") return reason;
  return (
    `it does not answer when asked for block ${number}: ` +
    "our certificate does not satisfy the Readers policy of the channel, or is revoked there"
  );
}

/** The configuration must accept the peer that served it, and us. */
function whyNotOurs(trust: Trust, peer: AskedPeer, self: Identity): string | undefined {
  const why = whyStranger(trust, peer.identity);
  if (why !== undefined) return `under the configuration that it gives it is nobody: ${why}`;
  const us = whyStranger(trust, self);
  return us && `our certificate is not accepted on the channel: ${us}`;
}

/** Why an identity is no valid member of a channel organisation; undefined: it is. */
export function whyStranger({ configuration }: Trust, identity: Identity): string | undefined {
  const { mspId, bytes } = identity;
  if (!configuration.organisations.some((one) => one.mspId === mspId)) {
    return `${mspId} is no organisation of the channel`;
  }
  const known = recognize(configuration.msps, bytes);
  if (known === undefined) return `${mspId} does not know the CA of its certificate`;
  return known.refusal;
}

/** Why a configuration refuses our certificate, although our organisation is on the channel; without the end of the sentence. */
export function whyRefused(trust: Trust, self: Identity): string | undefined {
  const { organisations, sequence, blockNumber } = trust.configuration;
  if (!organisations.some(({ mspId }) => mspId === self.mspId)) return undefined;
  const why = whyStranger(trust, self);
  const which = `configuration ${sequence} of block ${blockNumber}, ${trust.origin}`;
  return why && `our certificate is not accepted under ${which}: ${why}`;
}

/** The same of a configuration block; one that cannot be read refuses nobody. */
export function whyRefusedBy(
  host: ChannelHost,
  block: Uint8Array,
  origin: string,
  self: Identity,
): string | undefined {
  const trust = atOnce(makeTrust(host, block, origin));
  return trust.ok ? whyRefused(trust.value, self) : undefined;
}

/**
 * Follows the chain of configurations from the trusted one to the one in block `target`, each
 * proven by its predecessor.
 */
export async function advance(
  host: ChannelHost,
  peer: AskedPeer,
  trust: Trust,
  target: bigint,
): Promise<Judged<Trust>> {
  return forgetIfSpoiled(peer, await advanceTo(host, peer, trust, target));
}

/** Of a peer that gave nonsense, each block is fetched again: another answer may be sound. */
function forgetIfSpoiled<T>(peer: AskedPeer, verdict: Judged<T>): Judged<T> {
  if (!verdict.ok && SPOILED.test(verdict.code)) forgetBlocks(peer);
  return verdict;
}

async function advanceTo(
  host: ChannelHost,
  peer: AskedPeer,
  trust: Trust,
  target: bigint,
): Promise<Judged<Trust>> {
  const pending = await configNumbers(peer, trust.configuration, target);
  if (!pending.ok) return pending;
  let current = trust;
  for (const number of pending.value) {
    const block = await fetchBlock(peer, trust.configuration.channel, number);
    if (!block.ok) return problem(block.code, tellFetch(block, number));
    const isNext = number === current.configuration.blockNumber + 1n;
    const previousHash = isNext ? current.hash : undefined;
    const judging = judgeBlock(host, current, block.value, { number, previousHash });
    const verified = await turnsOf(judging, peer.clock);
    const next = verified.ok
      ? await turnsOf(follow(host, current, verified.value), peer.clock)
      : verified;
    if (!next.ok) return problem(next.code, `configuration block ${number}: ${next.reason}`);
    const unusable = whyUnusable(next.value);
    if (unusable !== undefined) return problem("untrusted", unusable);
    current = next.value;
  }
  return accept(current);
}

/**
 * The numbers of the configuration blocks after the trusted one, up to `target`, in ascending order. The
 * block before each names the one before; nothing of it is believed yet, so none of them is kept.
 */
async function configNumbers(
  peer: AskedPeer,
  { channel, blockNumber }: ChannelConfiguration,
  target: bigint,
): Promise<Judged<readonly bigint[]>> {
  const found: bigint[] = [];
  for (let number: bigint | undefined = target; number !== undefined && number > blockNumber; ) {
    if (found.length >= CONFIGS_MAX) return problem("too-many", "too many configurations follow");
    found.push(number);
    if (number - 1n === blockNumber) return accept(found.reverse());
    const before = await fetchBlock(peer, channel, number - 1n);
    if (!before.ok) return problem(before.code, tellFetch(before, number - 1n));
    number = configNumber(before.value);
    if (number === blockNumber) return accept(found.reverse());
  }
  const which = `configuration block ${blockNumber}, which is trusted, is not in its chain`;
  return found.length === 0 ? accept(found) : problem("config-chain", which);
}
