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
  PKI_ID_CODEC,
  type PkiIdCodec,
  parseIdentityItem,
  type ReadMessage,
} from "../../wire/received.ts";
import { mayPullIdentity, type Party, partyOf } from "../rules/disclosure.ts";
import { useIdentity } from "../tables/identities.ts";
import { patient } from "../tables/lateness.ts";
import { endpointOf, preferredEndpoint } from "../tables/members.ts";
import { beginInterval, partnerCount, quicken } from "../tables/poll-backoff.ts";
import {
  chooseOwners,
  closeIfComplete,
  closeRound,
  haveAllAnswered,
  isGreeted,
  noteDigest,
  noteHello,
  offer,
  openRound,
  type Pull,
  type PullPeer,
  requestedFrom,
  shunFrom,
  takeWanted,
} from "../tables/pull.ts";
import { enqueueClaim } from "../tables/verification-queue.ts";
import type { Claim } from "../types/claim.ts";
import { drop, type Effect, send } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Context } from "../types/options.ts";
import { choosePartners } from "./audience.ts";
import { checkIdentity, isOurCertificate, isSelf, spendAnswer } from "./check.ts";
import { learn } from "./learn-identity.ts";
import { publishIdentity } from "./publish.ts";
import { type Core, ownParty } from "./state.ts";

const msgType = PULL_TYPE.identity;

/** Estimated bytes of a name in a digest, and of an item in an update. */
const NAME_BYTES = 34;
const ITEM_BYTES = 1_100;

/** What the engine needs of the state. */
export type PullCore = Pick<Core, "lateness" | "pull"> &
  Context<"ids" | "limits" | "random" | "timing" | "write">;

/** The regular round: a few members of any organisation. */
export function startIdentityPull(core: Core): readonly Effect[] {
  beginInterval(core.pullBackoff, core.options, core.now);
  const partners = choosePartners(core, partnerCount(core.pullBackoff, core.options)).map(peerAt);
  return [...publishIdentity(core), ...beginRound(core, partners)];
}

/** Ends an overdue round, and starts an unscheduled one if an author is unknown. */
export function attendIdentityPull(core: Core): readonly Effect[] {
  const { pull } = core;
  if (pull.round !== undefined) return attendRound(core);
  const peers = new Map<PkiId, PullPeer>();
  for (const from of takeWanted(pull, core.now)) {
    const member = core.members.table.get(from);
    if (member?.status === "alive") peers.set(from, peerAt(member));
    if (peers.size === core.options.fanout.pullPeers) break;
  }
  return beginRound(core, [...peers.values()]);
}

export function handleUpdate(core: Core, update: DataUpdate, from: PkiId): readonly Effect[] {
  const { items, effects } = takeUpdate(core.pull, update, from, core.options.read);
  const { backlogMax } = core.options.limits;
  const refused = items.filter(
    (item) => !enqueueClaim(core.verificationQueue, { type: "identity", from, item }, backlogMax),
  );
  return [...effects, ...refused.map(() => drop(from, "backlog-full"))];
}

export function handleHello(core: Core, hello: GossipHello, from: PkiId): readonly Effect[] {
  const bytes = NAME_BYTES * (1 + core.pull.offered.size);
  if (!spendAnswer(core, from, bytes)) return [drop(from, "answer-budget")];
  return answerHello(core, hello, peerOf(core, from), rightsOf(core, from));
}

export function handleRequest(core: Core, request: DataRequest, from: PkiId): readonly Effect[] {
  const bytes = ITEM_BYTES * request.digests.length;
  if (bytes > 0 && !spendAnswer(core, from, bytes)) return [drop(from, "answer-budget")];
  return answerRequest(core, request, peerOf(core, from), rightsOf(core, from));
}

/** The peer's access rights, computed once for all items. */
function rightsOf(core: Core, peer: PkiId): MayHave {
  const asker = useIdentity(core.identities, peer, core.now);
  const { mspId } = core.options.self;
  if (asker === undefined) return () => false;
  if (asker.mspId === mspId) return () => true;
  return (pkiId) => {
    const subject = partyOfKnown(core, pkiId);
    return subject !== undefined && mayPullIdentity(mspId, asker.mspId, subject);
  };
}

function partyOfKnown(core: Core, pkiId: PkiId): Party | undefined {
  if (pkiId === core.options.self.pkiId) return ownParty(core);
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
): readonly Effect[] {
  if (isSelf(core, item.pkiId)) return [drop(from, "own-message")];
  const verified = checkIdentity(core, item, from);
  if (!verified.ok) {
    if (verified.code !== "check-budget") shunFrom(core.pull, item.pkiId, from, core.now);
    return [drop(from, verified.code)];
  }
  const { author, claim } = verified.value;
  if (isOurCertificate(core, author)) return [drop(from, "own-message")];
  const effects = learn(core, author, "pull");
  quicken(core.pullBackoff, core.options, core.now);
  if (core.identities.table.has(author.pkiId)) offer(core.pull, author.pkiId, claim.envelope.bytes);
  return effects;
}

