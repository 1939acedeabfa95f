/** What there is to say of a peer, fact by fact. */

import type { Contact } from "../../../core/tables/contacts.ts";
import { shunnedItems } from "../../../core/tables/pull.ts";
import type { Now } from "../../../core/types/host.ts";
import type { Member as CoreMember } from "../../../core/types/member.ts";
import { dateOf } from "../../snapshots.ts";
import type { Departure, Failure } from "../failures.ts";
import type { Cause, Known } from "./explanation.ts";
import { isAhead, moment, tell, wallTime } from "./moment.ts";
import { aboutRefusals } from "./refused.ts";
import { isHidden } from "./remedy.ts";
import { aboutSharedEndpoint } from "./shared-endpoint.ts";
import type { Subject } from "./subject.ts";

export function causesOf(
  known: Known,
  subject: Subject,
  failures: readonly Failure[],
): readonly Cause[] {
  if (subject.pkiId === known.self.pkiId) {
    const sentence = `That is this node itself: ${nameOf(subject)} of ${known.self.mspId}.`;
    return [cause("self", sentence), ...aboutSharedEndpoint(known, subject)];
  }
  return [
    ...aboutMember(known, subject),
    ...aboutSharedEndpoint(known, subject),
    ...aboutDeparture(subject, known.now),
    ...aboutIdentity(known, subject),
    ...aboutDisclosure(known, subject),
    ...aboutConnection(known, subject, failures),
    ...aboutContact(subject),
    ...aboutFailures(known, subject, failures),
    ...aboutRefusals(known, subject),
  ];
}

function cause(code: Cause["code"], sentence: string): Cause {
  return { code, sentence: sentence.replace(/^th(?=(e|at) peer )/, "Th") };
}

function nameOf({ endpoints, pkiId }: Subject): string {
  return endpoints[0] ?? (pkiId ? `the peer ${pkiId.slice(0, 16)}` : "that peer");
}

function aboutMember({ core, now }: Known, subject: Subject): readonly Cause[] {
  const { member, identity, trace, contact, isAwaited } = subject;
  const name = nameOf(subject);
  if (member) return aboutKnownMember(member, trace?.departures ?? [], name, now);
  if (isAwaited) {
    const isRefused = trace?.departures.some(({ type }) => type === "purged") === true;
    const sentence = isRefused
      ? `Others still pass on alive messages of ${name}, which are not believed without a valid certificate.`
      : `Alive messages in the name of ${name} have come, but cannot be checked yet.`;
    return [cause("no-alive-message", sentence)];
  }
  if (identity) {
    const sentence = `${name} is no member in our view: no alive message of it has come, or none since it was forgotten.`;
    return [cause("no-alive-message", sentence)];
  }
  if (trace) return [];
  if (subject.refused) {
    const sentence = `${name} is no member here: nothing it signs is believed, as its certificate was refused.`;
    return [cause("no-alive-message", sentence)];
  }
  if (subject.pkiId && core.members.tombstones.has(subject.pkiId)) {
    return [cause("forgotten", `${name} was a member once and has been forgotten.`)];
  }
  const whose = contact
    ? `${name} ${contact.isFormer ? "was" : "is configured as"} ${kindOf(contact)}, but nobody there has become a member.`
    : `Nothing was ever heard of ${name}: no alive message, no certificate, no connection.`;
  return [cause("never-heard-of", whose)];
}

const DEATHS: Readonly<Record<string, string>> = {
  silent: "nothing was heard of it for too long",
  unreachable: "a message to it could not be delivered, and a ping was not answered",
  "listed-dead": "it was dead already when another member told us of it",
};

function aboutKnownMember(
  member: CoreMember,
  departures: readonly Departure[],
  name: string,
  now: Now,
): readonly Cause[] {
  const { mspId, lastSeenMs, sinceMs } = member;
  const heard = `its last alive message came ${moment(dateOf(lastSeenMs, now), now)}`;
  if (member.status === "dead") {
    const death = departures.find(({ type }) => type === "dead");
    const why = DEATHS[death?.reason ?? ""] ?? "it left";
    const since = wallTime(sinceMs, now);
    return [cause("dead", `${name} of ${mspId} is dead since ${since}: ${why}; ${heard}.`)];
  }
  const since = wallTime(sinceMs, now);
  const causes = [cause("alive", `${name} of ${mspId} is alive since ${since}; ${heard}.`)];
  if (member.isSuspect) {
    const sentence =
      "A message to it could not be delivered: it is being pinged, and is dead if nobody answers.";
    causes.push(cause("suspect", sentence));
  }
  if (member.isCutOff) {
    const sentence =
      "We ourselves cannot reach it; others bring news of it, so that something lies between it and us.";
    causes.push(cause("cut-off", sentence));
  }
  return causes;
}

const PURGES: Readonly<Record<string, string>> = {
  expired: "it has expired",
  revoked: "its CA has revoked it",
  invalid: "its MSP, as we know it now, does not accept it",
  unused: "nobody had needed it for long",
  replaced: "another one of the same organisation is at its endpoint now",
};

/** A refusal since then says more of what does not fit. */
function purgedFor(reason: string, refused: Subject["refused"]): string {
  const more = reason === "invalid" && refused?.reason ? ` (${refused.reason})` : "";
  return `${PURGES[reason] ?? reason}${more}`;
}

