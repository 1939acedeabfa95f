/**
 * To whom a message goes and when, and whom we ask. Two strategies behind one face: our neighbours, or
 * members drawn anew each time as Fabric does (`gossipBatch`, spec B 2.4 and 4.2).
 */

import { firstWord, mix } from "../../wire/bytes.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { partyOf, type Reach } from "../rules/disclosure.ts";
import { CIRCLE, type Neighbours, NO_NEIGHBOURS, RINGS, type Rings } from "../rules/neighbours.ts";
import { shuffled } from "../rules/shuffle.ts";
import {
  type Audience,
  aliveKey,
  type Broadcast,
  burstWaitMs,
  enqueue,
  flush,
} from "../tables/broadcast-queue.ts";
import { aliveMembers } from "../tables/members.ts";
import { isForming } from "../tables/self.ts";
import { isSuspected } from "../tables/suspicion.ts";
import type { Effect } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { currentNeighbours } from "./current-neighbours.ts";
import type { Core } from "./state.ts";

/** One in this many queries goes to a random member, which may know more than our neighbours. */
const STRANGER_EVERY = 15;

/** The recipients of a message of this reach. `ways`: of all messages that leave together. */
export function chooseAudience(core: Core, reach: Reach, ways = new Ways(core)): Audience {
  const { fanout, random } = core.options;
  if (fanout.strategy === "random") {
    const members = shuffled(aliveMembers(core.members), random);
    return { members, count: fanout.propagatePeers };
  }
  const forming = ways.whileForming;
  const recipients = forming ?? neighboursFor(core, reach, ways);
  return { members: withDrawn(core, recipients), count: Number.POSITIVE_INFINITY };
}

/** Those of our neighbours that get a message of this reach, possibly with duplicates. */
function neighboursFor(core: Core, reach: Reach, ways: Ways): readonly Member[] {
  const { home, abroad } = ways.neighbours;
  if (reach.type === "organisation") return lookUp(core, home);
  if (reach.type === "channel") {
    return lookUp(core, [...home, ...reach.mspIds().map((mspId) => abroad.get(mspId) ?? [])]);
  }
  const { party, lot } = reach;
  const { mspId, isExternal } = party;
  const isOurs = mspId === core.options.self.mspId;
  const links = isOurs ? ways.home : ways.homeExternal;
  const onRings = links.chosenBy(ways.isSparing ? lot : undefined);
  if (abroad.size === 0 || (isOurs && !isExternal)) return onRings;
  const found = [...onRings];
  if (!isOurs) addAlive(core, abroad.get(mspId) ?? [], found);
  else if (isExternal) for (const group of abroad.values()) addAlive(core, group, found);
  return found;
}

/** The links to our neighbours on the rings. */
class RingLinks {
  readonly #links: readonly { readonly ring: number; readonly pair: number }[];
  readonly #neighbours: readonly Member[];
  /** By which of them are chosen, a bit for each: many messages that leave together choose the same. */
  readonly #chosen: (readonly Member[] | undefined)[] = [];

  constructor(core: Core, rings: Rings) {
    const { pkiId: self } = core.options.self;
    const links = rings.flatMap((group, ring) =>
      lookUp(core, [group]).map((neighbour) => {
        return { ring, neighbour, pair: pairOf(self, neighbour.pkiId) };
      }),
    );
    this.#links = links;
    this.#neighbours = links.map(({ neighbour }) => neighbour);
  }

  /** Routine messages skip some links by lot. */
  chosenBy(lot: number | undefined): readonly Member[] {
    if (lot === undefined) return this.#neighbours;
    let bits = 0;
    this.#links.forEach(({ ring, pair }, index) => {
      if (isChosen(ring, pair, lot)) bits |= 1 << index;
    });
    this.#chosen[bits] ??= this.#neighbours.filter((_, index) => (bits >> index) & 1);
    return this.#chosen[bits] ?? [];
  }
}

/** Where messages may go at this moment. */
class Ways {
  readonly whileForming: readonly Member[] | undefined;
  readonly neighbours: Neighbours;
  readonly home: RingLinks;
  readonly homeExternal: RingLinks;
  readonly isSparing: boolean;

