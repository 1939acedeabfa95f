/**
 * Why a peer is, or is not, visible to us (product 4, `why`): what is known of it, what went wrong,
 * what happens next and what can be done, in sentences for people and as codes for programs.
 */

import type { Core } from "../../../core/core.ts";
import type { Fault } from "../../../core/types/event.ts";
import type { Now } from "../../../core/types/host.ts";
import { type Connection, type Member, wallTime } from "../../views.ts";
import { remedyFor, tellFault } from "../causes.ts";
import type { Failure, Failures } from "../failures.ts";
import type { Refusals } from "../refused-certificates.ts";
import { causesOf } from "./causes.ts";
import { type Next, nextOf } from "./next.ts";
import { remedyOf } from "./remedy.ts";
import { findSubject } from "./subject.ts";

/** One fact that has to do with it. */
export interface Cause {
  /** A stable word, for programs. */
  readonly code:
    | "self"
    | "alive"
    | "dead"
    | "suspect"
    | "cut-off"
    | "forgotten"
    | "purged"
    | "never-heard-of"
    | "no-alive-message"
    | "identity-known"
    | "identity-unknown"
    | "identity-awaited"
    | "identity-shunned"
    | "internal-endpoint-hidden"
    | "we-are-hidden"
    | "connected"
    | "not-connected"
    | "contact"
    | "failure"
    | "identity-refused"
    | "organisation-refused"
    | "stranger-refused"
    | "same-identity"
    | "endpoint-taken"
    | "own-certificate-expired"
    | "reload-failed"
    | "alone";
  /** For people, with names, times and places. */
  readonly sentence: string;
}

/** Why a peer is, or is not, visible to us. */
export interface Explanation {
  /** As it was asked for. */
  readonly peer: string;
  /** Whether it is an alive member in our view. */
  readonly visible: boolean;
  /** 64 hex digits; null while nobody is known there. */
  readonly pkiId: string | null;
  /** Its organisation, as proven; null while that is unknown. */
  readonly mspId: string | null;
  /** Where it is, was, or is looked for; the preferred one first. */
  readonly endpoints: readonly string[];
  /** What has to do with it: the state first, then what led to it. */
  readonly causes: readonly Cause[];
  /** The causes and what comes next, to be read as a text. */
  readonly sentences: readonly string[];
  /** What can be done; null if there is nothing to be done. */
  readonly remedy: string | null;
  /** ISO 8601: when its newest alive message reached us. */
  readonly lastMessage: string | null;
  /** The last thing that went wrong with it; null: nothing that is remembered. */
  readonly lastFailure: Failure | null;
  /** What happens by itself; null: nothing. */
  readonly next: Next | null;
}

/** What is looked at. */
export interface Known {
  readonly core: Core;
  readonly failures: Failures;
  /** What is wrong with ourselves. */
  readonly faults: readonly Fault[];
  readonly refusals: Refusals;
  readonly self: Member;
  readonly connections: readonly Connection[];
  readonly now: Now;
}

/** Throws `config-invalid` if `peer` is neither an endpoint nor the beginning of one PKI-ID. */
export function explain(known: Known, peer: string): Explanation {
  const { core, failures, self, now } = known;
  const subject = findSubject(known, peer);
  const { pkiId, member, identity, trace, endpoints } = subject;
  const isSelf = pkiId === self.pkiId;
  const lastFailure = isSelf ? undefined : failures.latest(pkiId, endpoints);
  const ours = ownFaults(known, isSelf);
  const causes = [...causesOf(known, subject, lastFailure), ...ours.map(causeOf)];
  const next = isSelf ? undefined : nextOf(core, subject, now);
  const [own] = ours;
  const isVisible = isSelf ? own === undefined : member?.status === "alive";
  // What is wrong with ourselves explains why nobody is visible.
  const helps = own ? remedyFor(own.code) : remedyOf(known, subject, lastFailure);
  const remedy = isVisible ? undefined : helps;
  return {
    peer,
    visible: isVisible,
    pkiId: pkiId ?? null,
    mspId: identity?.identity.mspId ?? member?.mspId ?? trace?.mspId ?? null,
    endpoints,
    causes,
    sentences: [...causes, ...(next ? [next] : [])].map(({ sentence }) => sentence),
    remedy: remedy ?? null,
    lastMessage: member ? wallTime(member.lastSeenMs, now) : null,
    lastFailure: lastFailure ?? null,
    next: next ?? null,
  };
}

/** What is wrong with ourselves and has to do with the peer: with all of them, but to be alone. */
function ownFaults({ faults }: Known, isSelf: boolean): readonly Fault[] {
  return faults.filter(({ code }) => isSelf || code !== "alone");
}

function causeOf(fault: Fault): Cause {
  const sentence = tellFault(fault);
  const code = fault.code as Cause["code"]; // Each code of health.ts is one of ours.
  return { code, sentence: `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}.` };
}
