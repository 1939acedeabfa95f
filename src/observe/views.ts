/** What the outside sees: plain JSON values, the same in the library, over HTTP and in the tables. */

import type { Core } from "../core/core.ts";
import type { KnownIdentity as IdentityEntry } from "../core/tables/identities.ts";
import type { DropCode } from "../core/types/drop.ts";
import type {
  GossipEvent as CoreEvent,
  Fault,
  LearntFrom,
  PurgeReason,
} from "../core/types/event.ts";
import type { Identity as KnownIdentity, Now, PkiId } from "../core/types/host.ts";
import type { Member as CoreMember } from "../core/types/member.ts";
import type { ConnectionView } from "../transport/connection.ts";
import { remedyFor, tellFault } from "./diagnosis/causes.ts";

/** A member of the network, ourselves included. */
export interface Member {
  /** Its name: SHA-256 over MSP id and certificate, 64 lower-case hex digits (Fabric: `PKI-ID`). */
  readonly pkiId: string;
  /** The organisation; null while the identity is unknown. */
  readonly mspId: string | null;
  /** `host:port` for other organisations; may be empty. */
  readonly endpoint: string;
  /** `host:port` within our own organisation; null if it is not ours to know. */
  readonly internalEndpoint: string | null;
  /** What it publishes of itself, base64; at most 4 KiB before that. */
  readonly metadata: string;
  /** `alive`: heard of within `aliveExpirationTimeout`, and reachable as far as we know. */
  readonly status: "alive" | "dead";
  /** Decimal uint64: start of the member's process in nanoseconds since the epoch. */
  readonly incarnation: string;
  /** Decimal uint64: counts its alive messages. */
  readonly sequence: string;
  /** ISO 8601: when its newest alive message reached us. */
  readonly lastSeen: string;
  /** ISO 8601: when the present status began. */
  readonly since: string;
  /** ISO 8601; null while the identity is unknown. */
  readonly identityExpires: string | null;
  /** Whether this is the node asked. */
  readonly self: boolean;
}

/** A certificate we know and believe. */
export interface Identity {
  /** 64 lower-case hex digits: whose it is. */
  readonly pkiId: string;
  /** The organisation whose MSP vouches for it. */
  readonly mspId: string;
  /** Its owner as RFC 4514 writes it: `CN=peer0.org1.example.com,OU=peer,...`. */
  readonly subject: string;
  /** Serial number, lower-case hex. */
  readonly serial: string;
  /** ISO 8601. Like Fabric we do not refuse it before this moment. */
  readonly notBefore: string;
  /** ISO 8601. From then on it is refused and forgotten. */
  readonly notAfter: string;
  /** Who brought it. */
  readonly learntFrom: LearntFrom;
  /** ISO 8601: when it was needed last; unused ones are forgotten after `identityUsage`. */
  readonly lastUsed: string;
  /** Whether it is our own. */
  readonly self: boolean;
}

/** An authenticated gossip connection. */
export interface Connection {
  /** The other side, as its handshake proved: 64 lower-case hex digits. */
  readonly pkiId: string;
  /** Its organisation. */
  readonly mspId: string;
  /** The endpoint we dialled, or the address of the socket that came in. */
  readonly endpoint: string;
  /** Whether we dialled. */
  readonly outbound: boolean;
  /** ISO 8601. */
  readonly openedAt: string;
  /** Whether we send on it; false only for a second link that is about to go. */
  readonly isPreferred: boolean;
  /** Gossip messages received since it was opened, handshake left out. */
  readonly messagesReceived: number;
  /** Messages written to it. */
  readonly messagesSent: number;
  /** Bytes of the messages received, encoded. */
  readonly bytesReceived: number;
  /** Bytes of the messages sent, encoded. */
  readonly bytesSent: number;
  /** Messages waiting to be written. */
  readonly queued: number;
  /** Messages dropped since the peer is connected because too many waited. */
  readonly dropped: number;
}

/**
 * What the node tells its host. Every event has a time (ISO 8601) and a number that grows by one; the
 * first number is the start of the node in milliseconds, so that none comes again after a restart.
 */
