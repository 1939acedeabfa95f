/**
 * Everything that ends by itself: silent members, expired or unused identities, old memories.
 * Source: spec B 1.3, 1.8 and C1 7.5.
 */

import { expireChannelNews } from "../tables/channel-news.ts";
import { contactPkiId, isContact, superviseContacts } from "../tables/contacts.ts";
import { declareDead, dropTombstones, scheduleReconnect } from "../tables/deaths.ts";
import { expiredIdentities, tidyNames, unusedIdentities } from "../tables/identities.ts";
import { preferredEndpoint } from "../tables/members.ts";
import { tidyPull } from "../tables/pull.ts";
import { tidyQuestions } from "../tables/suspicion.ts";
import { tidyAside } from "../tables/verification-queue.ts";
import type { Effect } from "../types/effect.ts";
import type { Now } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { expireStateInfo } from "./channel-configuration.ts";
import { forget, learn, purge } from "./learn-identity.ts";
import type { Core } from "./state.ts";

/** A certificate authority may have issued many certificates that end in the same second. */
const PURGES_PER_STEP = 64;
/** Dead members tried again in one check; the others follow in the next ones. */
const RECONNECTS_PER_CHECK = 50;

/** Identities whose certificate has expired. Our own goes too: nobody believes it any more. */
export function purgeExpired(core: Core, now: Now): readonly Effect[] {
  const expired = expiredIdentities(core.identities, PURGES_PER_STEP, now);
  return expired.flatMap((pkiId) => purge(core, pkiId, "expired", now));
}

/** Our own identity is back when it was only the clock that had gone too far. */
function restoreSelf(core: Core, now: Now): readonly Effect[] {
  const { self } = core.options;
  if (core.identities.table.has(self.pkiId) || self.notAfterMs <= now.wallMs) return [];
  return learn(core, self, "self", now);
}

/** The regular search for what is over. */
export function checkExpiry(core: Core, now: Now): readonly Effect[] {
  const { contacts, members, options, schedule } = core;
  schedule.expiryCheckAtMs = now.elapsedMs + options.timing.aliveExpiryCheckMs;
  const effects: Effect[] = [...restoreSelf(core, now)];
  const toReconnect: Member[] = [];
  for (const member of [...members.table.values()]) {
    if (member.status === "alive") {
      // Whom we could not reach is asked again: perhaps the way is free by now.
      if (member.isCutOff && member.reconnectAtMs <= now.elapsedMs) toReconnect.push(member);
      if (now.elapsedMs - member.lastSeenMs > options.timing.aliveExpiryMs) {
        effects.push(...declareDead(members, member.pkiId, "silent", reconnectAt(core, now), now));
      }
    } else if (isOver(core, member, now)) {
      effects.push(...forget(core, member.pkiId, "silent", now));
    } else if (member.reconnectAtMs <= now.elapsedMs) toReconnect.push(member);
  }
  // Whoever has waited longest comes first, so that many dead members each have their turn.
  toReconnect.sort((a, b) => a.reconnectAtMs - b.reconnectAtMs);
  for (const member of toReconnect.slice(0, RECONNECTS_PER_CHECK)) {
    effects.push(...reconnect(core, member, now));
  }
  superviseContacts(contacts, members, options.timing, options.random, now);
  dropTombstones(members, now);
  tidyPull(core.pull, now);
  tidyNames(core.names, options.timing, now);
  tidyQuestions(core.questions, options.timing, now);
  expireChannelNews(core.channelNews, now);
  expireStateInfo(core, now);
  tidyAside(core.claims, options.timing.aliveExpiryMs, now);
  return effects;
}

/** Contacts are remembered for ever: they are how a split network heals. */
function isOver(core: Core, member: Member, now: Now): boolean {
  const isSilentLong = now.elapsedMs - member.lastSeenMs > core.options.timing.forgetAfterMs;
  return isSilentLong && !isContact(core.contacts, core.options.self.mspId, member);
}

/** A dead member is pinged; if it answers, it is asked for its membership (see liveness.ts). */
function reconnect(core: Core, member: Member, now: Now): readonly Effect[] {
  scheduleReconnect(core.members, member.pkiId, reconnectAt(core, now));
  const endpoint = preferredEndpoint(member);
  return endpoint === "" ? [] : [{ type: "ping", pkiId: member.pkiId, endpoint }];
}

/** One interval from now, plus up to a tenth, so that many dead members are not tried together. */
export function reconnectAt(core: Core, now: Now): number {
  const { reconnectIntervalMs } = core.options.timing;
  const jitterMs = core.options.random.below(Math.max(1, Math.trunc(reconnectIntervalMs / 10)));
  return now.elapsedMs + reconnectIntervalMs + jitterMs;
}

/** Identities that nobody needed for long. Ours, and those of members and contacts, stay. */
export function checkUnused(core: Core, now: Now): readonly Effect[] {
  const { contacts, identities, members, options, schedule } = core;
  schedule.unusedCheckAtMs = now.elapsedMs + options.timing.identityUnusedMs / 10;
  const contactIds = new Set(contacts.map(contactPkiId));
  const unused = unusedIdentities(
    identities,
    options.timing.identityUnusedMs,
    ({ identity: { pkiId } }) =>
      pkiId === options.self.pkiId || members.table.has(pkiId) || contactIds.has(pkiId),
    now,
  );
  return unused.flatMap((pkiId) => purge(core, pkiId, "unused", now));
}
