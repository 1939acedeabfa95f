/**
 * Identity pull, both roles: hello, digest, request, update. A round asks a few peers what they
 * have (hello), learns the lists (digest), asks one owner for each missing item (request) and gets
 * the signed items (update). Every step is tied to the peer and the nonce it belongs to.
 * Source: spec C1 2 to 5 (Fabric's `algo/pull.go`, `pullstore.go`, `certstore.go`).
 */
import { type Envelope, encodeUnsigned, parseEnvelope, parseMessage } from "../wire/envelope.ts";
import {
  type DataDigest,
  type DataRequest,
  type DataUpdate,
  type GossipHello,
  PULL_TYPE,
  TAG,
} from "../wire/messages.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import type { Now, PkiId } from "./abilities.ts";
import { enqueueClaim } from "./claims.ts";
import { mayPullIdentity, type Party } from "./disclosure.ts";
import { drop, type Effect, send } from "./effect.ts";
import { partyOf, shuffled } from "./emitter.ts";
import { findIdentity } from "./identities.ts";
import { aliveMembers, type Member, preferredEndpoint } from "./membership.ts";
import { parsePkiId, pkiIdBytes } from "./pki-id.ts";
import type { Core } from "./state.ts";
import type { IdentityClaim } from "./verify.ts";

/** What was said between us and one peer in a round. */
interface Exchange {
  readonly nonce: bigint;
  readonly endpoint: string;
  hasAnswered: boolean;
  /** What we asked it for and have not got yet. */
  readonly requested: Set<PkiId>;
}

interface Round {
  /** Digests are collected first; then each item is asked from one owner. */
  phase: "digests" | "updates";
  untilMs: number;
  readonly exchanges: Map<PkiId, Exchange>;
  /** Who has what we miss. */
  readonly owners: Map<PkiId, PkiId[]>;
}

interface Hello {
  readonly nonce: bigint;
  readonly untilMs: number;
}

export interface Pull {
  /** Signed identity messages that we can hand on, as we got them; our own among them. */
  readonly offered: Map<PkiId, Envelope>;
  round: Round | undefined;
  /** Hellos we answered and whose requests we still accept. */
  readonly hellos: Map<PkiId, readonly Hello[]>;
  /** Unknown authors of news, and the peer that brought the news: reason for a round at once. */
  readonly wanted: Map<PkiId, PkiId>;
  /** No round is started out of turn before this moment. */
  urgentAtMs: number;
  /** Items that turned out worthless, and until when they are not asked for again. */
  readonly shunned: Map<PkiId, number>;
}

/** Pause between rounds started out of turn. */
const URGENT_PAUSE_MS = 200;
/** How long an item that could not be verified is not asked for again. */
const SHUN_MS = 60_000;
const WANTED_MAX = 1_000;
const SHUNNED_MAX = 10_000;

export function createPull(): Pull {
  return {
    offered: new Map(),
    round: undefined,
    hellos: new Map(),
    wanted: new Map(),
    urgentAtMs: 0,
    shunned: new Map(),
  };
}

/** When the pull needs attention out of the regular turn. */
export function nextPullMs(pull: Pull): number {
  if (pull.round !== undefined) return pull.round.untilMs;
  return pull.wanted.size > 0 ? pull.urgentAtMs : Number.POSITIVE_INFINITY;
}

/** News of an unknown author came from this peer: it will be asked for the identity at once. */
export function wantIdentity(pull: Pull, pkiId: PkiId, from: PkiId, now: Now): void {
  if (isShunned(pull, pkiId, now) || pull.wanted.size >= WANTED_MAX) return;
  pull.wanted.set(pkiId, from);
}

/** The regular round: a few random members of any organisation. */
export function startRound(core: Core, now: Now): readonly Effect[] {
  if (core.pull.round !== undefined) return [];
  const { random, fanout } = core.options;
  const peers: Member[] = [];
  for (const member of shuffled(aliveMembers(core.members), random)) {
    if (peers.length === fanout.pullPeers) break;
    peers.push(member);
  }
  return beginRound(core, peers, now);
}

/** Ends what is overdue, and starts a round out of turn if somebody unknown was heard of. */
export function attendPull(core: Core, now: Now): readonly Effect[] {
  const { pull } = core;
  if (pull.round !== undefined) {
    if (now.elapsedMs < pull.round.untilMs) return [];
    return pull.round.phase === "digests" ? requestItems(core, pull.round, now) : endRound(core);
  }
  if (pull.wanted.size === 0 || now.elapsedMs < pull.urgentAtMs) return [];
  pull.urgentAtMs = now.elapsedMs + URGENT_PAUSE_MS;
  const peers = new Map<PkiId, Member>();
  for (const from of pull.wanted.values()) {
    const member = core.members.table.get(from);
    if (member?.status === "alive") peers.set(from, member);
    if (peers.size === core.options.fanout.pullPeers) break;
  }
  pull.wanted.clear(); // Whoever is still unknown afterwards is wanted again with its next message.
  return beginRound(core, [...peers.values()], now);
}

