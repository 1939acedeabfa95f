/** Answers: ours to queries of others, and theirs to ours. */
import type { Now, PkiId } from "../../core/types/host.ts";
import {
  encodeMemberEnvelope,
  MEMBER_PAYLOAD_BYTES_MAX,
  type MemberAnswer,
} from "../../wire/member-messages.ts";
import { findKept, nameOf } from "../tables/kept.ts";
import { endQuery, findAnswer, keepAnswer, takeAnswer, takeUnanswered } from "../tables/queries.ts";
import type { HeardAnswer, MessagingEffect } from "../types/effect.ts";
import type { QueryId } from "../types/input.ts";
import { mayHave, sendTo } from "./audience.ts";
import type { Messaging } from "./state.ts";

/** Sends our answer to the asker, and keeps it: it may be lost, or the asker out of reach for now. */
export function answer(
  messaging: Messaging,
  query: QueryId,
  payload: Uint8Array,
  failure: string,
  now: Now,
): readonly MessagingEffect[] {
  const { directory } = messaging.options;
  const self = directory.self().pkiId;
  if (query.author === self) {
    return take(messaging, query.sequence, { from: self, payload, failure });
  }
  const time = { incNum: query.incarnation, seqNum: query.sequence };
  const value = { query: time, payload, failure };
  const bytes = encodeMemberEnvelope({ type: "answer", value });
  const { author, incarnation, sequence } = query;
  const asked = findKept(messaging.kept, author, incarnation, sequence);
  if (asked) keepAnswer(messaging.queries, keyOf(query), { bytes, untilMs: asked.untilMs });
  const asker = directory.find(query.author);
  return asker ? sendTo(messaging, asker, [bytes], now) : [];
}

/** Repeats our answer to an asker that asks again, if we have given one. */
export function answerAgain(
  messaging: Messaging,
  query: QueryId,
  now: Now,
): readonly MessagingEffect[] {
  const bytes = findAnswer(messaging.queries, keyOf(query), now.elapsedMs);
  const asker = messaging.options.directory.find(query.author);
  return bytes && asker ? sendTo(messaging, asker, [bytes], now) : [];
}

function keyOf({ author, incarnation, sequence }: QueryId): string {
  return `${author}/${nameOf(incarnation, sequence)}`;
}

export function handleAnswer(
  messaging: Messaging,
  from: PkiId,
  { query, payload, failure }: MemberAnswer,
): readonly MessagingEffect[] {
  if (payload.length > MEMBER_PAYLOAD_BYTES_MAX) return [drop(from, "event-malformed")];
  if (query?.incNum !== messaging.options.incarnation) return [drop(from, "answer-unexpected")];
  const taken = take(messaging, query.seqNum, { from, payload: new Uint8Array(payload), failure });
  return taken.length > 0 ? taken : [drop(from, "answer-unexpected")];
}

function drop(from: PkiId, code: "answer-unexpected" | "event-malformed"): MessagingEffect {
  return { type: "drop", from, code };
}

/** An answer of somebody who was asked and has not answered. */
function take(
  messaging: Messaging,
  sequence: bigint,
  given: HeardAnswer,
): readonly MessagingEffect[] {
  const query = takeAnswer(messaging.queries, sequence, given.from);
  if (query === undefined) return [];
  const { token, waitsFor } = query;
  const answered: MessagingEffect = { type: "answered", token, answer: given };
  if (waitsFor.size > 0) return [answered];
  endQuery(messaging.queries, query);
  return [answered, { type: "query-ended", token }];
}

/** Ends queries that have timed out or wait for nobody. */
export function endQueries({ queries }: Messaging, now: Now): readonly MessagingEffect[] {
  const effects: MessagingEffect[] = [];
  for (const query of queries.bySequence.values()) {
    const { token, waitsFor, untilMs } = query;
    if (untilMs > now.elapsedMs && waitsFor.size > 0) continue;
    endQuery(queries, query);
    effects.push({ type: "query-ended", token });
  }
  return effects;
}

/** Asks silent members directly: the query or the answer was lost. */
export function repeatQueries(messaging: Messaging, now: Now): readonly MessagingEffect[] {
  const { queries, kept, options } = messaging;
  const { directory, incarnation } = options;
  const self = directory.self().pkiId;
  const effects: MessagingEffect[] = [];
  for (const query of queries.bySequence.values()) {
    const asked = findKept(kept, self, incarnation, query.sequence);
    for (const pkiId of takeUnanswered(query, now.elapsedMs)) {
      const peer = directory.find(pkiId);
      if (asked && peer && mayHave(messaging, asked, peer)) {
        effects.push(...sendTo(messaging, peer, [asked.bytes], now));
      }
    }
  }
  return effects;
}

/** Our program no longer waits. */
export function cancelQuery({ queries, unsigned }: Messaging, token: number): void {
  for (const query of queries.bySequence.values()) {
    if (query.token === token) endQuery(queries, query);
  }
  unsigned.delete(token);
}
