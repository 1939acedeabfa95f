/**
 * Everything that ends by itself: silent members, expired or unused identities, old memories.
 * Source: spec B 1.3, 1.8 and C1 7.5.
 */

import { forgetSettled } from "../../lib/rate-limit.ts";
import { expireChannelNews } from "../tables/channel-news.ts";
import { contactPkiId, isContact, superviseContacts } from "../tables/contacts.ts";
import { declareDead, dropTombstones, scheduleReconnect } from "../tables/deaths.ts";
import {
  expiredIdentities,
  noticeExpiring,
  tidyNames,
  unusedIdentities,
} from "../tables/identities.ts";
import { preferredEndpoint } from "../tables/members.ts";
import { tidyPull } from "../tables/pull.ts";
import { tidySuspicions } from "../tables/suspicion.ts";
import { tidyAside } from "../tables/verification-queue.ts";
import type { Effect } from "../types/effect.ts";
import type { Member } from "../types/member.ts";
import type { Timing } from "../types/options.ts";
import { expireStateInfo } from "./channel-configuration.ts";
import { forget, learn, purge } from "./learn-identity.ts";
import type { Core } from "./state.ts";

/** Maximum purges per step, since many certificates may expire in the same second. */
const PURGES_PER_STEP = 64;
/** Maximum dead members retried per scan. */
const RECONNECTS_PER_CHECK = 50;

/** Purges expired identities, our own included, and reports those that expire soon. */
export function attendIdentities(core: Core): readonly Effect[] {
  const { identities, now, options } = core;
  const purged = expiredIdentities(identities, PURGES_PER_STEP, now).flatMap((pkiId) =>
    purge(core, pkiId, "expired"),
  );
  return [...purged, ...noticeExpiring(identities, options.timing.expiryNoticesMs, now)];
}

/** Restores our own identity if a clock that ran ahead had expired it. */
function restoreSelf(core: Core): readonly Effect[] {
  const { self } = core.options;
  if (core.identities.table.has(self.pkiId) || self.notAfterMs <= core.now.wallMs) return [];
  return learn(core, self, "self");
}

/** The periodic expiry check. */
export function checkExpiry(core: Core): readonly Effect[] {
  const { members, options, rateLimits, schedule } = core;
  schedule.expiryCheckAtMs = core.now.elapsedMs + options.timing.aliveExpiryCheckMs;
  const effects: Effect[] = [...restoreSelf(core)];
  if (isAnyDue(core)) effects.push(...attendMembers(core));
  superviseContacts(core);
  dropTombstones(members, core.now);
  tidyPull(core.pull, core.now);
  tidyNames(core.names, options.timing, core.now);
  tidySuspicions(core.suspicions, options.timing, core.now);
  expireChannelNews(core.channelNews, core.now);
  expireStateInfo(core);
  tidyAside(core.verificationQueue, options.timing.aliveExpiryMs, core.now);
  for (const limit of Object.values(rateLimits)) forgetSettled(limit, core.now);
  return effects;
}

/** Whether a scan may find anything. News of a living member only puts off its time; any other news may bring it forward. */
function isAnyDue({ members, now, schedule }: Core): boolean {
  const { nextDueMs, outcasts } = schedule.members;
  return outcasts !== members.outcasts || nextDueMs <= now.elapsedMs;
}

/** Members silent for too long die or are forgotten; those that could not be reached are tried again. */
function attendMembers(core: Core): readonly Effect[] {
  const { members, options, schedule } = core;
  const { outcasts } = members;
  const effects: Effect[] = [];
  const toReconnect: Member[] = [];
  let nextDueMs = core.now.elapsedMs + options.timing.aliveExpiryMs;
  for (const member of members.table.values()) {
    nextDueMs = Math.min(nextDueMs, dueMs(member, options.timing));
    if (member.status === "alive") {
      // Ping unreachable members again, since the route may have recovered.
      if (member.isCutOff && member.reconnectAtMs <= core.now.elapsedMs) toReconnect.push(member);
      if (core.now.elapsedMs - member.lastSeenMs > options.timing.aliveExpiryMs) {
        effects.push(...declareDead(core, member, "silent", reconnectAt(core)));
      }
    } else if (isOver(core, member)) {
      effects.push(...forget(core, member.pkiId, "silent"));
    } else if (member.reconnectAtMs <= core.now.elapsedMs) toReconnect.push(member);
  }
  // Longest wait first, so that each of many dead members gets a turn.
  toReconnect.sort((a, b) => a.reconnectAtMs - b.reconnectAtMs);
  for (const member of toReconnect.slice(0, RECONNECTS_PER_CHECK)) {
    effects.push(...reconnect(core, member));
  }
  schedule.members = { nextDueMs, outcasts };
  return effects;
}

/** Nothing about it ends or is tried before. */
function dueMs(member: Member, { aliveExpiryMs, forgetAfterMs }: Timing): number {
  const { isCutOff, lastSeenMs, reconnectAtMs, status } = member;
  const endMs = lastSeenMs + (status === "alive" ? aliveExpiryMs : forgetAfterMs);
  return status === "alive" && !isCutOff ? endMs : Math.min(endMs, reconnectAtMs);
}

/** Contacts are never forgotten, because a split network heals through them. */
function isOver(core: Core, member: Member): boolean {
  const isSilentLong = core.now.elapsedMs - member.lastSeenMs > core.options.timing.forgetAfterMs;
  return isSilentLong && !isContact(core.contacts, core.options.self.mspId, member);
}

/** A dead member is pinged; if it answers, it is asked for its membership (see liveness.ts). */
function reconnect(core: Core, member: Member): readonly Effect[] {
  scheduleReconnect(core.members, member.pkiId, reconnectAt(core));
  const endpoint = preferredEndpoint(member);
  return endpoint === "" ? [] : [{ type: "ping", pkiId: member.pkiId, endpoint }];
}

/** One interval from now, plus up to a tenth, so that many dead members are not tried together. */
export function reconnectAt(core: Core): number {
  const { reconnectIntervalMs } = core.options.timing;
  const jitterMs = core.options.random.below(Math.max(1, Math.trunc(reconnectIntervalMs / 10)));
  return core.now.elapsedMs + reconnectIntervalMs + jitterMs;
}

/**
 * Purges identities that were unused for long, except our own and those of members and contacts.
 */
export function checkUnused(core: Core): readonly Effect[] {
  const { contacts, members, now, options, schedule } = core;
  schedule.unusedCheckAtMs = now.elapsedMs + options.timing.identityUnusedMs / 10;
  const needed = new Set([options.self.pkiId, ...contacts.map(contactPkiId)]);
  const unused = unusedIdentities(core, (pkiId) => needed.has(pkiId) || members.table.has(pkiId));
  return unused.flatMap((pkiId) => purge(core, pkiId, "unused"));
}
