/**
 * What the network tells us about a member: reached, not reached, somebody else in its place.
 * A failed send or a broken connection is a suspicion only; a ping decides. Source: spec B 1.3,
 * 3.2, 3.7, and 10.6 for the confirmation.
 */
import { encodeUnsigned, withoutSecret } from "../../wire/envelope.ts";
import { TAG } from "../../wire/messages.ts";
import { partyOf } from "../rules/disclosure.ts";
import type { Broadcast } from "../tables/broadcast-queue.ts";
import {
  contactAsked,
  contactFault,
  failContact,
  reachedSelf,
  refuseContact,
} from "../tables/contacts.ts";
import { clearSuspicion, declareDead, markReachable, suspect } from "../tables/deaths.ts";
import { patient } from "../tables/lateness.ts";
import { preferredEndpoint } from "../tables/members.ts";
import { requestAlive } from "../tables/self.ts";
import { startAsking, startPing } from "../tables/suspicion.ts";
import type { Effect } from "../types/effect.ts";
import type { Fault } from "../types/event.ts";
import type { Identity, PkiId } from "../types/host.ts";
import type { Input } from "../types/input.ts";
import type { Member } from "../types/member.ts";
import { enqueueBroadcast } from "./audience.ts";
import { isSelf } from "./check.ts";
import { reconnectAt } from "./expiry.ts";
import { learn, purge } from "./learn-identity.ts";
import { recipientOf, requestMembership, speakSoon } from "./publish.ts";
import type { Core } from "./state.ts";

/**
 * The last connection to the peer broke, or a message could not be delivered: it is asked whether it
 * is there, at the endpoint it has now.
 */
export function handleUnreached(core: Core, pkiId: PkiId): readonly Effect[] {
  if (core.options.beyondFabric?.confirmsDeath === false) return believeDead(core, pkiId);
  const member = core.members.table.get(pkiId);
  const endpoint = member ? preferredEndpoint(member) : "";
  if (endpoint === "" || !suspect(core.members, pkiId)) return [];
  return [{ type: "ping", pkiId, endpoint }];
}

/** Fabric's rule: no ping, and any newer message revives the member. */
function believeDead(core: Core, pkiId: PkiId): readonly Effect[] {
  const atMs = reconnectAt(core);
  const effects = declareDead(core.members, pkiId, "unreachable", atMs, core.now);
  markReachable(core.members, pkiId);
  return effects;
}

/**
 * Handles a new connection: a member that we believed dead is asked for an alive message at once.
 */
export function handleConnected(core: Core, pkiId: PkiId): readonly Effect[] {
  markReachable(core.members, pkiId);
  const member = core.members.table.get(pkiId);
  if (member?.status !== "dead" || !startPing(core.suspicions, pkiId, core.now)) return [];
  return requestMembership(core, recipientOf(member, 0n));
}

/** Handles the result of a ping to a suspect or a dead member. */
export function handlePinged(core: Core, pkiId: PkiId, reachable: boolean): readonly Effect[] {
  const member = core.members.table.get(pkiId);
  if (member === undefined) return [];
  if (member.status === "alive") {
    if (reachable) {
      clearSuspicion(core.members, pkiId, core.now);
      markReachable(core.members, pkiId);
      return member.isSuspect ? reassure(core, member) : [];
    }
    if (member.isSuspect) {
      announceDeath(core, member);
      return declareDead(core.members, pkiId, "unreachable", reconnectAt(core), core.now);
    }
    return [];
  }
  return reachable ? requestMembership(core, recipientOf(member, 0n)) : [];
}

/** Heartbeats without any news of a member, after which it is asked for a message of its own. */
const UNHEARD = 2;
/** Maximum such requests per heartbeat interval: one that refuses us fails each of them at once. */
const REQUESTS = 50;

/**
 * It is there, but the connection broke: perhaps it believes us dead, as after a standstill of
 * ours. If only others doubted it, there is nothing to tell; but one whose messages do not arrive,
 * although it answers, would soon be dead by its silence.
 */
