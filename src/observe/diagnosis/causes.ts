/**
 * Known causes of failure by code, each with its message and remedy. Log, `why`, doctor, probe, page,
 * API and health take their sentences from here. Failures travel as `{ code, detail }`; nothing
 * parses a sentence.
 */
import type { Fault } from "../../core/types/event.ts";
import { RENEW_OWN, tellOwnEnd } from "../../lib/own-end.ts";
import type { ProblemCode } from "../events.ts";
import { CHANNEL_CAUSES } from "./channel-causes.ts";
import { CONNECTION_CAUSES } from "./connection-causes.ts";
import { type KnownCause, name, noMsp } from "./known-cause.ts";

/** What is wrong with this member itself. */
export interface Problem extends Fault {
  readonly code: ProblemCode;
}

const OF_CONTACTS: Readonly<Record<string, KnownCause>> = {
  "no-membership-response": {
    say: () => "no membership response",
    remedy:
      "If it is of another organisation, set peer.gossip.externalEndpoint there: without one it answers nobody but its own. Otherwise look into its log: it accepts our connection, but does not answer. It may be overloaded, or take our messages for old because our clock was once ahead.",
  },
  "bootstrap-other-organisation": {
    say: (detail, ours) =>
      `it is of ${name(detail)}, we are of ${name(ours)}, and a bootstrap peer must be of our own organisation`,
    remedy:
      "List it under fabricGossip.anchorPeers instead, or correct peer.localMspId if that is wrong.",
  },
  "bootstrap-untrusted": {
    say: (detail, ours) =>
      `${noMsp(detail)}; we are of ${name(ours)}, and a bootstrap peer must be of our own organisation`,
    remedy:
      "Correct peer.localMspId if that peer is of our own organisation; else list it under fabricGossip.anchorPeers, and its MSP folder under fabricGossip.trustedMsps.",
  },
  "name-unresolved": {
    say: (detail) => {
      if (detail === "pending") return "DNS has not answered yet";
      return detail === "ENOTFOUND" || detail === "ENODATA"
        ? `DNS knows nobody under that name (${detail})`
        : `DNS does not answer (${detail})`;
    },
    remedy:
      "Look the name up on this machine, with dig or nslookup. A Kubernetes Service must be headless, select the pods and set publishNotReadyAddresses. We resolve the name again regularly.",
  },
  "we-are-hidden": {
    say: (detail) => `it is of ${name(detail)}, and we have no external endpoint to show it`,
    remedy:
      "Set peer.gossip.externalEndpoint: other organisations show themselves only to those who have one.",
  },
  self: {
    say: () => "we ourselves are at the endpoint that it advertises",
    remedy:
      "Correct CORE_PEER_ADDRESS, peer.gossip.endpoint and peer.gossip.externalEndpoint there: each peer has its own.",
  },
  "wrong-peer": {
    say: (detail) => `${detail} answered`,
    remedy:
      "If both run, correct CORE_PEER_ADDRESS, peer.gossip.endpoint and peer.gossip.externalEndpoint of the one that is not there, as each peer has its own, or the name or proxy that leads to the wrong one. If the other has taken its place for good, do nothing.",
  },
  "no-endpoint": {
    say: () => "not connected, and no endpoint is known",
    remedy: "Wait until it connects to us, or give it an endpoint that it advertises.",
  },
  "connections-full": {
    say: () => "there are as many connections as are allowed",
    remedy: "Raise fabricGossip.limits.connectionsMax, or find out who opens so many.",
  },
  "handshakes-full": {
    say: () => "too many handshakes at a time",
    remedy: "Raise fabricGossip.limits.handshakesMax, or find out who opens so many.",
  },
};

