/**
 * Membership request and response: asking others whom they know, and answering.
 * Source: spec B 1.4, 1.5, 2.3 (Fabric's `InitiateSync`, `sendMemResponse`, `handleMsgFromComm`).
 */
import { equalBytes } from "../wire/bytes.ts";
import { type Envelope, encodeUnsigned, withoutSecret } from "../wire/envelope.ts";
import { type MembershipRequest, type MembershipResponse, TAG } from "../wire/messages.ts";
import { accept, type Verdict } from "../wire/verdict.ts";
import type { Now, PkiId } from "./abilities.ts";
import { type Alive, parseAlive } from "./alive.ts";
import { type AliveSource, enqueueClaim } from "./claims.ts";
import { contactAnswered } from "./contacts.ts";
import { type Disclosure, discloseMember, type Party } from "./disclosure.ts";
import { drop, type Effect, send } from "./effect.ts";
import { partyOf, shuffled } from "./emitter.ts";
import { findIdentity } from "./identities.ts";
import {
  aliveMembers,
  applyAlive,
  isNews,
  keepForgotten,
  type Member,
  preferredEndpoint,
} from "./membership.ts";
import { type OwnAlive, type Recipient, requestAlive } from "./self.ts";
import type { Core } from "./state.ts";
import { type Verified, type VerifyFault, verifyAlive } from "./verify.ts";

/** Asks a few random members whom they know. Nobody alive: nothing is asked, nothing signed. */
export function startSync(core: Core, now: Now): readonly Effect[] {
  const { options, members } = core;
  const effects: Effect[] = [];
  let asked = 0;
  for (const member of shuffled(aliveMembers(members), options.random)) {
    if (asked === options.fanout.pullPeers) break;
    asked += 1;
    const recipient = recipientOf(member, 0n);
    const recent = recentAlive(core, now);
    if (recent) effects.push(membershipRequest(core, recent, recipient));
    else effects.push(...requestMembership(core, recipient, now));
  }
  return effects;
}

export function recipientOf(member: Member, nonce: bigint): Recipient {
  return {
    to: member.pkiId,
    endpoint: preferredEndpoint(member),
    party: partyOf(member),
    nonce,
  };
}

/** Our last alive message, unless it is older than a heartbeat. */
function recentAlive(core: Core, now: Now): OwnAlive | undefined {
  const { alive } = core.self;
  const { aliveIntervalMs } = core.options.timing;
  return alive && now.elapsedMs - alive.signedMs <= aliveIntervalMs ? alive : undefined;
}

/** Asks one peer, with an alive message signed for the purpose: it revives us if we were dead there. */
export function requestMembership(core: Core, recipient: Recipient, now: Now): readonly Effect[] {
  const purpose = { type: "membership-request", ...recipient } as const;
  return requestAlive(core.self, core.options, purpose, now);
}

/** The request itself; our internal endpoint stays within the organisation. */
export function membershipRequest(core: Core, alive: OwnAlive, to: Recipient): Effect {
  const isOwnOrg = to.party.mspId === core.options.self.mspId;
  const self = isOwnOrg ? alive.envelope : withoutSecret(alive.envelope);
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    nonce: to.nonce,
    content: { type: "membership-request", value: { selfInformation: self.bytes } },
  });
  return send(to.to, to.endpoint, { bytes });
}

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
  const verified = verifyUnlessKnown(core, alive.value, now);
  if (!verified.ok) return [drop(from, verified.code)];

  const effects: Effect[] = [];
  if (verified.value !== undefined) {
    const applied = applyAlive(core.members, verified.value, core.options.limits.membersMax, now);
    if (applied === "members-full") effects.push(drop(from, applied));
    else effects.push(...applied);
  }
  const mspId = findIdentity(core.identities, from, now)?.mspId;
  if (mspId === undefined) return [...effects, drop(from, "identity-unknown")];
  const { endpoint, internalEndpoint } = alive.value;
  const asker: Recipient = {
    to: from,
    endpoint: internalEndpoint || endpoint,
    party: { mspId, isExternal: endpoint !== "" },
    nonce,
  };
  effects.push(...answer(core, asker, now));
  return effects;
}

/** No signature is checked twice: an alive message we already hold is accepted as it is. */
function verifyUnlessKnown(
  core: Core,
  alive: Alive,
  now: Now,
): Verdict<Verified<Alive> | undefined, VerifyFault> {
  const known = core.members.table.get(alive.pkiId)?.alive.envelope;
  if (known && isSameEnvelope(known, alive.envelope)) return accept(undefined);
  return verifyAlive(core.options.crypto, core.identities, alive, now);
}

export function isSameEnvelope(a: Envelope, b: Envelope): boolean {
  return equalBytes(a.bytes, b.bytes);
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
  for (const member of core.members.table.values()) {
    const bytes = disclosed(
      member.alive.envelope,
      discloseMember(ownMspId, asker.party, partyOf(member)),
    );
    if (bytes) (member.status === "alive" ? alive : dead).push(bytes);
  }
  const self = disclosed(
    own.envelope,
    asker.party.mspId === ownMspId ? "with-secret" : "without-secret",
  );
  if (self) alive.push(self);
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    nonce: asker.nonce,
    content: { type: "membership-response", value: { alive, dead } },
  });
  return send(asker.to, asker.endpoint, { bytes });
}

function disclosed(envelope: Envelope, disclosure: Disclosure): Uint8Array | undefined {
  if (disclosure === "hidden") return undefined;
  return disclosure === "with-secret" ? envelope.bytes : withoutSecret(envelope).bytes;
}

/** Queues what a response says about members we do not know, or know less of. */
export function handleMembershipResponse(
  core: Core,
  response: MembershipResponse,
  nonce: bigint,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  contactAnswered(core.contacts, from, nonce);
  return [
    ...considerList(core, response.alive, "listed-alive", from, now),
    ...considerList(core, response.dead, "listed-dead", from, now),
  ];
}

function considerList(
  core: Core,
  entries: readonly Uint8Array[],
  source: AliveSource,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const effects: Effect[] = [];
  for (const entry of entries) {
    const alive = parseAlive(entry);
    if (!alive.ok) {
      effects.push(drop(from, alive.code));
    } else if (isWorthChecking(core, alive.value, source, now)) {
      const claim = { type: "alive", from, source, alive: alive.value } as const;
      if (!enqueueClaim(core.claims, claim, core.options.limits.backlogMax)) {
        effects.push(drop(from, "backlog-full"));
      }
    }
  }
  return effects;
}

/** Cheap checks, before any signature: is it about somebody else, and is it news? */
export function isWorthChecking(core: Core, alive: Alive, source: AliveSource, now: Now): boolean {
  if (alive.pkiId === core.options.self.pkiId) return false;
  if (isNews(core.members, alive.pkiId, alive.time)) {
    return source !== "listed-dead" || !core.members.table.has(alive.pkiId);
  }
  if (source === "listed-dead") {
    keepForgotten(core.members, alive.pkiId, core.options.timing.forgetAfterMs, now);
  }
  return false;
}
