/**
 * To whom a message goes and when, and whom we ask. Two strategies behind one face: our neighbours, or
 * members drawn anew each time as Fabric does (`gossipBatch`, spec B 2.4 and 4.2).
 */

import { type Envelope, withoutSecret } from "../../wire/envelope.ts";
import type { Reach } from "../rules/disclosure.ts";
import {
  findNeighbours,
  type Neighbours,
  RINGS,
  type Rings,
  sparing,
} from "../rules/neighbours.ts";
import { shuffled } from "../rules/shuffle.ts";
import type { Audience } from "../tables/broadcast-queue.ts";
import { burstWaitMs, type Emission, emit } from "../tables/broadcast-queue.ts";
import { aliveMembers, partyOf } from "../tables/members.ts";
import { keepNeighbours } from "../tables/neighbourhood.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Core } from "./state.ts";

type NewsReach = Extract<Reach, { type: "about" }>;

/** Once in so often one that we ask is drawn from all: it may know what no neighbour does. */
const STRANGER_EVERY = 15;

/** Who should get a message of this reach. */
export function chooseAudience(core: Core, reach: Reach, now: Now): Audience {
  const { fanout, random, self } = core.options;
  if (fanout.strategy === "random") {
    const members = shuffled(aliveMembers(core.members), random);
    return { members, count: fanout.propagatePeers };
  }
  const count = Number.POSITIVE_INFINITY;
  const connected = whileForming(core, now);
  if (connected) return { members: withDrawn(core, connected), count };
  const { home, homeExternal, abroad } = currentNeighbours(core, now);
  if (reach.type === "organisation") {
    return { members: withDrawn(core, lookUp(core, ...home)), count };
  }
  if (reach.type === "channel") {
    const gateways = reach.mspIds.map((mspId) => abroad.get(mspId) ?? []);
    return { members: withDrawn(core, lookUp(core, ...home, ...gateways)), count };
  }
  const { mspId, isExternal } = reach.party;
  if (mspId !== self.mspId) {
    const members = lookUp(core, ...links(core, homeExternal, reach, now), abroad.get(mspId) ?? []);
    return { members: withDrawn(core, members), count };
  }
  const gateways = isExternal ? abroad.values() : [];
  return {
    members: withDrawn(core, lookUp(core, ...links(core, home, reach, now), ...gateways)),
    count,
  };
}

/** Everyday messages leave out some links. */
function links(core: Core, rings: Rings, { everyday }: NewsReach, now: Now): Rings {
  if (everyday === undefined || !isSparing(core, now)) return rings;
  return [sparing(rings, core.options.self.pkiId, everyday.author, everyday.sequence)];
}

/**
 * Whether everyday messages are spread sparingly. Not while there are members that know nothing of
 * links: where they stand on a ring, it has a gap. Nor while a ring gets its new order, at some a
 * little sooner than at others.
 */
export function isSparing({ drawing, options }: Core, { wallMs }: Now): boolean {
  if (options.fanout.strategy !== "neighbours" || drawing.size > 0) return false;
  const { aliveIntervalMs, neighbourRefreshMs } = options.timing;
  const halfMs = neighbourRefreshMs / RINGS;
  const sinceMs = ((wallMs % halfMs) + halfMs) % halfMs;
  return Math.min(sinceMs, halfMs - sinceMs) > aliveIntervalMs;
}

/**
 * Whoever draws peers for each message is drawn by us too, as often as by its like: it may have no
 * neighbour that knows of neighbours.
 */
function withDrawn(core: Core, neighbours: Member[]): readonly Member[] {
  const { members, drawing, options } = core;
  const { fanout, random } = options;
  for (const pkiId of drawing) {
    const member = members.table.get(pkiId);
    if (member === undefined) drawing.delete(pkiId);
    else if (
      member.status === "alive" &&
      random.below(members.aliveCount) < fanout.propagatePeers
    ) {
      neighbours.push(member);
    }
  }
  return neighbours;
}

/** Some alive members to ask for what they know. */
export function choosePartners(core: Core, now: Now): readonly Member[] {
  const { fanout, random } = core.options;
  const isRandom = fanout.strategy === "random";
  const connected = isRandom ? undefined : whileForming(core, now);
  const candidates = isRandom
    ? aliveMembers(core.members)
    : (connected ?? allNeighbours(core, now));
  const partners = new Set<Member>();
  if (!isRandom && connected === undefined && random.below(STRANGER_EVERY) === 0) {
    for (const stranger of shuffled(aliveMembers(core.members), random)) {
      partners.add(stranger);
      break;
    }
  }
  for (const member of shuffled(candidates, random)) {
    if (partners.size >= fanout.pullPeers) break;
    partners.add(member);
  }
  return [...partners];
}

/** Among more members a bootstrap peer would pass too many messages on. */
const FORMING_MEMBERS_MAX = 128;
/** After so long without an arrival the network has its shape. */
const CALM_MS = 2_000;

