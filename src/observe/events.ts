/** What the node tells its host, and the closed lists of reasons and codes in it. */

import type { DropCode } from "../core/types/drop.ts";
import type { DeathReason, LearntFrom, PurgeReason } from "../core/types/event.ts";
import type { ChannelBlock, ChannelProblem, ConfigDiff } from "../following/views.ts";
import type { MessagingFault } from "../messaging/types/effect.ts";
import type { ConnectionFault } from "../transport/connection-options.ts";
import type { ClientTlsFault } from "../transport/network.ts";
import type { IdentitySummary, Member } from "./views.ts";

/** Why a member left the view: it had been dead for too long, or its certificate was dropped. */
export type ForgetReason = "silent" | PurgeReason;

/** Why an incoming handshake failed. */
export type HandshakeCode = ConnectionFault | ClientTlsFault;

/** Why queued messages for a peer were lost. */
export type SendCode = ConnectionFault;

/** Why a bootstrap or anchor peer could not be joined. */
export type ContactCode =
  | ConnectionFault
  /** It accepts us, and does not answer who is a member. */
  | "no-membership-response"
  /** It is of another organisation than ours: that is what anchor peers are for. */
  | "bootstrap-other-organisation"
  /** The same, and we do not trust that organisation. */
  | "bootstrap-untrusted"
  /** It is of another organisation, to which we do not show ourselves. */
  | "we-are-hidden";

/** Why a peer's message was not accepted. */
export type RejectionCode = DropCode | MessagingFault;

/** Problems of this member itself. */
export type ProblemCode =
  | "same-identity"
  /** Another peer answers at the endpoint that we advertise. */
  | "endpoint-taken"
  | "own-certificate-expired"
  /** Of gossip: the certificate that we show as server, as client, or as both. */
  | "own-tls-certificate-expired"
  /** Only whoever watches this member is refused. */
  | "operations-certificate-expired"
  /** Files could not be used when they were last read again. */
  | "reload-failed"
  /** Bootstrap or anchor peers are configured, and no member is alive. */
  | "alone"
  /** Others held messages of our former life that are from the future. */
  | "clock-was-ahead";

/** What a TLS certificate of ours is for: either end of gossip, or the operations endpoint. */
export type TlsUse = "server" | "client" | "operations";

/**
 * What the node tells its host. Every event has a time and a number that grows by one; the
 * first number is the start of the node in milliseconds, so that none comes again after a restart.
 */
export type GossipEvent = { readonly id: number; readonly time: Date } & EventContent;

/** How far a member is behind on a channel. */
export interface ChannelLag {
  readonly channel: string;
  readonly pkiId: string;
  readonly mspId: string;
  readonly height: bigint;
  /** Known blocks that it lacks. */
  readonly behind: bigint;
  /** Time since the first block that it lacks. */
  readonly lagSeconds: number;
}