function beginRound(core: Core, peers: readonly Member[], now: Now): readonly Effect[] {
  if (peers.length === 0) return [];
  const exchanges = new Map<PkiId, Exchange>();
  const effects: Effect[] = [];
  for (const peer of peers) {
    const nonce = core.options.random.uint64();
    const endpoint = preferredEndpoint(peer);
    exchanges.set(peer.pkiId, { nonce, endpoint, hasAnswered: false, requested: new Set() });
    const bytes = encodeUnsigned({
      tag: TAG.empty,
      content: { type: "hello", value: { nonce, msgType: PULL_TYPE.identity } },
    });
    effects.push(send(peer.pkiId, endpoint, { bytes }));
  }
  const untilMs = now.elapsedMs + core.options.timing.digestWaitMs;
  core.pull.round = { phase: "digests", untilMs, exchanges, owners: new Map() };
  return effects;
}

/** A digest lists what the peer has. When all peers have answered, or time is up, we choose. */
export function handleDigest(
  core: Core,
  digest: DataDigest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { round, offered } = core.pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "digests" || exchange?.nonce !== digest.nonce || exchange.hasAnswered) {
    return [drop(from, "pull-unsolicited")];
  }
  exchange.hasAnswered = true;
  for (const item of digest.digests) {
    const pkiId = parsePkiId(item);
    if (pkiId === undefined || offered.has(pkiId) || isShunned(core.pull, pkiId, now)) continue;
    const owners = round.owners.get(pkiId);
    if (owners) owners.push(from);
    else if (round.owners.size < core.options.limits.pullItemsMax) round.owners.set(pkiId, [from]);
  }
  const isComplete = [...round.exchanges.values()].every(({ hasAnswered }) => hasAnswered);
  return isComplete ? requestItems(core, round, now) : [];
}

/** Each missing item is asked from one of its owners, drawn by lot. */
function requestItems(core: Core, round: Round, now: Now): readonly Effect[] {
  for (const [item, owners] of round.owners) {
    const owner = owners[core.options.random.below(owners.length)];
    if (owner !== undefined) round.exchanges.get(owner)?.requested.add(item);
  }
  const effects: Effect[] = [];
  for (const [peer, { nonce, endpoint, requested }] of round.exchanges) {
    if (requested.size === 0) continue;
    const digests = [...requested].map(pkiIdBytes);
    const bytes = encodeUnsigned({
      tag: TAG.empty,
      content: { type: "request", value: { nonce, digests, msgType: PULL_TYPE.identity } },
    });
    effects.push(send(peer, endpoint, { bytes }));
  }
  if (effects.length === 0) return endRound(core);
  round.phase = "updates";
  round.untilMs = now.elapsedMs + core.options.timing.responseWaitMs;
  return effects;
}

function endRound(core: Core): readonly Effect[] {
  core.pull.round = undefined;
  return [];
}

/** An update brings items. Each is judged alone: a bad one never spoils its neighbours. */
export function handleUpdate(core: Core, update: DataUpdate, from: PkiId): readonly Effect[] {
  const { round } = core.pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "updates" || exchange?.nonce !== update.nonce) {
    return [drop(from, "pull-unsolicited")];
  }
  const effects: Effect[] = [];
  for (const bytes of update.data) {
    const item = parseIdentityClaim(bytes);
    if (!item.ok) effects.push(drop(from, item.code));
    else if (!exchange.requested.delete(item.value.pkiId)) {
      effects.push(drop(from, "pull-unsolicited"));
    } else {
      const claim = { type: "identity", from, item: item.value } as const;
      if (!enqueueClaim(core.claims, claim, core.options.limits.backlogMax)) {
        effects.push(drop(from, "backlog-full"));
      }
    }
  }
  const isComplete = [...round.exchanges.values()].every(({ requested }) => requested.size === 0);
  return isComplete ? [...effects, ...endRound(core)] : effects;
}

function parseIdentityClaim(
  bytes: Uint8Array,
): Verdict<IdentityClaim, "malformed" | "not-an-identity"> {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return reject("malformed");
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return reject("malformed");
  const { content } = message.value;
  if (content?.type !== "peer-identity") return reject("not-an-identity");
  const pkiId = parsePkiId(content.value.pkiId);
  if (pkiId === undefined) return reject("not-an-identity");
  return accept({ pkiId, certificate: content.value.cert, envelope: envelope.value });
}