export type GossipEvent = { readonly id: number; readonly time: string } & EventContent;

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
      readonly reason: string;
    }
  /** Removed from the view: `silent` (dead too long), or why its certificate was dropped. */
  | { readonly type: "member-forgotten"; readonly member: Member; readonly reason: string }
  /** A certificate is known and believed from now on. */
  | {
      readonly type: "identity-learnt";
      readonly identity: Pick<Identity, IdentityFields>;
      readonly learntFrom: LearntFrom;
    }
  /** A certificate, ours or another's, expires soon; once for each of `expiryNotices`. */
  | {
      readonly type: "identity-expiring";
      readonly identity: Pick<Identity, IdentityFields>;
      /** Which notice this is: so many seconds before the certificate expires, or fewer. */
      readonly noticeSeconds: number;
    }
  /** A certificate was dropped, and with it everything that rested on it. */
  | {
      readonly type: "identity-purged";
      readonly identity: Pick<Identity, IdentityFields>;
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
  /** The connection is gone; `reason` is for people. */
  | { readonly type: "connection-closed"; readonly pkiId: string; readonly reason: string }
  /** A peer sent something we do not accept; `code` says what was wrong with it. */
  | { readonly type: "message-rejected"; readonly pkiId: string; readonly code: DropCode }
  /** A handshake failed; `code` says at which check. */
  | {
      readonly type: "handshake-failed";
      readonly remote: string;
      readonly code: string;
      readonly reason: string;
    }
  /** What waited for a peer could not be delivered; `code` says why: no connection, or it broke. */
  | {
      readonly type: "send-failed";
      readonly pkiId: string;
      readonly endpoint: string;
      readonly code: string;
      readonly reason: string;
    }
  /** A bootstrap or anchor peer could not be joined; it is tried again. `reason` is for people. */
  | {
      readonly type: "contact-failed";
      readonly endpoint: string;
      readonly code: string;
      readonly reason: string;
    }
  /** Somebody else uses our identity under another endpoint: two peers with one certificate. */
  | { readonly type: "same-identity"; readonly endpoint: string }
  /** Something is wrong with us; told again after growing pauses for as long as it lasts. */
  | {
      readonly type: "problem";
      readonly code: string;
      /** For people. */
      readonly reason: string;
      /** What can be done; null if there is nothing to be done. */
      readonly remedy: string | null;
    }
  /** A problem that was told is over. */
  | { readonly type: "problem-solved"; readonly code: string }
  /** The signer failed; it is asked again. */
  | { readonly type: "signing-failed"; readonly detail: string };

/** What an event tells of a certificate. */
type IdentityFields = "pkiId" | "mspId" | "subject" | "serial" | "notBefore" | "notAfter" | "self";

/** The wall time (ISO 8601) that belongs to a moment on the clock that never jumps. */
export function wallTime(elapsedMs: number, now: Now): string {
  return new Date(now.wallMs - (now.elapsedMs - elapsedMs)).toISOString();
}

export function viewMember(core: Core, member: CoreMember, now: Now): Member {
  const identity = core.identities.table.get(member.pkiId)?.identity;
  return {
    pkiId: member.pkiId,
    mspId: member.mspId,
    endpoint: member.endpoint,
    internalEndpoint: member.internalEndpoint ?? null,
    metadata: Buffer.from(member.metadata).toString("base64"),
    status: member.status,
    incarnation: String(member.time.incNum),
    sequence: String(member.time.seqNum),
    lastSeen: wallTime(member.lastSeenMs, now),
    since: wallTime(member.sinceMs, now),
    identityExpires: identity ? new Date(identity.notAfterMs).toISOString() : null,
    self: false,
  };
}

/** Ourselves as others see us. `startedMs`: elapsed time at which the node started. */
export function viewSelf(core: Core, startedMs: number, now: Now): Member {
  const { options, self } = core;
  return {
    pkiId: options.self.pkiId,
    mspId: options.self.mspId,
    endpoint: self.externalEndpoint,
    internalEndpoint: options.internalEndpoint,
    metadata: Buffer.from(self.metadata).toString("base64"),
    status: "alive",
    incarnation: String(self.incarnation),
    sequence: String(self.sequence),
    lastSeen: wallTime(now.elapsedMs, now),
    since: wallTime(startedMs, now),
    identityExpires: new Date(options.self.notAfterMs).toISOString(),
    self: true,
  };
}

export function viewLink({ openedAtMs, ...link }: ConnectionView): Connection {
  return { ...link, openedAt: new Date(openedAtMs).toISOString() };
}

export function viewIdentity(core: Core, entry: IdentityEntry, now: Now): Identity {
  return {
    ...describeIdentity(entry.identity, core.options.self.pkiId),
    learntFrom: entry.learntFrom,
    lastUsed: wallTime(entry.lastUsedMs, now),
  };
}

function describeIdentity(identity: KnownIdentity, self: PkiId): Pick<Identity, IdentityFields> {
  return {
    pkiId: identity.pkiId,
    mspId: identity.mspId,
    subject: identity.subject,
    serial: identity.serial,
    notBefore: new Date(identity.notBeforeMs).toISOString(),
    notAfter: new Date(identity.notAfterMs).toISOString(),
    self: identity.pkiId === self,
  };
}

/** An event of the core in the words of the outside. */
export function viewEvent(core: Core, event: CoreEvent, now: Now): EventContent {
  switch (event.type) {
    case "member-joined":
    case "member-updated":
    case "member-returned":
      return { type: event.type, member: viewMember(core, event.member, now) };
    case "member-dead":
    case "member-forgotten":
      return {
        type: event.type,
        member: viewMember(core, event.member, now),
        reason: event.reason,
      };
    case "identity-learnt": {
      const identity = describeIdentity(event.identity, core.options.self.pkiId);
      return { type: event.type, identity, learntFrom: event.learntFrom };
    }
    case "identity-expiring": {
      const identity = describeIdentity(event.identity, core.options.self.pkiId);
      return { type: event.type, identity, noticeSeconds: event.noticeMs / 1_000 };
    }
    case "identity-purged": {
      const identity = describeIdentity(event.identity, core.options.self.pkiId);
      return { type: event.type, identity, reason: event.reason };
    }
    case "contact-failed":
      return {
        type: event.type,
        endpoint: event.endpoint,
        code: event.code,
        reason: tellFault(event),
      };
    case "same-identity":
      return { type: event.type, endpoint: event.endpoint };
    case "incarnation-raised": {
      const wallMs = Number(event.incarnation / 1_000_000n);
      const isDate = wallMs <= 8.64e15;
      const code = "clock-was-ahead";
      const detail = isDate ? new Date(wallMs).toISOString() : String(event.incarnation);
      return problemOf({ code, detail });
    }
    case "signing-failed":
      return { type: event.type, detail: event.detail };
  }
}

/** What is wrong with us, as an event. */
export function problemOf(fault: Fault): EventContent {
  const { code } = fault;
  return { type: "problem", code, reason: tellFault(fault), remedy: remedyFor(code) ?? null };
}
