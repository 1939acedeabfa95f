/** State between two queries: the peers, the trusted configuration, and the proven height. */

import { headerHash } from "../channel/rules/header-hash.ts";
import type { StateInfoClaim } from "../channel/rules/state-info.ts";
import type { Block } from "../channel/types/block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { Identity } from "../core/types/host.ts";
import { configNumber } from "../following/block-facts.ts";
import { fetchBlock } from "../following/fetch.ts";
import { advance, whyStranger } from "../following/find-trust.ts";
import { type Judged, judgeBlock, problem, type Trust } from "../following/trust.ts";
import { equalBytes } from "../wire/bytes.ts";
import { accept } from "../wire/verdict.ts";
import { findTrust } from "./find-trust.ts";
import type { Believed } from "./heights.ts";
import { judgeClaims } from "./judge.ts";
import { observe, type Told } from "./observe.ts";
import { ReadError } from "./read-error.ts";
import type { Session } from "./session.ts";

/** The result of one round of queries. */
export interface ViewRound {
  /** The newest configuration. */
  readonly trust: Trust;
  /** The initial configuration. */
  readonly anchor: Trust;
  /** Peers of the channel that answered, with their published heights. */
  readonly told: readonly Told[];
  readonly believed: readonly Believed[];
  /** PKI-IDs of peers that could not serve the block that their height implies. */
  readonly disproved: ReadonlySet<string>;
  /** Number of the newest verified block, plus one. */
  readonly provenHeight: bigint;
  readonly notes: readonly string[];
}

export class ViewOfChannel {
  readonly session: Session;
  readonly host: ChannelHost;
  readonly #identities = new Map<string, Identity>();
  /** The StateInfo accepted last time: its signatures are not checked again. */
  readonly #claims = new Map<string, StateInfoClaim>();
  /** The configuration from which all others are proven. */
  #anchor: Trust | undefined;
  #trust: Trust | undefined;
  /** Unproven heights by PKI-ID: not requested again. */
  readonly #broken = new Map<string, bigint>();
  #provenHeight = 0n;

  /** `trust`: given by our user; undefined: to be found at a peer. */
  constructor(session: Session, host: ChannelHost, trust: Trust | undefined) {
    this.session = session;
    this.host = host;
    this.#trust = trust;
    this.#anchor = trust;
  }

  /** Queries every peer again. Throws a {@link ReadError} without a usable result. */
  async refresh(): Promise<ViewRound> {
    const { told, notes: complaints } = await observe(this.session, this.host, this.#identities);
    const notes = [...complaints];
    let trust = this.#trust ?? (await findTrust(this.session, this.host, told, notes));
    this.#anchor ??= trust;
    const trustedHeight = trust.configuration.blockNumber + 1n;
    if (this.#provenHeight < trustedHeight) this.#provenHeight = trustedHeight;
    const disproved = new Set<string>();
    const members = told.filter((one) => isMember(trust, one, notes));
    if (members.length === 0) throw new ReadError("untrusted", notes);
    for (const one of byHeight(members)) trust = await this.#prove(one, trust, disproved, notes);
    this.#trust = trust;
    const judged = judgeClaims(trust, members, this.#identities, this.#claims);
    notes.push(...judged.notes);
    const { believed } = judged;
    const anchor = this.#anchor;
    return {
      trust,
      anchor,
      told: members,
      believed,
      disproved,
      provenHeight: this.#provenHeight,
      notes,
    };
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /** Whether the peer has the block that its height implies, if we do not know yet. */
  async #prove(
    { stream, height = 0n }: Told,
    trust: Trust,
    disproved: Set<string>,
    notes: string[],
  ): Promise<Trust> {
    const { pkiId } = stream.identity;
    if (height <= this.#provenHeight) return trust;
    if (this.#broken.get(pkiId) === height) {
      disproved.add(pkiId);
      return trust;
    }
    const number = height - 1n;
    const block = await fetchBlock(stream, this.session.channel, number);
    const config = block.ok ? configNumber(block.value) : undefined;
    const isNew = config !== undefined && config > trust.configuration.blockNumber;
    const next = isNew ? await advance(this.host, stream, trust, config) : accept(trust);
    const verdict = !block.ok ? block : !next.ok ? next : this.#judge(next.value, block.value);
    if (verdict.ok && next.ok) {
      this.#provenHeight = height;
      return next.value;
    }
    disproved.add(pkiId);
    this.#broken.set(pkiId, height);
    const reason = verdict.ok ? "" : verdict.reason;
    const { name } = stream.target;
    notes.push(
      `${name} says that its height is ${height}, but block ${number} is not proven: ${reason}.`,
    );
    return next.ok ? next.value : trust;
  }

  /** The trusted block itself is not judged by its own configuration. */
  #judge(trust: Trust, block: Block): Judged<unknown> {
    const { number } = block.header;
    if (number !== trust.configuration.blockNumber) {
      return judgeBlock(this.host, trust, block, { number });
    }
    const isSame = equalBytes(headerHash(this.host, block.header), trust.hash);
    return isSame ? accept(block) : problem("block-policy", "it is not the one that is trusted");
  }
}

function isMember(trust: Trust, { stream }: Told, notes: string[]): boolean {
  const reason = whyStranger(trust, stream.identity);
  if (reason !== undefined) notes.push(`${stream.target.name} is not believed: ${reason}.`);
  return reason === undefined;
}

function byHeight(told: readonly Told[]): readonly Told[] {
  return told.toSorted(({ height: a = 0n }, { height: b = 0n }) => (a > b ? -1 : a < b ? 1 : 0));
}
