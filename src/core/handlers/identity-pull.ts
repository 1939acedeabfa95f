import type { DataDigest, DataRequest, DataUpdate, GossipHello } from "../../wire/messages.ts";
import { mayPullIdentity, type Party } from "../rules/disclosure.ts";
import { useIdentity } from "../tables/identities.ts";
import { partyOf, preferredEndpoint } from "../tables/members.ts";
import { quicken } from "../tables/poll-backoff.ts";
import type { PullPeer } from "../tables/pull.ts";
import { offer, shunFrom } from "../tables/pull.ts";
import { enqueueClaim } from "../tables/verification-queue.ts";
import type { Claim } from "../types/claim.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { choosePartners } from "./audience.ts";
import { checkIdentity } from "./check.ts";
import { learn } from "./learn-identity.ts";
import * as answer from "./pull-answer.ts";
import * as ask from "./pull-ask.ts";
import type { Core } from "./state.ts";
import { isOurCertificate, isSelf } from "./state.ts";

/** Pause between rounds started out of turn. */
const URGENT_PAUSE_MS = 200;

/** The regular round: a few members of any organisation. */
export function startIdentityPull(core: Core, now: Now): readonly Effect[] {
  const peers = choosePartners(core, now).map(peerAt);
  return ask.beginRound(core.pull, peers, core.options, now);
}

/** Ends what is overdue, and starts a round out of turn if somebody unknown was heard of. */
export function attendIdentityPull(core: Core, now: Now): readonly Effect[] {
  const { pull } = core;
  if (pull.round !== undefined) return ask.attendRound(pull, core.options, now);
  if (pull.wanted.size === 0 || now.elapsedMs < pull.urgentAtMs) return [];
  pull.urgentAtMs = now.elapsedMs + URGENT_PAUSE_MS;
  const peers = new Map<PkiId, PullPeer>();
  for (const from of pull.wanted.values()) {
    const member = core.members.table.get(from);
    if (member?.status === "alive") peers.set(from, peerAt(member));
    if (peers.size === core.options.fanout.pullPeers) break;
  }
  pull.wanted.clear(); // Whoever is still unknown afterwards is wanted again with its next message.
  return ask.beginRound(pull, [...peers.values()], core.options, now);
}

export function handleDigest(
  core: Core,
  digest: DataDigest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  return ask.handleDigest(core.pull, digest, from, core.options, now);
}

export function handleUpdate(core: Core, update: DataUpdate, from: PkiId): readonly Effect[] {
  const { claims, effects } = ask.handleUpdate(core.pull, update, from);
  const { backlogMax } = core.options.limits;
  const refused = claims.filter((claim) => !enqueueClaim(core.claims, claim, backlogMax));
  return [...effects, ...refused.map(() => drop(from, "backlog-full"))];
}

export function handleHello(
  core: Core,
  hello: GossipHello,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const mayHave = rightsOf(core, from, now);
  return answer.handleHello(core.pull, hello, peerOf(core, from), mayHave, core.options, now);
}

export function handleRequest(
  core: Core,
  request: DataRequest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const mayHave = rightsOf(core, from, now);
  return answer.handleRequest(core.pull, request, peerOf(core, from), mayHave, core.options, now);
}

/** What this peer may have, found out once for all items. */
function rightsOf(core: Core, peer: PkiId, now: Now): answer.MayHave<PkiId> {
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

function peerOf(core: Core, pkiId: PkiId): PullPeer {
  const member = core.members.table.get(pkiId);
  return member ? peerAt(member) : { pkiId, endpoint: "" };
}

function peerAt(member: Member): PullPeer {
  return { pkiId: member.pkiId, endpoint: preferredEndpoint(member) };
}

/** Checks a pulled identity and learns it if it holds. */
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
  quicken(core.pullPace, core.options, now);
  if (core.identities.table.has(author.pkiId)) offer(core.pull, author.pkiId, claim.envelope.bytes);
  return effects;
}