/** What happened. Fabric tells its log of most of this, and nobody else. */
export type EventContent =
  /** Somebody is a member for the first time, or again after it was forgotten. */
  | { readonly type: "member-joined"; readonly member: Member }
  /** A member changed its endpoint or metadata, or its process was restarted. */
  | { readonly type: "member-updated"; readonly member: Member }
  /** A dead member is alive again. */
  | { readonly type: "member-returned"; readonly member: Member }
  /** A member is believed dead, until it is heard of again or forgotten. */
  | {
      readonly type: "member-dead";
      readonly member: Member;
      /** `silent`, `unreachable` (a send and a ping failed) or `listed-dead` (heard from others). */
      readonly reason: DeathReason;
    }
  /** Removed from the view: `silent` (dead too long), or why its certificate was dropped. */
  | { readonly type: "member-forgotten"; readonly member: Member; readonly reason: ForgetReason }
  /** A certificate became known. */
  | {
      readonly type: "identity-learnt";
      readonly identity: IdentitySummary;
      readonly learntFrom: LearntFrom;
    }
  /** A certificate, ours or another's, expires soon; once for each of `expiryNotices`. */
  | {
      readonly type: "identity-expiring";
      readonly identity: IdentitySummary;
      /** Seconds before the expiry, at most. */
      readonly noticeSeconds: number;
    }
  /** A TLS certificate of ours expires soon; likewise. */
  | {
      readonly type: "tls-certificate-expiring";
      readonly use: TlsUse;
      readonly notAfter: Date;
      /** Seconds before the expiry, at most. */
      readonly noticeSeconds: number;
    }
  /** A certificate was dropped, with everything that depends on it. */
  | {
      readonly type: "identity-purged";
      readonly identity: IdentitySummary;
      readonly reason: PurgeReason;
    }
  /** A handshake succeeded. `remote`: the endpoint we dialled, or the address that dialled us. */
  | {
      readonly type: "connection-opened";
      readonly pkiId: string;
      readonly mspId: string;
      readonly outbound: boolean;
      readonly remote: string;
    }
  /** The connection is gone; `code` says why, `reason` says it for people. */
  | {
      readonly type: "connection-closed";
      readonly pkiId: string;
      readonly code: string;
      readonly reason: string;
    }
  /** A peer sent something we do not accept; `code` says what was wrong with it. Told likewise. */
  | {
      readonly type: "message-rejected";
      readonly pkiId: string;
      readonly code: RejectionCode;
      /** How many of it were rejected for this reason since it was last told, if more than one. */
      readonly times?: number;
    }
  /** A handshake failed; `code` says at which check. Told at growing intervals while it repeats. */
  | {
      readonly type: "handshake-failed";
      readonly remote: string;
      readonly code: HandshakeCode;
      readonly reason: string;
      /** What can be done; null if there is nothing to be done. */
      readonly remedy: string | null;
      /** How often it happened in the same way since it was last told, if more than once. */
      readonly times?: number;
    }
  /** What waited for a peer could not be delivered; `code` says why: no connection, or it broke. */
  | {
      readonly type: "send-failed";
      readonly pkiId: string;
      readonly endpoint: string;
      readonly code: SendCode;
      readonly reason: string;
      /** What can be done; null if there is nothing to be done. */
      readonly remedy: string | null;
    }
  /** A bootstrap or anchor peer could not be joined; it is tried again, and told likewise. */
  | {
      readonly type: "contact-failed";
      readonly endpoint: string;
      readonly code: ContactCode;
      readonly reason: string;
      /** What can be done; null if there is nothing to be done. */
      readonly remedy: string | null;
      /** How often it happened in the same way since it was last told, if more than once. */
      readonly times?: number;
    }
  /** Somebody else uses our identity under another endpoint: two peers with one certificate. */
  | { readonly type: "same-identity"; readonly endpoint: string }
  /** A problem of this member; repeated at growing intervals while it lasts. */
  | {
      readonly type: "problem";
      readonly code: ProblemCode;
      /** For people. */
      readonly reason: string;
      /** What can be done; null if there is nothing to be done. */
      readonly remedy: string | null;
    }
  /** The problem is over. */
  | { readonly type: "problem-solved"; readonly code: ProblemCode }
  /** A subscriber of ours does not keep up, and has lost an event of this topic; told once a second. */
  | { readonly type: "subscriber-lagging"; readonly topic: string }
  /** An answerer of ours threw, gave no bytes or too many, or took too long; `reason` is for people. */
  | { readonly type: "answer-failed"; readonly topic: string; readonly reason: string }
  /** A member of a channel is new or has another height. */
  | {
      readonly type: "channel-height";
      readonly channel: string;
      readonly pkiId: string;
      readonly mspId: string;
      /** Blocks that it claims. */
      readonly height: bigint;
      /** By its own clock. */
      readonly committedAt: Date;
    }
  /** A member fell behind the limits of `lag`. */
  | ({ readonly type: "channel-member-lagging" } & ChannelLag)
  /** It caught up. */
  | ({ readonly type: "channel-member-recovered" } & ChannelLag)
  /** Another configuration of a channel is in force; lines come and go as `channel-config` has them. */
  | ({
      readonly type: "channel-config-changed";
      readonly channel: string;
      readonly sequence: bigint;
      /** Number of its block. */
      readonly number: bigint;
    } & ConfigDiff)
  /** A block was verified and, with `keep`, stored. */
  | { readonly type: "block"; readonly channel: string; readonly block: ChannelBlock }
  /** A member gave a block that is not believed; it is asked last from now on. */
  | {
      readonly type: "block-rejected";
      readonly channel: string;
      readonly number: bigint;
      readonly pkiId: string;
      readonly mspId: string;
      /** Like `block-policy`. */
      readonly code: string;
      /** For people. */
      readonly reason: string;
    }
  /** Members have two blocks of one number (`fork`), or differ in what came of it (`results`). */
  | {
      readonly type: "block-conflict";
      readonly channel: string;
      readonly kind: "fork" | "results";
      readonly number: bigint;
      /** Who has it differently. */
      readonly pkiId: string;
      readonly mspId: string;
      /** For people. */
      readonly reason: string;
    }
  /** A problem of a channel began. */
  | ({ readonly type: "channel-problem"; readonly channel: string } & ChannelProblem)
  /** It is over. */
  | ({ readonly type: "channel-problem-solved"; readonly channel: string } & ChannelProblem)
  /** The signer failed; it is asked again. */
  | { readonly type: "signing-failed"; readonly detail: string };

/** The event of one type, as `switch (event.type)` narrows it. */
export type EventOf<T extends GossipEvent["type"]> = Extract<GossipEvent, { readonly type: T }>;
