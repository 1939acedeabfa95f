/** What an explanation consists of, and what it is drawn from. */

import type { Core } from "../../../core/core.ts";
import type { Now } from "../../../core/types/host.ts";
import type { ChannelProblemCode } from "../../../following/views.ts";
import type { ChannelProblems } from "../../channel-summary.ts";
import type { ProblemCode } from "../../events.ts";
import type { Connection, Member } from "../../views.ts";
import type { Problem } from "../causes.ts";
import type { Failure, Failures } from "../failures.ts";
import type { Refusals } from "../refused-certificates.ts";

/** One fact behind an explanation. */
export interface Cause {
  /** A stable word, for programs. */
  readonly code:
    | "self"
    | "alive"
    | "dead"
    | "suspect"
    | "cut-off"
    | "shared-endpoint"
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
    | ProblemCode
    | ChannelProblemCode;
  /** For people, with names, times and places. */
  readonly sentence: string;
  /** The channel whose problem it is, if it is one's. */
  readonly channel?: string;
}

/** Why a peer is, or is not, visible to us. */
export interface Explanation {
  /** As asked. */
  readonly peer: string;
  /** Whether it is an alive member in our view. */
  readonly visible: boolean;
  /** 64 hex digits; null: unknown. */
  readonly pkiId: string | null;
  /** Its proven organisation; null: unknown. */
  readonly mspId: string | null;
  /** Its present and former endpoints; the preferred one first. */
  readonly endpoints: readonly string[];
  /** The state first, then what led to it. */
  readonly causes: readonly Cause[];
  /** The causes and what comes next, as a text. */
  readonly sentences: readonly string[];
  /** What can be done; null if there is nothing to be done. */
  readonly remedy: string | null;
  /** When its newest alive message reached us. */
  readonly lastMessage: Date | null;
  /** The last failure with it; null: none that is remembered. */
  readonly lastFailure: Failure | null;
  /** What happens by itself; null: nothing. */
  readonly next: Next | null;
}

/** The node's next action about a peer. */
export interface Next {
  /** A stable word, for programs. */
  readonly action:
    | "declare-dead"
    | "ping"
    | "await-contact"
    | "contact"
    | "await-membership"
    | "pull-identity"
    | "none";
  /** Null: at once, or nobody knows. */
  readonly time: Date | null;
  /** For people. */
  readonly sentence: string;
}

/** What is looked at. */
export interface Known {
  readonly core: Core;
  readonly failures: Failures;
  /** What is wrong with ourselves. */
  readonly faults: readonly Problem[];
  readonly refusals: Refusals;
  readonly self: Member;
  readonly connections: readonly Connection[];
  /** What is wrong with the channels that we follow. */
  readonly channelProblems: ChannelProblems;
  readonly now: Now;
}