  constructor(core: Core) {
    const isRandom = core.options.fanout.strategy === "random";
    this.whileForming = isRandom ? undefined : whileForming(core);
    this.neighbours = isRandom ? NO_NEIGHBOURS : currentNeighbours(core);
    this.home = new RingLinks(core, this.neighbours.home);
    this.homeExternal = new RingLinks(core, this.neighbours.homeExternal);
    this.isSparing = isSparing(core);
  }
}

/** Share of the links of the second ring that a routine message uses. */
const ROUTINE_SHARE = 1 / 4;

/**
 * Whom a routine message takes its way over: one whole ring, and by lot a quarter of the links
 * of the other. Both ends of a link draw the same lot, and each message its own.
 */
export function sparing(rings: Rings, self: PkiId, author: PkiId, sequence: bigint): PkiId[] {
  const lot = lotOf(author, sequence);
  return rings.flatMap((group, ring) =>
    group.filter((pkiId) => isChosen(ring, pairOf(self, pkiId), lot)),
  );
}

function lotOf(author: PkiId, sequence: bigint): number {
  return mix(firstWord(author), Number(BigInt.asUintN(32, sequence)));
}

function pairOf(self: PkiId, neighbour: PkiId): number {
  return firstWord(self) ^ firstWord(neighbour);
}

function isChosen(ring: number, pair: number, lot: number): boolean {
  return ring === lot % RINGS || mix(pair, lot) < CIRCLE * ROUTINE_SHARE;
}

/**
 * Whether routine messages are spread sparingly. Not while there are members that know nothing of
 * links: where they stand on a ring, it has a gap. Nor while a ring gets its new order, at some a
 * little sooner than at others.
 */
export function isSparing(core: Core): boolean {
  if (!isLinked(core)) return false;
  const { wallMs } = core.now;
  const { aliveIntervalMs, neighbourRefreshMs } = core.options.timing;
  const halfMs = neighbourRefreshMs / RINGS;
  const sinceMs = ((wallMs % halfMs) + halfMs) % halfMs;
  return Math.min(sinceMs, halfMs - sinceMs) > aliveIntervalMs;
}

/** Whether everybody, as far as we know, passes messages on over links. */
function isLinked({ options, randomRelays }: Core): boolean {
  return options.fanout.strategy === "neighbours" && randomRelays.size === 0;
}

/**
 * Whoever draws peers for each message is drawn by us too, as often as by its like: it may have no
 * neighbour that knows of neighbours.
 */
function withDrawn(core: Core, neighbours: readonly Member[]): readonly Member[] {
  const { members, randomRelays, options } = core;
  const { fanout, random } = options;
  if (randomRelays.size === 0) return neighbours;
  const drawn = [...neighbours];
  for (const pkiId of randomRelays) {
    const member = members.table.get(pkiId);
    if (member?.status === "alive" && random.below(members.aliveCount) < fanout.propagatePeers) {
      drawn.push(member);
    }
  }
  return drawn;
}

/** So many alive members to query. */
export function choosePartners(core: Core, count: number): readonly Member[] {
  const { fanout, random } = core.options;
  const isRandom = fanout.strategy === "random";
  const connected = isRandom ? undefined : whileForming(core);
  const candidates = isRandom ? aliveMembers(core.members) : (connected ?? allNeighbours(core));
  const partners = new Set<Member>();
  if (!isRandom && connected === undefined && random.below(STRANGER_EVERY) === 0) {
    const [stranger] = shuffled(aliveMembers(core.members), random);
    if (stranger) partners.add(stranger);
  }
  for (const member of shuffled(candidates, random)) {
    if (partners.size >= count) break;
    partners.add(member);
  }
  return [...partners];
}

/**
 * While a network forms, everybody's picture of it changes with each message, and so would everybody's
 * neighbours. Until then those that are connected pass messages on: mostly that is a bootstrap peer, to
 * which all are connected, and nobody dials a neighbour of a moment. Undefined: it is not forming, or
 * nobody is connected.
 */
function whileForming(core: Core): Member[] | undefined {
  const { members, neighbourhood, now, self } = core;
  if (now.elapsedMs >= self.formingUntilMs) return undefined; // Mostly: see isForming().
  if (!isForming(self, members.aliveCount, now)) return undefined;
  const connected = lookUp(core, [[...neighbourhood.connected]]);
  return connected.length > 0 ? connected : undefined;
}