/** Sends hellos to these peers, unless there are none or a round is open. */
export function beginRound(core: PullCore, peers: readonly PullPeer[]): readonly Effect[] {
  const { now, options, pull } = core;
  if (peers.length === 0 || pull.round !== undefined) return [];
  const greeted = peers.map((peer) => ({ ...peer, nonce: options.random.uint64() }));
  openRound(pull, greeted, now.elapsedMs + patient(core).digestWaitMs);
  return greeted.map(({ nonce, ...peer }) =>
    sendPull(core, peer, { type: "hello", value: { nonce, metadata: EMPTY_BYTES, msgType } }),
  );
}

/** Continues at the deadline with the received digests, or without the missing updates. */
export function attendRound(core: PullCore): readonly Effect[] {
  const { round } = core.pull;
  if (round === undefined || core.now.elapsedMs < round.untilMs) return [];
  if (round.phase === "digests") return requestItems(core);
  closeRound(core.pull);
  return [];
}

/** Records a peer's offer. When all have answered, or at the deadline, we request items. */
export function handleDigest(core: PullCore, digest: DataDigest, from: PkiId): readonly Effect[] {
  const { now, options, pull } = core;
  if (!noteDigest(pull, from, digest, options, now)) {
    return [drop(from, "pull-unsolicited")];
  }
  return haveAllAnswered(pull) ? requestItems(core) : [];
}

/** Requests each missing item from one random owner. */
function requestItems(core: PullCore): readonly Effect[] {
  const untilMs = core.now.elapsedMs + patient(core).responseWaitMs;
  const asked = chooseOwners(core.pull, core.options.random, untilMs);
  return asked.map(([pkiId, { nonce, endpoint, requested }]) => {
    const digests = [...requested].map(idsOf(core).write);
    const content = { type: "request", value: { nonce, digests, msgType } } as const;
    return sendPull(core, { pkiId, endpoint }, content);
  });
}

/**
 * An update brings items. Those we asked this peer for come back as claims to be checked one by one:
 * a bad one never spoils its neighbours.
 */
export function takeUpdate(
  pull: Pull,
  update: DataUpdate,
  from: PkiId,
  read?: ReadMessage,
): { readonly items: readonly IdentityClaim[]; readonly effects: readonly Effect[] } {
  const requested = requestedFrom(pull, from, update.nonce);
  if (requested === undefined) return { items: [], effects: [drop(from, "pull-unsolicited")] };
  const items: IdentityClaim[] = [];
  const effects: Effect[] = [];
  for (const bytes of update.data) {
    const item = parseIdentityItem(bytes, read);
    if (!item.ok) effects.push(drop(from, item.code));
    else if (requested.delete(item.value.pkiId)) items.push(item.value);
    else effects.push(drop(from, "pull-unsolicited"));
  }
  closeIfComplete(pull);
  return { items, effects };
}

/** Items that this peer may see; one rule for digests and updates. */
type MayHave = (pkiId: PkiId) => boolean;

/** Answers a hello with a digest, unless it would be empty (spec C 3.5). */
export function answerHello(
  core: PullCore,
  { nonce }: GossipHello,
  from: PullPeer,
  mayHave: MayHave,
): readonly Effect[] {
  const { now, options, pull } = core;
  const hello = { nonce, untilMs: now.elapsedMs + patient(core).requestWaitMs };
  if (!noteHello(pull, from.pkiId, hello, options.limits.hellosPerPeerMax, now)) {
    return [drop(from.pkiId, "pull-too-often")];
  }
  const digests = [...pull.offered.keys()].filter(mayHave).map(idsOf(core).write);
  if (digests.length === 0) return [];
  return [sendPull(core, from, { type: "digest", value: { nonce, digests, msgType } })];
}

/** Answers a request, which requires a recent hello of the same peer. */
export function answerRequest(
  core: PullCore,
  { digests, nonce }: DataRequest,
  from: PullPeer,
  mayHave: MayHave,
): readonly Effect[] {
  const { now, options, pull } = core;
  if (!isGreeted(pull, from.pkiId, nonce, now)) return [drop(from.pkiId, "pull-without-hello")];
  // Ignore duplicates, and items beyond the number that we would request.
  const ids = new Set(digests.slice(0, options.limits.pullItemsMax).map(idsOf(core).read));
  const data: Uint8Array[] = [];
  for (const id of ids) {
    const envelope = id === undefined ? undefined : pull.offered.get(id);
    if (id !== undefined && envelope !== undefined && mayHave(id)) data.push(envelope);
  }
  if (data.length === 0) return [];
  return [sendPull(core, from, { type: "update", value: { nonce, data, msgType } })];
}

function idsOf({ options: { ids = PKI_ID_CODEC } }: PullCore): PkiIdCodec {
  return ids;
}

/** Sends one message of the pull; they are all unsigned and alike but for their content. */
function sendPull(
  { options: { write = encodeUnsigned } }: PullCore,
  { pkiId, endpoint }: PullPeer,
  content: Extract<Content, { type: "hello" | "digest" | "request" | "update" }>,
): Effect {
  const message = { nonce: 0n, channel: EMPTY_BYTES, tag: TAG.empty, content };
  return send(pkiId, endpoint, { bytes: write(message) });
}