/**
 * While a network forms, everybody's picture of it changes with each message, and so would everybody's
 * neighbours. Until then those that are connected pass messages on: mostly that is a bootstrap peer, to
 * which all are connected, and nobody dials a neighbour of a moment. Undefined: it is not forming, or
 * nobody is connected.
 */
function whileForming(core: Core, now: Now): Member[] | undefined {
  const { members, neighbourhood, self } = core;
  if (!isForming(neighbourhood, members.aliveCount, self.publishCertUntilMs, now)) return undefined;
  const connected = lookUp(core, [...neighbourhood.connected]);
  return connected.length > 0 ? connected : undefined;
}

/** Whether we, who are new until `newUntilMs`, see a small network that is forming still. */
export function isForming(
  { arrivedMs }: Pick<Core["neighbourhood"], "arrivedMs">,
  aliveCount: number,
  newUntilMs: number,
  { elapsedMs }: Now,
): boolean {
  const isSmall = aliveCount <= FORMING_MEMBERS_MAX;
  return elapsedMs < newUntilMs && isSmall && elapsedMs - arrivedMs < CALM_MS;
}

/** Every neighbour once. */
export function allNeighbours(core: Core, now: Now): readonly Member[] {
  const { home, homeExternal, abroad } = currentNeighbours(core, now);
  return [...new Set(lookUp(core, ...home, ...homeExternal, ...abroad.values()))];
}

/** Those of them that are there, some perhaps twice. */
function lookUp({ members }: Core, ...groups: readonly (readonly PkiId[])[]): Member[] {
  const found: Member[] = [];
  for (const group of groups) {
    for (const pkiId of group) {
      const member = members.table.get(pkiId);
      if (member?.status === "alive" && !member.isCutOff) found.push(member);
    }
  }
  return found;
}

/** Our neighbours; computed anew if somebody came or went, or a ring has a new order. */
function currentNeighbours(
  { identities, members, neighbourhood, options, self }: Core,
  now: Now,
): Neighbours {
  const isExternal = self.externalEndpoint !== "";
  const epochs = epochsAt(options.timing.neighbourRefreshMs, now);
  const { basis } = neighbourhood;
  const isCurrent =
    basis.membersVersion === members.version &&
    basis.isExternal === isExternal &&
    basis.epochs[0] === epochs[0] &&
    basis.epochs[1] === epochs[1];
  if (isCurrent) return neighbourhood.neighbours;
  const { pkiId, mspId, certificate } = options.self;
  // Whom we cannot reach is no neighbour, alive though it is.
  const others = aliveMembers(members)
    .filter(({ isCutOff }) => !isCutOff)
    .map((member) => {
      const known = identities.table.get(member.pkiId)?.identity.certificate;
      return { pkiId: member.pkiId, certificate: known ?? member.pkiId, ...partyOf(member) };
    });
  const neighbours = findNeighbours({ pkiId, certificate, mspId, isExternal }, others, epochs);
  return keepNeighbours(neighbourhood, neighbours, {
    membersVersion: members.version,
    isExternal,
    epochs,
  });
}

/** Everybody's clock tells the same epochs. The rings change in turn, so that one always stands. */
export function epochsAt(refreshMs: number, { wallMs }: Now): readonly [number, number] {
  return [Math.floor(wallMs / refreshMs), Math.floor(wallMs / refreshMs + 0.5)];
}

/** Wherever an everyday message passes it waits for such a part of a heartbeat interval. */
export const EVERYDAY_WAIT = 1 / 20;
/** Among so few there is little to wait for. */
const FEW = 16;

/** Queues a message: it leaves together with others that go the same way. */
export function passOn(core: Core, emission: Emission, now: Now): void {
  emit(core.emitter, emission, core.options.fanout, patienceMs(core, emission.reach, now), now);
}

/**
 * Everybody lets everyday messages wait equally long: those that arrive together leave together.
 * For others it is left to chance: two members that have one from a third then rarely send it to
 * each other.
 */
function patienceMs(core: Core, reach: Reach, now: Now): number {
  const { aliveIntervalMs, burstLatencyMs } = core.options.timing;
  const everydayMs = aliveIntervalMs * EVERYDAY_WAIT;
  const isEveryday = reach.type === "about" && reach.everyday !== undefined;
  const isWaiting = isEveryday && everydayMs > burstLatencyMs && core.members.aliveCount > FEW;
  if (isWaiting && isSparing(core, now)) return everydayMs;
  return burstWaitMs(burstLatencyMs, core.options.random);
}

/** Passes an alive message on to everybody who may see its author and does not have it yet. */
export function emitAlive(
  core: Core,
  author: PkiId,
  envelope: Envelope,
  reach: Reach,
  holders: readonly PkiId[],
  now: Now,
): void {
  const emission: Emission = {
    key: aliveKey(author),
    reach,
    bytes: envelope.bytes,
    withoutSecret: () => withoutSecret(envelope).bytes,
    replacesOlder: true,
    holders: new Set([author, ...holders]),
  };
  passOn(core, emission, now);
}

export function aliveKey(author: PkiId): string {
  return `alive ${author}`;
}