function aboutDeparture({ trace, member, refused }: Subject, now: Now): readonly Cause[] {
  const causes: Cause[] = [];
  for (const { type, reason, time } of trace?.departures ?? []) {
    const when = moment(time, now);
    if (type === "purged") {
      const whose = trace?.subject ? ` (${trace.subject})` : "";
      const why = purgedFor(reason, refused);
      causes.push(cause("purged", `Its certificate${whose} was dropped ${when}: ${why}.`));
    } else if (type === "forgotten" && member === undefined) {
      const why =
        reason === "silent" ? "it had been dead for too long" : "its certificate was dropped";
      causes.push(cause("forgotten", `It was forgotten as a member ${when}: ${why}.`));
    }
  }
  return causes;
}

function aboutIdentity({ core, now }: Known, subject: Subject): readonly Cause[] {
  const { pkiId, identity, trace, isAwaited } = subject;
  if (pkiId === undefined) return [];
  if (identity) {
    const { subject: owner, mspId, notAfterMs } = identity.identity;
    const until = new Date(notAfterMs).toISOString();
    const isOpen = core.verificationQueue.rejudge.has(pkiId);
    const verdict = isOpen ? "being judged again, as trust has changed" : "valid";
    const sentence = `Its certificate is known and ${verdict}: ${owner} of ${mspId}, until ${until}, learnt from ${LEARNT[identity.learntFrom]}.`;
    return [cause("identity-known", sentence)];
  }
  if ((shunnedItems(core.pull).get(pkiId) ?? 0) > now.elapsedMs) {
    const sentence = "A certificate under this PKI-ID was refused or dropped a short while ago.";
    return [cause("identity-shunned", sentence)];
  }
  if (isAwaited) {
    return [cause("identity-awaited", "Its certificate is not known yet, and is being asked for.")];
  }
  if (subject.refused || trace?.departures.some(({ type }) => type === "purged")) return [];
  return [cause("identity-unknown", "Its certificate is not known.")];
}

const LEARNT = {
  self: "our own files",
  handshake: "a handshake",
  alive: "an alive message",
  pull: "a pull from another member",
} as const;

function aboutDisclosure({ core, self }: Known, subject: Subject): readonly Cause[] {
  const { member, identity, trace } = subject;
  const mspId = identity?.identity.mspId ?? member?.mspId ?? trace?.mspId ?? undefined;
  if (mspId === undefined || mspId === self.mspId) return [];
  const causes: Cause[] = [];
  if (isHidden(core, mspId)) {
    const sentence = `We have no external endpoint, so ${mspId} is not told of us, and its members do not show themselves to us.`;
    causes.push(cause("we-are-hidden", sentence));
  }
  if (member) {
    const shown = member.endpoint === "" ? "none" : `its external one, ${member.endpoint}`;
    const sentence = `It is of another organisation than we, ${mspId}: of its endpoints we may know ${shown}.`;
    causes.push(cause("internal-endpoint-hidden", sentence));
  }
  return causes;
}

function aboutConnection(
  { connections, now }: Known,
  subject: Subject,
  failures: readonly Failure[],
): readonly Cause[] {
  const open = connections.find(({ pkiId }) => pkiId === subject.pkiId);
  if (open) {
    const whose = open.outbound ? "which we dialled" : "which it dialled";
    const since = open.openedAt.toISOString();
    return [cause("connected", `There is a connection with it since ${since}, ${whose}.`)];
  }
  if (subject.member?.status !== "alive") return [];
  const isTried = failures.some((failure) => !isOutdated(failure, subject, now));
  const isDialable = subject.endpoints.length > 0;
  const none = "There is no connection with it";
  if (!isDialable) {
    const sentence = `${none}, and we cannot dial it, as it advertises no endpoint.`;
    return [cause("not-connected", sentence)];
  }
  const rest = isTried ? "." : ", and none is needed: others pass its messages on.";
  return [cause("not-connected", `${none}${rest}`)];
}

function aboutContact({ contact, member }: Subject): readonly Cause[] {
  if (contact === undefined || member?.status === "alive" || contact.failures === 0) return [];
  const times = contact.failures === 1 ? "once" : `${contact.failures} times`;
  const sentence = `As ${kindOf(contact)} ${contact.endpoint} was tried ${times} since it was last there.`;
  return [cause("contact", sentence)];
}

function kindOf({ isBootstrap, isFormer }: Contact): string {
  if (isFormer) return "a member of our last life";
  return isBootstrap ? "a bootstrap peer" : "an anchor peer";
}

const DURING: Readonly<Record<Failure["during"], string>> = {
  contact: "when we contacted it",
  send: "when we sent to it",
  ping: "when we pinged it",
  handshake: "when it dialled us",
  message: "when we read a message of it",
};

function aboutFailures(
  { now }: Known,
  subject: Subject,
  failures: readonly Failure[],
): readonly Cause[] {
  const telling = failures.filter((failure) => !isOutdated(failure, subject, now));
  return telling.map((failure, i) => {
    const which = i === 0 ? "The last failure" : "Another one before";
    return cause("failure", `${which}, ${DURING[failure.during]}: ${tell(failure, now)}.`);
  });
}

/** What went wrong before it came to life explains nothing. */
function isOutdated({ time }: Failure, { member }: Subject, now: Now): boolean {
  if (member?.status !== "alive") return false;
  return isAhead(time, now) || time < dateOf(member.sinceMs, now);
}
