/**
 * Why a peer is, or is not, visible to us (product 4, `why`): what is known of it, what went wrong,
 * what happens next and what can be done, in sentences for people and as codes for programs.
 */
import type { Now } from "../core/abilities.ts";
import type { Core } from "../core/core.ts";
import type { Failure, Failures } from "../failures.ts";
import type { Refusals } from "../refusals.ts";
import { type Connection, type Member, wallTime } from "../view.ts";
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
    | "stranger-refused";
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
  const causes = causesOf(known, subject, lastFailure);
  const next = isSelf ? undefined : nextOf(core, subject, now);
  const isVisible = isSelf || member?.status === "alive";
  const remedy = isVisible ? undefined : remedyOf(known, subject, lastFailure);
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