const OF_OURSELVES: Readonly<Record<string, KnownCause>> = {
  "same-identity": {
    say: (detail) =>
      `another process uses our certificate and key${detail === "" ? "" : `, at ${detail}`}`,
    remedy:
      "Give each peer its own certificate and key: enrol the copy anew, or stop one of the two.",
  },
  "endpoint-taken": {
    say: (detail) => `another peer answers at the endpoint that we advertise, ${detail}`,
    remedy:
      "Correct CORE_PEER_ADDRESS, peer.gossip.endpoint and peer.gossip.externalEndpoint: each peer has its own.",
  },
  "own-certificate-expired": {
    say: tellOwnEnd,
    remedy: RENEW_OWN,
  },
  "own-tls-certificate-expired": {
    say: (detail) =>
      `our own TLS certificate expired at ${detail}, and whoever checks it refuses us`,
    remedy:
      "Renew it, unless the clock of this machine is wrong: a running node loads the new files within five seconds.",
  },
  "operations-certificate-expired": {
    say: (detail) =>
      `the TLS certificate of the operations endpoint expired at ${detail}, and clients that check it refuse it`,
    remedy:
      "Renew operations.tls.cert.file and its key, unless the clock of this machine is wrong: a running node loads them within five seconds.",
  },
  "clock-was-ahead": {
    say: (detail) =>
      `other members hold messages of our previous run that are dated in the future, and would reject the present ones as old: we continue from there (${detail})`,
    remedy:
      "Set fabricGossip.stateDir, so that a restart continues from the last incarnation, and check the clock of this machine.",
  },
  "reload-failed": {
    say: (detail) => `not all files could be read again: ${detail}`,
  },
  "no-list": {
    say: () => "members are alive in our view, but none has sent its list of members yet",
    remedy: "Wait: we ask them every few seconds.",
  },
  alone: {
    say: (detail) => `no member is alive in our view, although we contact ${detail}`,
    remedy: 'Ask "fabric-gossip why HOST:PORT" about each of them, and run "fabric-gossip doctor".',
  },
};

/** Why a member is gone. */
const OF_DEPARTURES: Readonly<Record<string, KnownCause>> = {
  expired: {
    remedy:
      "Renew its certificate, unless the clock of this machine is wrong: it returns by itself with a valid one.",
  },
  revoked: {
    remedy:
      "If this was intended, nothing; else remove it from the revocation list and have its node start with a valid certificate.",
  },
  invalid: {
    remedy:
      "Check its certificate against the MSP folder as it is now: CAs, revocation lists, NodeOUs.",
  },
  replaced: {
    remedy:
      "Nothing, if it was renewed or has left its place to the other: look for the one under the same endpoint. If both run, they advertise one endpoint: give each its own.",
  },
  unused: {
    remedy:
      "Check that it runs and that somebody who sees it can reach us: we pull its certificate again when we hear from it.",
  },
  silent: { remedy: "Check that it runs and that somebody who sees it can reach us." },
};

/** Why a message of a member was not used, where its code alone would not help. */
const OF_MESSAGES: Readonly<Record<string, KnownCause>> = {
  "clock-differs": {
    say: () =>
      "it dates its events or queries more than five minutes from our time, and we do not take them",
    remedy:
      "Check the clocks of both machines, and keep them with a time service. If it stood still for minutes, do nothing.",
  },
};

/** All known causes, in the order of docs/troubleshooting.md. */
export const CAUSES: ReadonlyMap<string, KnownCause> = new Map(
  [
    ...[CONNECTION_CAUSES, OF_CONTACTS, OF_OURSELVES, OF_DEPARTURES, OF_MESSAGES],
    CHANNEL_CAUSES,
  ].flatMap((part) => Object.entries(part)),
);

/** The remedy for a code; undefined if there is none. */
export function remedyFor(code: string): string | undefined {
  return CAUSES.get(code)?.remedy;
}

/** The message for a fault. */
export function tellFault({ code, detail, ours = "" }: Fault): string {
  return CAUSES.get(code)?.say?.(detail, ours) ?? (detail || code);
}

/** Message and remedy, as events have them. */
export function toldOf(fault: Fault): { readonly reason: string; readonly remedy: string | null } {
  return { reason: tellFault(fault), remedy: remedyFor(fault.code) ?? null };
}

/** Why a message was rejected; a code for the others, which need none to understand. */
export function toldOfMessage(code: string): {
  readonly reason: string;
  readonly remedy: string | undefined;
} {
  const known = OF_MESSAGES[code];
  return { reason: known?.say?.("", "") ?? code, remedy: known?.remedy };
}

/** The code whose remedy helps with somebody whom we refused; the one for whoever dials it says less. */
export function refusedAs(code: string): string {
  return code === "identity-unknown-msp" ? "organisation-untrusted" : code;
}

/** A whole sentence with its remedy: as log, doctor and page have it. */
export function tellWithRemedy(fault: Fault): string {
  const remedy = remedyFor(fault.code);
  return remedy === undefined ? tellFault(fault) : `${tellFault(fault)}. ${remedy}`;
}
