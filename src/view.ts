/** What the outside sees: plain JSON values, the same in the library, over HTTP and in the tables. */
import type { Identity as KnownIdentity, Now, PkiId } from "./core/abilities.ts";
import type { Core } from "./core/core.ts";
import type { GossipEvent as CoreEvent, LearntFrom, PurgeReason } from "./core/event.ts";
import type { KnownIdentity as IdentityEntry } from "./core/identities.ts";
import type { Member as CoreMember } from "./core/membership.ts";
import type { DropCode } from "./core/verify.ts";
import type { ConnectionView } from "./transport/connection.ts";

/** A member of the network, ourselves included. */
export interface Member {
  /** 64 hex digits. */
  readonly pkiId: string;
  /** The organisation; null while the identity is unknown. */
  readonly mspId: string | null;
  /** `host:port` for other organisations; may be empty. */
  readonly endpoint: string;
  /** `host:port` within our own organisation; null if it is not ours to know. */
  readonly internalEndpoint: string | null;
  /** base64. */
  readonly metadata: string;
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
  readonly pkiId: string;
  readonly mspId: string;
  readonly subject: string;
  /** Hex. */
  readonly serial: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly learntFrom: LearntFrom;
  /** ISO 8601. */
  readonly lastUsed: string;
  readonly self: boolean;
}

/** An authenticated gossip connection. */
export interface Connection {
  readonly pkiId: string;
  readonly mspId: string;
  /** The endpoint we dialled, or the address of the socket that came in. */
  readonly endpoint: string;
  /** Whether we dialled. */
  readonly outbound: boolean;
  /** ISO 8601. */
  readonly openedAt: string;
  /** Whether we send on it; false only for a second link that is about to go. */
  readonly isPreferred: boolean;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly bytesReceived: number;
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

export type EventContent =
  | { readonly type: "member-joined"; readonly member: Member }
  | { readonly type: "member-updated"; readonly member: Member }
  | { readonly type: "member-returned"; readonly member: Member }
  | {
      readonly type: "member-dead";
      readonly member: Member;
      /** `silent`, `unreachable` (a send and a ping failed) or `listed-dead` (heard from others). */
      readonly reason: string;
    }
  | { readonly type: "member-forgotten"; readonly member: Member; readonly reason: string }
  | {
      readonly type: "identity-learnt";
      readonly identity: Pick<Identity, IdentityFields>;
      readonly learntFrom: LearntFrom;
    }
  | {
      readonly type: "identity-expiring";
      readonly identity: Pick<Identity, IdentityFields>;
      /** Which notice this is: so many seconds before the certificate expires, or fewer. */
      readonly noticeSeconds: number;
    }
  | {
      readonly type: "identity-purged";
      readonly identity: Pick<Identity, IdentityFields>;
      readonly reason: PurgeReason;
    }
  | {
      readonly type: "connection-opened";
      readonly pkiId: string;
      readonly mspId: string;
      readonly outbound: boolean;
      readonly remote: string;
    }
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
  /** A bootstrap or anchor peer could not be joined; it is tried again. */
  | { readonly type: "contact-failed"; readonly endpoint: string; readonly reason: string }
  /** Somebody else uses our identity under another endpoint: two peers with one certificate. */
  | { readonly type: "same-identity"; readonly endpoint: string }
  /** The signer failed; it is asked again. */
  | { readonly type: "signing-failed"; readonly detail: string };

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
      return { type: event.type, endpoint: event.endpoint, reason: event.reason };
    case "same-identity":
      return { type: event.type, endpoint: event.endpoint };
    case "signing-failed":
      return { type: event.type, detail: event.detail };
  }
}
