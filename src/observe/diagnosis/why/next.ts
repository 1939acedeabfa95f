/** What happens by itself with a peer, and when. */

import type { Core } from "../../../core/core.ts";
import type { Contact } from "../../../core/tables/contacts.ts";
import { preferredEndpoint } from "../../../core/tables/members.ts";
import { shunnedItems } from "../../../core/tables/pull.ts";
import type { Now } from "../../../core/types/host.ts";
import { dateOf } from "../../snapshots.ts";
import type { Next } from "./explanation.ts";
import type { Subject } from "./subject.ts";

export function nextOf(core: Core, subject: Subject, now: Now): Next | undefined {
  const { pkiId, member, contact, isAwaited } = subject;
  if (member?.status === "alive") return nextOfAlive(core, subject, now);
  if (contact && contact.state.type !== "connected") return nextOfContact(contact, now);
  if (member) {
    if (preferredEndpoint(member) === "") {
      const sentence = "We do not know where to dial it, and wait until it contacts us.";
      return { action: "await-contact", time: null, sentence };
    }
    const time = later(member.reconnectAtMs, now);
    return { action: "ping", time, sentence: `It is pinged again ${at(time)}.` };
  }
  const shunnedUntilMs = pkiId && shunnedItems(core.pull).get(pkiId);
  if (shunnedUntilMs !== undefined && shunnedUntilMs > now.elapsedMs) {
    const time = dateOf(shunnedUntilMs, now);
    const sentence = `Its certificate is asked for again from ${time.toISOString()} on, if others still offer it.`;
    return { action: "pull-identity", time, sentence };
  }
  if (isAwaited) {
    const sentence = "Others are asked for its certificate, again with each pull.";
    return { action: "pull-identity", time: null, sentence };
  }
  const sentence =
    "Nothing is tried by itself: it has to contact us, or others have to tell of it.";
  return { action: "none", time: null, sentence };
}

function nextOfAlive(core: Core, { member }: Subject, now: Now): Next | undefined {
  if (member === undefined) return undefined;
  const time = dateOf(member.lastSeenMs + core.options.timing.aliveExpiryMs, now);
  const sentence = `It counts as dead if nothing is heard of it until ${time.toISOString()}.`;
  return { action: "declare-dead", time, sentence };
}

function nextOfContact({ state, endpoint }: Contact, now: Now): Next | undefined {
  switch (state.type) {
    case "waiting": {
      const time = later(state.atMs, now);
      return { action: "contact", time, sentence: `We contact ${endpoint} again ${at(time)}.` };
    }
    case "identifying":
      return { action: "contact", time: null, sentence: `${endpoint} is being dialled just now.` };
    case "asking": {
      const time = dateOf(state.untilMs, now);
      const sentence = `It was asked who the members are; its answer is awaited until ${time.toISOString()}.`;
      return { action: "await-membership", time, sentence };
    }
    case "connected":
      return undefined;
  }
}

function later(atMs: number, now: Now): Date | null {
  return atMs > now.elapsedMs ? dateOf(atMs, now) : null;
}

function at(time: Date | null): string {
  return time === null ? "at once" : `at ${time.toISOString()}`;
}
