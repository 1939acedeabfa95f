/**
 * Handles an event or query of another member. Cheap checks first, then the signature; then it is
 * recorded, kept, relayed and delivered.
 */

import type { Now, PkiId } from "../../core/types/host.ts";
import { charge, isSpent } from "../../lib/rate-limit.ts";
import { copyBytes } from "../../wire/bytes.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { ownedEnvelope } from "../../wire/kept-envelope.ts";
import {
  MEMBER_PAYLOAD_BYTES_MAX,
  type MemberEvent,
  type MemberQuery,
} from "../../wire/member-messages.ts";
import { parsePkiId } from "../../wire/received.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { type Filter, isOfOrganisation, matches } from "../rules/filter.ts";
import { tagsOf } from "../rules/metadata.ts";
import { isHeard, noteHeard } from "../tables/heard.ts";
import { findKept, type Kept, keep, nameOf } from "../tables/kept.ts";
import type { Heard, MessagingEffect, MessagingFault } from "../types/effect.ts";
import type { Author } from "../types/host.ts";
import { audienceOf, sendTo } from "./audience.ts";
import { answerAgain } from "./query.ts";
import { deliver } from "./say.ts";
import type { Messaging } from "./state.ts";

/** Tolerated clock difference before a message counts as expired or from the future. */
const SKEW_MS = 300_000;
/** Longest that an answer may be waited for. */
const QUERY_TIMEOUT_MS_MAX = 300_000;
/** Payload, topic, filter and what is around them. */
const ENVELOPE_BYTES_MAX = MEMBER_PAYLOAD_BYTES_MAX + 65_536;

export function handleSaying(
  messaging: Messaging,
  from: PkiId,
  envelope: Envelope,
  saying: MemberEvent | MemberQuery,
  now: Now,
): readonly MessagingEffect[] {
  const read = readSaying(messaging, envelope, saying, from, now);
  if (!read.ok) {
    const isRepeated = read.code === "event-stale" && "timeoutMs" in saying;
    const again = isRepeated ? handleRepeated(messaging, from, saying, now) : [];
    return again.length > 0 ? again : [{ type: "drop", from, code: read.code }];
  }
  const checked = checkAuthor(messaging, from, read.value, envelope, now);
  if (!checked.ok) return [{ type: "drop", from, code: checked.code }];

  const { directory, limits } = messaging.options;
  const { filter, timeoutMs, ...heard } = read.value;
  const { identity, isExternal } = checked.value;
  const { author, incarnation, sequence } = heard.id;
  const { bytes } = ownedEnvelope(envelope);
  const untilMs = now.elapsedMs + (timeoutMs ?? limits.retentionMs);
  const { mspId, certificate } = identity;
  const kept: Kept = { ...heard.id, certificate, mspId, isExternal, filter, bytes, untilMs };
  charge(messaging.rateLimits.said, certificate, 1, now);
  noteHeard(messaging.heard, author, incarnation, sequence);
  messaging.asked.delete(`${author}/${nameOf(incarnation, sequence)}`);
  keep(messaging.kept, kept);
  const effects: MessagingEffect[] = [];
  for (const peer of audienceOf(messaging, kept, now)) {
    if (peer.pkiId !== from) effects.push(...sendTo(messaging, peer, [bytes], now));
  }
  // Tags decide who hears it, not who relays it: members may disagree about each other's tags.
  if (matches(filter, directory.self())) {
    effects.push(deliver({ ...heard, payload: copyBytes(heard.payload) }, timeoutMs));
  }
  return effects;
}

/** A known query: its author repeats it while it lacks our answer. */
function handleRepeated(
  messaging: Messaging,
  from: PkiId,
  { author, time }: MemberQuery,
  now: Now,
): readonly MessagingEffect[] {
  if (time === undefined || parsePkiId(author) !== from) return [];
  const id = { author: from, incarnation: time.incNum, sequence: time.seqNum };
  return answerAgain(messaging, id, now);
}

type Read = Heard & { readonly filter: Filter; readonly timeoutMs: number | undefined };

/** Checks that cost almost nothing: form, audience, novelty. */
function readSaying(
  { heard, kept, options }: Messaging,
  envelope: Envelope,
  saying: MemberEvent | MemberQuery,
  from: PkiId,
  now: Now,
): Verdict<Read, MessagingFault> {
  const self = options.directory.self();
  const author = parsePkiId(saying.author);
  const { time, topic, payload, organisations } = saying;
  const isQuery = "timeoutMs" in saying;
  const timeoutMs = isQuery ? Number(saying.timeoutMs) : undefined;
  if (author === undefined || time === undefined || time.seqNum === 0n || topic === "") {
    return reject("event-malformed");
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= QUERY_TIMEOUT_MS_MAX)) {
    return reject("event-malformed");
  }
  const isTooLarge = payload.length > MEMBER_PAYLOAD_BYTES_MAX;
  if (isTooLarge || envelope.bytes.length > ENVELOPE_BYTES_MAX) return reject("event-malformed");
  const { incNum: incarnation, seqNum: sequence } = time;
  const isKnown = isHeard(heard, author, incarnation, sequence);
  if (author === self.pkiId || isKnown || findKept(kept, author, incarnation, sequence)) {
    return reject("event-stale");
  }
  const filter = { tags: tagsOf(saying.tags), organisations };
  if (!isOfOrganisation(filter, self)) return reject("event-not-addressed");
  const sentAtMs = Number(saying.sentAt);
  const keptMs = timeoutMs ?? options.limits.retentionMs;
  if (isUntimely(now.wallMs - sentAtMs, keptMs)) {
    return reject(author === from ? "clock-differs" : "event-expired");
  }
  const id = { author, incarnation, sequence };
  return accept({ id, topic, payload, filter, sentAtMs, timeoutMs });
}

function isUntimely(ageMs: number, keptMs: number): boolean {
  return ageMs > keptMs + SKEW_MS || ageMs < -SKEW_MS;
}

/** Checks the author, its rate and its signature. */
function checkAuthor(
  { options, rateLimits }: Messaging,
  from: PkiId,
  { id }: Read,
  { payload, signature }: Envelope,
  now: Now,
): Verdict<Author, MessagingFault> {
  const author = options.directory.author(id.author);
  if (author === undefined) return reject("event-author-unknown");
  const { identity } = author;
  if (isSpent(rateLimits.said, identity.certificate, now)) return reject("event-budget");
  if (isSpent(rateLimits.forgeries, from, now)) return reject("event-signature-invalid");
  if (options.verify(identity, payload, signature)) return accept(author);
  charge(rateLimits.forgeries, from, 1, now);
  return reject("event-signature-invalid");
}