/** A verified item may be handed on from now on. */
export function offerIdentity(pull: Pull, pkiId: PkiId, envelope: Envelope): void {
  pull.offered.set(pkiId, envelope);
}

/** An item that could not be verified is left alone for a while, whoever offers it. */
export function shunIdentity(pull: Pull, pkiId: PkiId, now: Now): void {
  if (pull.shunned.size >= SHUNNED_MAX) dropShunned(pull, now);
  if (pull.shunned.size < SHUNNED_MAX) pull.shunned.set(pkiId, now.elapsedMs + SHUN_MS);
}

function isShunned(pull: Pull, pkiId: PkiId, now: Now): boolean {
  const untilMs = pull.shunned.get(pkiId);
  return untilMs !== undefined && untilMs > now.elapsedMs;
}

/** Forgets what is over: hellos that entitle to nothing any more, items that may be tried again. */
export function tidyPull(pull: Pull, now: Now): void {
  dropShunned(pull, now);
  for (const [peer, hellos] of pull.hellos) {
    const current = hellos.filter(({ untilMs }) => untilMs > now.elapsedMs);
    if (current.length === 0) pull.hellos.delete(peer);
    else pull.hellos.set(peer, current);
  }
}

function dropShunned(pull: Pull, now: Now): void {
  for (const [pkiId, untilMs] of pull.shunned) {
    if (untilMs <= now.elapsedMs) pull.shunned.delete(pkiId);
  }
}

/** Somebody asks what we have. Nothing to offer: no answer (spec C1 3.5). */
export function handleHello(
  core: Core,
  hello: GossipHello,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { pull, options } = core;
  const current = (pull.hellos.get(from) ?? []).filter(({ untilMs }) => untilMs > now.elapsedMs);
  if (current.length >= options.limits.hellosPerPeerMax) return [drop(from, "pull-too-often")];
  const untilMs = now.elapsedMs + options.timing.requestWaitMs;
  pull.hellos.set(from, [...current, { nonce: hello.nonce, untilMs }]);

  const digests = itemsFor(core, from, now).map(pkiIdBytes);
  if (digests.length === 0) return [];
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    content: {
      type: "digest",
      value: { nonce: hello.nonce, digests, msgType: PULL_TYPE.identity },
    },
  });
  return [send(from, endpointOf(core, from), { bytes })];
}

/** Somebody asks for items. Only who said hello shortly before is served, under the same rule. */
export function handleRequest(
  core: Core,
  request: DataRequest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { pull, options } = core;
  const isEntitled = pull.hellos
    .get(from)
    ?.some(({ nonce, untilMs }) => nonce === request.nonce && untilMs > now.elapsedMs);
  if (!isEntitled) return [drop(from, "pull-without-hello")];
  const asker = findIdentity(core.identities, from, now);
  const data: Uint8Array[] = [];
  for (const item of request.digests) {
    if (data.length === options.limits.pullItemsMax) break;
    const pkiId = parsePkiId(item);
    const envelope = pkiId && pull.offered.get(pkiId);
    if (!envelope || !asker || !isOfferedTo(core, asker.mspId, pkiId)) continue;
    data.push(envelope.bytes);
  }
  if (data.length === 0) return [];
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    content: { type: "update", value: { nonce: request.nonce, data, msgType: PULL_TYPE.identity } },
  });
  return [send(from, endpointOf(core, from), { bytes })];
}

function itemsFor(core: Core, peer: PkiId, now: Now): readonly PkiId[] {
  const asker = findIdentity(core.identities, peer, now);
  if (asker === undefined) return [];
  return [...core.pull.offered.keys()].filter((pkiId) => isOfferedTo(core, asker.mspId, pkiId));
}

function isOfferedTo(core: Core, askerMspId: string, pkiId: PkiId): boolean {
  const { self } = core.options;
  if (askerMspId === self.mspId) return true;
  const subject = partyOfKnown(core, pkiId);
  return subject !== undefined && mayPullIdentity(self.mspId, askerMspId, subject);
}

function partyOfKnown(core: Core, pkiId: PkiId): Party | undefined {
  const { self } = core.options;
  if (pkiId === self.pkiId) {
    return { mspId: self.mspId, isExternal: core.self.externalEndpoint !== "" };
  }
  const member = core.members.table.get(pkiId);
  return member && partyOf(member);
}

/** Answers travel on the connection the question came on; the endpoint is a fallback. */
function endpointOf(core: Core, pkiId: PkiId): string {
  const member = core.members.table.get(pkiId);
  return member ? preferredEndpoint(member) : "";
}
