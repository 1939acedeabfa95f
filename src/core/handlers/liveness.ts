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
  refuseContact,
  retryLater,
} from "../tables/contacts.ts";
import {
  clearSuspicion,
  declareDead,
  markReachable,
  suspect,
  withdrawSuspicion,
} from "../tables/deaths.ts";
import { patient } from "../tables/lateness.ts";
import { preferredEndpoint } from "../tables/members.ts";
import { noteConnected } from "../tables/neighbourhood.ts";
import { forgetRoutine } from "../tables/routine-queue.ts";
import { isTooEarly, pingSuspects, startAsking, startPing } from "../tables/suspicion.ts";
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
import { isGathering } from "./routine.ts";
import type { Core } from "./state.ts";

/** Asks whoever has been silent for long, or is said to be dead, whether it is there. */
export function askSuspects(core: Core): readonly Effect[] {
  return pingSuspects(core, isGathering(core));
}

/**
 * The last connection to the peer broke, or a message could not be delivered: it is asked whether it
 * is there, at the endpoint it has now.
 */
export function handleUnreached(core: Core, pkiId: PkiId): readonly Effect[] {
  if (core.options.beyondFabric?.confirmsDeath === false) return believeDead(core, pkiId);
  core.suspicions.silent.delete(pkiId); // More than its silence speaks against it.
  const member = core.members.table.get(pkiId);
  const endpoint = member ? preferredEndpoint(member) : "";
  if (endpoint === "" || !suspect(core.members, pkiId)) return [];
  return [{ type: "ping", pkiId, endpoint }];
}

/** Fabric's rule: no ping, and any newer message revives the member. */
function believeDead(core: Core, pkiId: PkiId): readonly Effect[] {
  const member = core.members.table.get(pkiId);
  if (member?.status !== "alive") return [];
  const effects = declareDead(core, member, "unreachable", reconnectAt(core));
  markReachable(core.members, pkiId);
  return effects;
}

/**
 * Handles a new connection: a member that we believed dead is asked for an alive message at once.
 */
export function handleConnected(core: Core, identity: Identity): readonly Effect[] {
  const { pkiId } = identity;
  noteConnected(core.neighbourhood, pkiId);
  markReachable(core.members, pkiId);
  const member = core.members.table.get(pkiId);
  const isBack = member?.status === "dead" && startPing(core.suspicions, pkiId, core.now);
  const asked = isBack ? requestMembership(core, recipientOf(member)) : [];
  return [...asked, ...learn(core, identity, "handshake")];
}

/** Handles the result of a ping to a suspect or a dead member. */
export function handlePinged(core: Core, pkiId: PkiId, reachable: boolean): readonly Effect[] {
  const member = core.members.table.get(pkiId);
  if (member === undefined) return [];
  if (member.status === "dead") {
    return reachable ? requestMembership(core, recipientOf(member)) : [];
  }
  if (reachable) {
    clearSuspicion(core.members, pkiId, core.now);
    markReachable(core.members, pkiId);
    return member.isSuspect ? reassure(core, member) : [];
  }
  if (!member.isSuspect) return [];
  if (isTooEarly(core, member)) {
    withdrawSuspicion(core.members, pkiId);
    return [];
  }
  forgetRoutine(core.routine, pkiId); // It was said before, and would revive the dead.
  announceDeath(core, member);
  return declareDead(core, member, "unreachable", reconnectAt(core));
}

/** Heartbeats without any news of a member, after which it is asked for a message of its own. */
const UNHEARD = 1.5;
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
  return requestMembership(core, recipientOf(member));
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
  { endpoint, fault, identity }: Extract<Input, { type: "identified" }>,
): readonly Effect[] {
  const { options, self } = core;
  const contact = core.contacts.find((one) => one.endpoint === endpoint);
  if (contact?.state.type !== "identifying") return [];
  if (identity === undefined) {
    return [failContact(core, contact, contactFault(contact, fault ?? NOBODY, options.self.mspId))];
  }
  const { mspId, pkiId } = identity;
  const isOurs = isSelf(core, pkiId);
  contact.isSelf = isOurs && fault === undefined;
  if (isOurs && fault !== undefined) return [failContact(core, contact, fault)];
  if (isOurs) {
    retryLater(core, contact); // No failure, since another peer may answer next time.
    return [];
  }
  const why = refuseContact(contact, identity, options.self.mspId, self.externalEndpoint);
  if (why !== undefined) {
    const failed = failContact(core, contact, why);
    // It may be connected because we asked who it is; as a member it may stay connected.
    const isMember = core.members.table.get(pkiId)?.status === "alive";
    return isMember ? [failed] : [failed, { type: "disconnect", pkiId, why }];
  }
  const nonce = options.random.uint64();
  contactAsked(contact, {
    pkiId,
    nonce,
    untilMs: core.now.elapsedMs + patient(core).membershipResponseWaitMs,
  });
  // Whether it has an external endpoint is not known yet, and does not matter for a request.
  const asked = { to: pkiId, endpoint, party: { mspId, isExternal: true }, nonce };
  return [...learn(core, identity, "handshake"), ...requestMembership(core, asked)];
}