function reassure(core: Core, member: Member): readonly Effect[] {
  const { suspicions, options } = core;
  const { aliveIntervalMs } = options.timing;
  const { pkiId, lastSeenMs } = member;
  // Do not retry soon: a peer that refuses us breaks the next connection, too.
  if (startPing(suspicions, pkiId, core.now)) speakSoon(core);
  else {
    const isUnheard = core.now.elapsedMs - lastSeenMs > aliveIntervalMs * UNHEARD;
    const pauseMs = aliveIntervalMs / REQUESTS;
    if (!isUnheard || !startAsking(suspicions, pkiId, pauseMs, core.now)) return [];
  }
  return requestMembership(core, recipientOf(member, 0n));
}

/**
 * Tells those who know the member that it does not answer: they ask it themselves. To a Fabric peer
 * it is a membership response that tells nothing new.
 */
function announceDeath(core: Core, member: Member): void {
  const { envelope } = member.alive;
  const broadcast: Broadcast = {
    key: `dead ${member.pkiId}`,
    reach: { type: "about", party: partyOf(member) },
    bytes: encodeDead(envelope.bytes),
    withoutSecret: () => encodeDead(withoutSecret(envelope).bytes),
    replacesOlder: false,
    holders: [member.pkiId],
  };
  enqueueBroadcast(core, broadcast);
}

function encodeDead(envelope: Uint8Array): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    content: { type: "membership-response", value: { alive: [], dead: [envelope] } },
  });
}

/** At the endpoint of `old` there is now another identity of the same organisation: a renewal. */
export function handleReplaced(core: Core, old: PkiId, identity: Identity): readonly Effect[] {
  return [...learn(core, identity, "handshake"), ...purge(core, old, "replaced")];
}

const NOBODY: Fault = { code: "unreachable", detail: "" };

/** Handles the result of a contact's probe. */
export function handleIdentified(
  core: Core,
  answer: Extract<Input, { type: "identified" }>,
): readonly Effect[] {
  const { options, self } = core;
  const { timing, random } = options;
  const contact = core.contacts.find(({ endpoint }) => endpoint === answer.endpoint);
  if (contact?.state.type !== "identifying") return [];
  const { identity } = answer;
  if (identity === undefined) {
    const fault = contactFault(contact, answer.fault ?? NOBODY, options.self.mspId);
    return [failContact(contact, fault, timing, random, core.now)];
  }
  contact.isSelf = isSelf(core, identity.pkiId) && answer.fault === undefined;
  if (isSelf(core, identity.pkiId) && answer.fault) {
    return [failContact(contact, answer.fault, timing, random, core.now)];
  }
  if (contact.isSelf) {
    reachedSelf(contact, timing, random, core.now);
    return [];
  }
  const refusal = refuseContact(contact, identity, options.self.mspId, self.externalEndpoint);
  if (refusal !== undefined) {
    const failed = failContact(contact, refusal, timing, random, core.now);
    // It may be connected because we asked who it is; as a member it may stay connected.
    const isMember = core.members.table.get(identity.pkiId)?.status === "alive";
    return isMember
      ? [failed]
      : [failed, { type: "disconnect", pkiId: identity.pkiId, why: refusal }];
  }

  const nonce = random.uint64();
  const { membershipResponseWaitMs } = patient(core);
  const untilMs = core.now.elapsedMs + membershipResponseWaitMs;
  contactAsked(contact, { pkiId: identity.pkiId, nonce, untilMs });
  const purpose = {
    type: "membership-request",
    to: identity.pkiId,
    endpoint: contact.endpoint,
    // Whether it has an external endpoint is not known yet, and does not matter for a request.
    party: { mspId: identity.mspId, isExternal: true },
    nonce,
  } as const;
  return [...learn(core, identity, "handshake"), ...requestAlive(self, options, purpose, core.now)];
}
