/**
 * Answering membership requests, and using responses.
 * Source: spec B 1.5, 2.3 (Fabric's `sendMemResponse`, `handleMsgFromComm`).
 */
import { type Envelope, encodeUnsigned, withoutSecret } from "../../wire/envelope.ts";
import { ENVELOPES_MAX } from "../../wire/limits.ts";
import { type MembershipRequest, type MembershipResponse, TAG } from "../../wire/messages.ts";
import { type Disclosure, discloseMember, type Party } from "../rules/disclosure.ts";
import { isNewer } from "../rules/message-order.ts";
import { type Alive, parseAlive } from "../rules/read-alive.ts";
import { shuffled } from "../rules/shuffle.ts";
import { type Core, isOurCertificate, isSelf } from "../state.ts";
import { contactAnswered } from "../tables/contacts.ts";
import { findIdentity } from "../tables/identities.ts";
import { isNews, isSignOfLife, type Member, partyOf } from "../tables/members.ts";
import { type OwnAlive, type Recipient, requestAlive } from "../tables/self.ts";
import { raise } from "../tables/suspicion.ts";
import { keepForgotten } from "../tables/tombstones.ts";
import { type AliveSource, enqueueList } from "../tables/verification-queue.ts";
import { drop, type Effect, send } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import { applyVerified, hearingOf } from "./apply.ts";
import { checkAlive } from "./check.ts";
import { learn } from "./learn-identity.ts";
import { recentAlive } from "./membership-request.ts";
import { tellTwin } from "./own-messages.ts";
import { speakSoon } from "./publish.ts";

/** Answers a request; learns from it that the requester is alive. */
export function handleMembershipRequest(
  core: Core,
  request: MembershipRequest,
  nonce: bigint,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const alive = parseAlive(request.selfInformation);
  if (!alive.ok) return [drop(from, alive.code)];
  if (alive.value.pkiId !== from) return [drop(from, "request-spoofed")];
  const verified = checkAlive(core, alive.value, from, now);
  if (!verified.ok) return [drop(from, verified.code)];

  const { author, claim } = verified.value;
  if (isOurCertificate(core, author)) return [drop(from, "own-message"), ...tellTwin(core, claim)];
  const effects = [
    ...learn(core, author, "alive", now, claim.time),
    ...applyVerified(core, verified.value, "request", from, now),
  ];
  const mspId = findIdentity(core.identities, from, now)?.mspId;
  if (mspId === undefined) return [...effects, drop(from, "identity-unknown")];
  const { endpoint, internalEndpoint } = alive.value;
  const asker: Recipient = {
    to: from,
    endpoint: internalEndpoint || endpoint,
    party: { mspId, isExternal: endpoint !== "" },
    nonce,
  };
  return [...effects, ...answer(core, asker, now)];
}

function answer(core: Core, asker: Recipient, now: Now): readonly Effect[] {
  const { options, self } = core;
  const own: Party = { mspId: options.self.mspId, isExternal: self.externalEndpoint !== "" };
  if (discloseMember(own.mspId, asker.party, own) === "hidden") {
    const reason = "it may not see us: one side has no external endpoint";
    return [drop(asker.to, "not-disclosed"), { type: "disconnect", pkiId: asker.to, reason }];
  }
  const recent = recentAlive(core, now);
  if (recent) return [membershipResponse(core, recent, asker)];
  return requestAlive(self, options, { type: "membership-response", ...asker }, now);
}

/** Everybody the asker may see; our own entry comes last (spec B 1.5). */
export function membershipResponse(core: Core, own: OwnAlive, asker: Recipient): Effect {
  const ownMspId = core.options.self.mspId;
  const [alive, dead]: [Uint8Array[], Uint8Array[]] = [[], []];
  for (const member of listable(core)) {
    const entries = member.status === "alive" ? alive : dead;
    // One place is kept for ourselves; a longer list would not be read.
    if (entries.length >= ENVELOPES_MAX - 1) continue;
    const { envelope } = member.alive;
    const bytes = disclosed(envelope, discloseMember(ownMspId, asker.party, partyOf(member)));
    if (bytes) entries.push(bytes);
  }
  const isOwnOrg = asker.party.mspId === ownMspId;
  const self = disclosed(own.envelope, isOwnOrg ? "with-secret" : "without-secret");
  if (self) alive.push(self);
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    nonce: asker.nonce,
    content: { type: "membership-response", value: { alive, dead } },
  });
  return send(asker.to, asker.endpoint, { bytes });
}

/** All members; in random order if they may not all find room, so that each has its chance. */
function listable({ members, options }: Core): Iterable<Member> {
  const all = members.table.values();
  return members.table.size < ENVELOPES_MAX ? all : shuffled([...all], options.random);
}

function disclosed(envelope: Envelope, disclosure: Disclosure): Uint8Array | undefined {
  if (disclosure === "hidden") return undefined;
  return disclosure === "with-secret" ? envelope.bytes : withoutSecret(envelope).bytes;
}

/** Queues a response: it is worked through a few entries at a time (see belief.ts). */
export function handleMembershipResponse(
  core: Core,
  { alive, dead }: MembershipResponse,
  nonce: bigint,
  from: PkiId,
): readonly Effect[] {
  contactAnswered(core.contacts, from, nonce);
  const entries = [
    ...alive.map((bytes) => [bytes, "listed-alive"] as const),
    ...dead.map((bytes) => [bytes, "listed-dead"] as const),
  ];
  return enqueueList(core.claims, from, entries) ? [] : [drop(from, "backlog-full")];
}

/**
 * Somebody believes a member to be dead. If it is us, we say that we are not; if it is one that is
 * alive to us, and nothing newer is known of it, we shall ask it (questions.ts).
 */
function considerDeath(core: Core, { pkiId, time }: Alive, now: Now): void {
  if (isSelf(core, pkiId)) {
    if (time.incNum >= core.self.incarnation) speakSoon(core, now);
    return;
  }
  const member = core.members.table.get(pkiId);
  if (member === undefined || isNewer(member.time, time)) return;
  raise(core, member, { type: "told", time }, now);
}

/** Cheap checks, before any signature: is it about somebody else, and is it news? */
export function isWorthChecking(
  core: Core,
  alive: Alive,
  source: AliveSource,
  from: PkiId,
  now: Now,
): boolean {
  const { members } = core;
  const { pkiId, time } = alive;
  if (source === "listed-dead") considerDeath(core, alive, now);
  if (isSelf(core, pkiId)) return false;
  if (source !== "listed-dead") {
    return isSignOfLife(members, pkiId, time, hearingOf(source, pkiId, from));
  }
  if (isNews(members, pkiId, time)) return true;
  keepForgotten(members.tombstones, pkiId, now.elapsedMs + core.options.timing.forgetAfterMs);
  return false;
}
