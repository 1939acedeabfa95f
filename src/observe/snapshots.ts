/** Makes what the outside sees of what the core knows: copies, as of one moment. */

import type { Core } from "../core/core.ts";
import { type KnownIdentity as IdentityEntry, usedMs } from "../core/tables/identities.ts";
import type { CoreEvent } from "../core/types/event.ts";
import type { Identity as KnownIdentity, Now, PkiId } from "../core/types/host.ts";
import type { Member as CoreMember } from "../core/types/member.ts";
import { dateOf as dateOfNs } from "../following/describe-state-info.ts";
import type { ConnectionView } from "../transport/connection.ts";
import { copyBytes, EMPTY_BYTES } from "../wire/bytes.ts";
import { type Problem, toldOf } from "./diagnosis/causes.ts";
import type { ContactCode, EventContent } from "./events.ts";
import { readMetadata } from "./member-metadata.ts";
import type { Connection, Identity, IdentitySummary, Member } from "./views.ts";

/** The date that belongs to a moment on the clock that never jumps: the same at each call, until the wall clock is set. */
export function dateOf(elapsedMs: number, now: Now): Date {
  return new Date((now.zeroMs ?? now.wallMs - now.elapsedMs) + elapsedMs);
}

export function viewMember(core: Core, member: CoreMember, now: Now): Member {
  const identity = core.identities.table.get(member.pkiId)?.identity;
  const { tags, own } = readMetadata(member);
  return {
    pkiId: member.pkiId,
    mspId: member.mspId,
    endpoint: member.endpoint,
    internalEndpoint: member.internalEndpoint ?? null,
    metadata: own.length === 0 ? EMPTY_BYTES : copyBytes(own),
    tags,
    status: member.status,
    incarnation: member.time.incNum,
    sequence: member.time.seqNum,
    lastSeen: dateOf(member.lastSeenMs, now),
    since: dateOf(member.sinceMs, now),
    identityExpires: identity ? new Date(identity.notAfterMs) : null,
    self: false,
  };
}

/** Ourselves as others see us. `startedMs`: elapsed time at which the node started. */
export function viewSelf(core: Core, startedMs: number, now: Now): Member {
  const { options, self } = core;
  const { tags, own } = readMetadata(self);
  return {
    pkiId: options.self.pkiId,
    mspId: options.self.mspId,
    endpoint: self.externalEndpoint,
    internalEndpoint: options.internalEndpoint,
    metadata: own.length === 0 ? EMPTY_BYTES : copyBytes(own),
    tags,
    status: "alive",
    incarnation: self.incarnation,
    sequence: self.sequence,
    lastSeen: dateOf(now.elapsedMs, now),
    since: dateOf(startedMs, now),
    identityExpires: new Date(options.self.notAfterMs),
    self: true,
  };
}

/** Ourselves or another, also one that is no longer known as a member. */
export function viewAny(core: Core, pkiId: PkiId, startedMs: number, now: Now): Member {
  if (pkiId === core.options.self.pkiId) return viewSelf(core, startedMs, now);
  const known = core.members.table.get(pkiId);
  if (known) return viewMember(core, known, now);
  const identity = core.identities.table.get(pkiId)?.identity;
  return {
    ...{ pkiId, mspId: identity?.mspId ?? null, endpoint: "", internalEndpoint: null },
    ...{ metadata: EMPTY_BYTES, tags: {}, status: "dead", incarnation: 0n, sequence: 0n },
    lastSeen: new Date(0),
    since: new Date(0),
    identityExpires: identity ? new Date(identity.notAfterMs) : null,
    self: false,
  };
}

export function viewLink({ openedAtMs, ...link }: ConnectionView): Connection {
  return { ...link, openedAt: new Date(openedAtMs) };
}

export function viewIdentity(core: Core, entry: IdentityEntry, now: Now): Identity {
  return {
    ...describeIdentity(entry.identity, core.options.self.pkiId),
    learntFrom: entry.learntFrom,
    lastUsed: dateOf(usedMs(core.members, entry), now),
  };
}

function describeIdentity(identity: KnownIdentity, self: PkiId): IdentitySummary {
  return {
    pkiId: identity.pkiId,
    mspId: identity.mspId,
    subject: identity.subject,
    serial: identity.serial,
    notBefore: new Date(identity.notBeforeMs),
    notAfter: new Date(identity.notAfterMs),
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
    case "member-dead": {
      const { type, member, reason } = event;
      return { type, member: viewMember(core, member, now), reason };
    }
    case "member-forgotten": {
      const { type, member, reason } = event;
      return { type, member: viewMember(core, member, now), reason };
    }
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
        // The core passes on what the connections gave it, or adds one of its own.
        code: event.code as ContactCode,
        ...toldOf(event),
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
    case "channel-height": {
      const { committedAtNs, ...rest } = event;
      return { ...rest, committedAt: dateOfNs(committedAtNs) };
    }
    case "channel-member-lagging":
    case "channel-member-recovered": {
      const { lagMs, ...rest } = event;
      return { ...rest, lagSeconds: lagMs / 1_000 };
    }
    case "signing-failed":
      return { type: event.type, detail: event.detail };
  }
}

/** What is wrong with us, as an event. */
export function problemOf(fault: Problem): EventContent {
  const { code } = fault;
  return { type: "problem", code, ...toldOf(fault) };
}
