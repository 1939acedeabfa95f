/** Asking for identities that we lack, and answering those who ask (spec C 3 to 5). */

import { EMPTY_BYTES } from "../../wire/bytes.ts";
import { encodeUnsigned } from "../../wire/envelope.ts";
import {
  type Content,
  type DataDigest,
  type DataRequest,
  type DataUpdate,
  type GossipHello,
  PULL_TYPE,
  TAG,
} from "../../wire/messages.ts";
import {
  type IdentityClaim,
  parseIdentityItem,
  parsePkiId,
  pkiIdBytes,
} from "../../wire/received.ts";
import { mayPullIdentity, type Party, partyOf } from "../rules/disclosure.ts";
import { useIdentity } from "../tables/identities.ts";
import { patient } from "../tables/lateness.ts";
import { endpointOf, preferredEndpoint } from "../tables/members.ts";
import { quicken } from "../tables/poll-backoff.ts";
import {
  type Exchange,
  isAskedFor,
  offer,
  type Pull,
  type PullOptions,
  type PullPeer,
  type Round,
  shunFrom,
} from "../tables/pull.ts";
import { enqueueClaim } from "../tables/verification-queue.ts";
import type { Claim } from "../types/claim.ts";
import { drop, type Effect, send } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { choosePartners } from "./audience.ts";
import { checkIdentity, isOurCertificate, isSelf } from "./check.ts";
import { learn } from "./learn-identity.ts";
import type { Core } from "./state.ts";

/** Minimum interval between unscheduled rounds. */
const URGENT_PAUSE_MS = 200;
const msgType = PULL_TYPE.identity;

/** The regular round: a few members of any organisation. */
export function startIdentityPull(core: Core, now: Now): readonly Effect[] {
  const peers = choosePartners(core, now).map(peerAt);
  return beginRound(core.pull, peers, patient(core, now), now);
}

/** Ends an overdue round, and starts an unscheduled one if an author is unknown. */
export function attendIdentityPull(core: Core, now: Now): readonly Effect[] {
  const { pull } = core;
  if (pull.round !== undefined) return attendRound(pull, patient(core, now), now);
  if (pull.wanted.size === 0 || now.elapsedMs < pull.urgentAtMs) return [];
  pull.urgentAtMs = now.elapsedMs + URGENT_PAUSE_MS;
  const peers = new Map<PkiId, PullPeer>();
  for (const from of pull.wanted.values()) {
    const member = core.members.table.get(from);
    if (member?.status === "alive") peers.set(from, peerAt(member));
    if (peers.size === core.options.fanout.pullPeers) break;
  }
  pull.wanted.clear(); // The next message of a still unknown author requests it again.
  return beginRound(pull, [...peers.values()], patient(core, now), now);
}

export function handleDigest(
  core: Core,
  digest: DataDigest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  return takeDigest(core.pull, digest, from, patient(core, now), now);
}

export function handleUpdate(core: Core, update: DataUpdate, from: PkiId): readonly Effect[] {
  const { items, effects } = takeUpdate(core.pull, update, from);
  const { backlogMax } = core.options.limits;
  const refused = items.filter(
    (item) => !enqueueClaim(core.verificationQueue, { type: "identity", from, item }, backlogMax),
  );
  return [...effects, ...refused.map(() => drop(from, "backlog-full"))];
}

export function handleHello(
  core: Core,
  hello: GossipHello,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const mayHave = rightsOf(core, from, now);
  return answerHello(core.pull, hello, peerOf(core, from), mayHave, patient(core, now), now);
}

export function handleRequest(
  core: Core,
  request: DataRequest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const mayHave = rightsOf(core, from, now);
  return answerRequest(core.pull, request, peerOf(core, from), mayHave, patient(core, now), now);
}

/** The peer's access rights, computed once for all items. */
function rightsOf(core: Core, peer: PkiId, now: Now): MayHave {
  const asker = useIdentity(core.identities, peer, now);
  const { mspId } = core.options.self;
  if (asker === undefined) return () => false;
  if (asker.mspId === mspId) return () => true;
  return (pkiId) => {
    const subject = partyOfKnown(core, pkiId);
    return subject !== undefined && mayPullIdentity(mspId, asker.mspId, subject);
  };
}