/**
 * Whether we are new and know none of those with whom we are connected yet, although what they told us
 * is still being checked: it names themselves last.
 */
export function isMeeting({ members, neighbourhood, now, options, self }: Core): boolean {
  if (now.elapsedMs >= self.publishCertUntilMs || neighbourhood.connected.size === 0) return false;
  if (options.fanout.strategy !== "neighbours") return false;
  for (const pkiId of neighbourhood.connected) {
    if (members.table.get(pkiId)?.status === "alive") return false;
  }
  return true;
}

/** All neighbours without duplicates. */
export function allNeighbours(core: Core): readonly Member[] {
  const { home, homeExternal, abroad } = currentNeighbours(core);
  return [...new Set(lookUp(core, [...home, ...homeExternal, ...abroad.values()]))];
}

/** The alive ones among them, possibly with duplicates. */
function lookUp(core: Core, groups: readonly (readonly PkiId[])[]): Member[] {
  const found: Member[] = [];
  for (const group of groups) addAlive(core, group, found);
  return found;
}

function addAlive({ members }: Core, group: readonly PkiId[], found: Member[]): void {
  for (const pkiId of group) {
    const member = members.table.get(pkiId);
    if (member?.status === "alive" && !member.isCutOff) found.push(member);
  }
}

/** Maximum wait of a routine message per hop, as a fraction of the heartbeat interval. */
export const ROUTINE_WAIT = 1 / 40;
/** In networks up to this size, waiting saves little. */
const FEW = 16;

/** Queues a message, to be sent together with others to the same recipients. */
export function enqueueBroadcast(core: Core, broadcast: Broadcast): void {
  enqueue(core, broadcast, patienceMs(core, broadcast.reach));
}

/**
 * Routine messages wait for each other. For others it is left to chance: two members that have one
 * from a third then rarely send it to each other.
 */
function patienceMs(core: Core, reach: Reach): number {
  const isRoutine = reach.type === "about" && reach.lot !== undefined;
  const routineMs = isRoutine ? routineIntervalMs(core) : undefined;
  return routineMs ?? burstWaitMs(core.options);
}

/** Interval at which routine messages are checked and sent; undefined: they do not wait. */
export function routineIntervalMs(core: Core): number | undefined {
  return isWorthWaiting(core) && isSparing(core) ? routineWaitMs(core) : undefined;
}

/** Whether heartbeats had better come together. True also while a ring changes, when they do not wait: see isSparing(). */
export function speaksWithOthers(core: Core): boolean {
  return isWorthWaiting(core) && isLinked(core);
}

function isWorthWaiting(core: Core): boolean {
  const { members, options } = core;
  return members.aliveCount > FEW && routineWaitMs(core) > options.timing.burstLatencyMs;
}

function routineWaitMs({ options }: Core): number {
  return options.timing.aliveIntervalMs * ROUTINE_WAIT;
}

/** Sends all queued messages. */
export function flushBroadcasts(core: Core): readonly Effect[] {
  const ways = new Ways(core);
  return flush(core, (reach) => chooseAudience(core, reach, ways));
}

/** Relays an alive message to recipients that may see its author and lack the message. */
export function broadcastAlive(
  core: Core,
  author: PkiId,
  envelope: Envelope,
  reach: Reach,
  holders: PkiId[],
): void {
  const broadcast: Broadcast = {
    key: aliveKey(author),
    reach,
    bytes: envelope.bytes,
    envelope,
    replacesOlder: true,
    holders,
  };
  enqueueBroadcast(core, broadcast);
}

/**
 * Passes a gossiped message on to those who may see its author. `sequence`: its own, if nothing about the
 * author has changed but that it lives still. To those who doubt that, it is news.
 */
export function passOn(
  core: Core,
  member: Member,
  envelope: Envelope,
  from: PkiId,
  sequence: bigint | undefined,
): void {
  const { pkiId } = member;
  const isRoutine = sequence !== undefined && !isSuspected(core.suspicions, pkiId);
  const lot = isRoutine ? lotOf(pkiId, sequence) : undefined;
  const reach = { type: "about", party: partyOf(member), lot } as const;
  broadcastAlive(core, pkiId, envelope, reach, [pkiId, from]);
}
