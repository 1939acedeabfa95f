/**
 * What we know of a channel between two questions: whom we asked, which configuration we believe,
 * how high the chain is proven to be.
 */

import type { StateInfoClaim } from "../channel/rules/state-info.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { Identity } from "../core/types/host.ts";
import { whyStranger } from "../following/find-trust.ts";
import { proveHeight } from "../following/prove-height.ts";
import type { Trust } from "../following/trust.ts";
import { turnsOf } from "../lib/slices.ts";
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
  /** The configuration that we started from. */
  readonly anchor: Trust;
  /** Peers that answered and are of the channel, with the height that they have published. */
  readonly told: readonly Told[];
  readonly believed: readonly Believed[];
  /** PKI-IDs of those that could not show the block that their height promises. */
  readonly disproved: ReadonlySet<string>;
  /** Number of the newest verified block, plus one. */
  readonly provenHeight: bigint;
  readonly notes: readonly string[];
}

export class ViewOfChannel {
  readonly session: Session;
  readonly host: ChannelHost;
  readonly #identities = new Map<string, Identity>();
  /** What was believed the last time: its signatures are not checked again. */
  readonly #claims = new Map<string, StateInfoClaim>();
  readonly #given: Trust | undefined;
  /** The configuration that everything else follows from. */
  #anchor: Trust | undefined;
  #trust: Trust | undefined;
  /** Heights that were not proven, by PKI-ID: they are not asked for again. */
  readonly #broken = new Map<string, bigint>();
  #provenHeight = 0n;

  /** `trust`: what our user has given; undefined: to be found at a peer. */
  constructor(session: Session, host: ChannelHost, trust: Trust | undefined) {
    this.session = session;
    this.host = host;
    this.#given = trust;
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
    const start = trust;
    const known = told.filter((one) => whyNoMember(start, one) === undefined);
    const others = told.filter((one) => !known.includes(one));
    for (const one of byHeight(known)) trust = await this.#prove(one, trust, disproved, notes);
    // Orderers sign the configuration that added them, too; about strangers no more need be said than that.
    for (const one of byHeight(others)) trust = await this.#prove(one, trust, disproved, []);
    this.#trust = trust;
    const members = told.filter((one) => known.includes(one) || isMember(trust, one, notes));
    if (members.length === 0) throw new ReadError("untrusted", [...notes, ...this.#remedies()]);
    const claims = judgeClaims(trust, members, this.#identities, this.#claims);
    const judged = await turnsOf(claims);
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

  /** For whoever started from a block of another channel of this name, or one that is too old. */
  #remedies(): readonly string[] {
    const { origin } = this.#given ?? {};
    const what = `The configuration ${origin} does not lead to one that has the peers that were asked`;
    return origin === undefined ? [] : [`${what}: give another block with --trust, or none.`];
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /** Whether the peer has the block that its height promises, if that is news to us. */
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
    const proof = await proveHeight(this.host, stream, trust, height);
    if (proof.ok) {
      this.#provenHeight = height;
      return proof.value;
    }
    disproved.add(pkiId);
    this.#broken.set(pkiId, height);
    const { name } = stream.target;
    const which = `block ${height - 1n} is not proven`;
    notes.push(`${name} says that its height is ${height}, but ${which}: ${proof.reason}.`);
    return trust;
  }
}

function whyNoMember(trust: Trust, { stream }: Told): string | undefined {
  return whyStranger(trust, stream.identity);
}

function isMember(trust: Trust, one: Told, notes: string[]): boolean {
  const reason = whyNoMember(trust, one);
  if (reason !== undefined) notes.push(`${one.stream.target.name} is not believed: ${reason}.`);
  return reason === undefined;
}

function byHeight(told: readonly Told[]): readonly Told[] {
  return told.toSorted(({ height: a = 0n }, { height: b = 0n }) => (a > b ? -1 : a < b ? 1 : 0));
}