function partyOfKnown(core: Core, pkiId: PkiId): Party | undefined {
  const { self } = core.options;
  if (pkiId === self.pkiId) {
    return { mspId: self.mspId, isExternal: core.self.externalEndpoint !== "" };
  }
  const member = core.members.table.get(pkiId);
  return member && partyOf(member);
}

function peerOf({ members }: Core, pkiId: PkiId): PullPeer {
  return { pkiId, endpoint: endpointOf(members, pkiId) };
}

function peerAt(member: Member): PullPeer {
  return { pkiId: member.pkiId, endpoint: preferredEndpoint(member) };
}

/** Checks a pulled identity and learns it if valid. */
export function hearIdentity(
  core: Core,
  { item, from }: Extract<Claim, { type: "identity" }>,
  now: Now,
): readonly Effect[] {
  if (isSelf(core, item.pkiId)) return [drop(from, "own-message")];
  const verified = checkIdentity(core, item, from, now);
  if (!verified.ok) {
    if (verified.code !== "check-budget") shunFrom(core.pull, item.pkiId, from, now);
    return [drop(from, verified.code)];
  }
  const { author, claim } = verified.value;
  if (isOurCertificate(core, author)) return [drop(from, "own-message")];
  const effects = learn(core, author, "pull", now);
  quicken(core.pullBackoff, core.options, now);
  if (core.identities.table.has(author.pkiId)) offer(core.pull, author.pkiId, claim.envelope.bytes);
  return effects;
}

/** Sends hellos to these peers, unless there are none or a round is open. */
export function beginRound(
  pull: Pull,
  peers: readonly PullPeer[],
  { random, timing }: PullOptions,
  now: Now,
): readonly Effect[] {
  if (peers.length === 0 || pull.round !== undefined) return [];
  const exchanges = new Map<PkiId, Exchange>();
  const effects = peers.map((peer) => {
    const nonce = random.uint64();
    const { endpoint } = peer;
    exchanges.set(peer.pkiId, { nonce, endpoint, hasAnswered: false, requested: new Set() });
    return sendPull(peer, { type: "hello", value: { nonce, metadata: EMPTY_BYTES, msgType } });
  });
  const untilMs = now.elapsedMs + timing.digestWaitMs;
  pull.round = { phase: "digests", untilMs, exchanges, owners: new Map() };
  return effects;
}

/** Continues at the deadline with the received digests, or without the missing updates. */
export function attendRound(pull: Pull, options: PullOptions, now: Now): readonly Effect[] {
  const { round } = pull;
  if (round === undefined || now.elapsedMs < round.untilMs) return [];
  if (round.phase === "digests") return requestItems(pull, round, options, now);
  pull.round = undefined;
  return [];
}

/** Records a peer's offer. When all have answered, or at the deadline, we request items. */
export function takeDigest(
  pull: Pull,
  digest: DataDigest,
  from: PkiId,
  options: PullOptions,
  now: Now,
): readonly Effect[] {
  const { round } = pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "digests" || exchange?.nonce !== digest.nonce || exchange.hasAnswered) {
    return [drop(from, "pull-unsolicited")];
  }
  exchange.hasAnswered = true;
  for (const item of digest.digests) {
    const id = parsePkiId(item);
    if (id === undefined || pull.offered.has(id) || !isAskedFor(pull, id, from, now)) continue;
    const owners = round.owners.get(id);
    if (owners) owners.push(from);
    else if (round.owners.size < options.limits.pullItemsMax) round.owners.set(id, [from]);
  }
  const isComplete = [...round.exchanges.values()].every(({ hasAnswered }) => hasAnswered);
  return isComplete ? requestItems(pull, round, options, now) : [];
}

/** Requests each missing item from one random owner. */
function requestItems(
  pull: Pull,
  round: Round,
  { random, timing }: PullOptions,
  now: Now,
): readonly Effect[] {
  for (const [item, owners] of round.owners) {
    const owner = owners[random.below(owners.length)];
    if (owner !== undefined) round.exchanges.get(owner)?.requested.add(item);
  }
  const effects: Effect[] = [];
  for (const [pkiId, { nonce, endpoint, requested }] of round.exchanges) {
    if (requested.size === 0) continue;
    const digests = [...requested].map(pkiIdBytes);
    const peer = { pkiId, endpoint };
    effects.push(sendPull(peer, { type: "request", value: { nonce, digests, msgType } }));
  }
  if (effects.length === 0) {
    pull.round = undefined;
    return [];
  }
  round.phase = "updates";
  round.untilMs = now.elapsedMs + timing.responseWaitMs;
  return effects;
}

/**
 * An update brings items. Those we asked this peer for come back as claims to be checked one by one:
 * a bad one never spoils its neighbours.
 */
export function takeUpdate(
  pull: Pull,
  update: DataUpdate,
  from: PkiId,
): { readonly items: readonly IdentityClaim[]; readonly effects: readonly Effect[] } {
  const { round } = pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "updates" || exchange?.nonce !== update.nonce) {
    return { items: [], effects: [drop(from, "pull-unsolicited")] };
  }
  const items: IdentityClaim[] = [];
  const effects: Effect[] = [];
  for (const bytes of update.data) {
    const item = parseIdentityItem(bytes);
    if (!item.ok) effects.push(drop(from, item.code));
    else if (exchange.requested.delete(item.value.pkiId)) items.push(item.value);
    else effects.push(drop(from, "pull-unsolicited"));
  }
  const isComplete = [...round.exchanges.values()].every(({ requested }) => requested.size === 0);
  if (isComplete) pull.round = undefined;
  return { items, effects };
}

/** Items that this peer may see; one rule for digests and updates. */
type MayHave = (pkiId: PkiId) => boolean;

/** Answers a hello with a digest, unless it would be empty (spec C 3.5). */
export function answerHello(
  pull: Pull,
  { nonce }: GossipHello,
  from: PullPeer,
  mayHave: MayHave,
  { timing, limits }: PullOptions,
  now: Now,
): readonly Effect[] {
  const hellos = pull.hellos.get(from.pkiId) ?? [];
  const current = hellos.filter(({ untilMs }) => untilMs > now.elapsedMs);
  if (current.length >= limits.hellosPerPeerMax) return [drop(from.pkiId, "pull-too-often")];
  const untilMs = now.elapsedMs + timing.requestWaitMs;
  pull.hellos.set(from.pkiId, [...current, { nonce, untilMs }]);

  const digests = [...pull.offered.keys()].filter(mayHave).map(pkiIdBytes);
  if (digests.length === 0) return [];
  return [sendPull(from, { type: "digest", value: { nonce, digests, msgType } })];
}

/** Answers a request, which requires a recent hello of the same peer. */
export function answerRequest(
  pull: Pull,
  request: DataRequest,
  from: PullPeer,
  mayHave: MayHave,
  { limits }: PullOptions,
  now: Now,
): readonly Effect[] {
  const { nonce } = request;
  const hellos = pull.hellos.get(from.pkiId) ?? [];
  if (!hellos.some((hello) => hello.nonce === nonce && hello.untilMs > now.elapsedMs))
    return [drop(from.pkiId, "pull-without-hello")];
  // Ignore duplicates, and items beyond the number that we would request.
  const ids = new Set(request.digests.slice(0, limits.pullItemsMax).map(parsePkiId));
  const data: Uint8Array[] = [];
  for (const id of ids) {
    const envelope = id === undefined ? undefined : pull.offered.get(id);
    if (id !== undefined && envelope !== undefined && mayHave(id)) data.push(envelope);
  }
  if (data.length === 0) return [];
  return [sendPull(from, { type: "update", value: { nonce, data, msgType } })];
}

/** Sends one message of the pull; they are all unsigned and alike but for their content. */
function sendPull(
  { pkiId, endpoint }: PullPeer,
  content: Extract<Content, { type: "hello" | "digest" | "request" | "update" }>,
): Effect {
  return send(pkiId, endpoint, { bytes: encodeUnsigned({ tag: TAG.empty, content }) });
}
