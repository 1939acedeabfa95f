/** Answers: ours to the queries of others, and theirs to ours. */
import type { Now, PkiId } from "../../core/types/host.ts";
import {
  encodeMemberEnvelope,
  MEMBER_PAYLOAD_BYTES_MAX,
  type MemberAnswer,
} from "../../wire/member-messages.ts";
import { endQuery, takeAnswer } from "../tables/queries.ts";
import type { Answer, MessagingEffect } from "../types/effect.ts";
import type { QueryId } from "../types/input.ts";
import { sendTo } from "./audience.ts";
import type { Messaging } from "./state.ts";

/** Sends our answer to whoever asked, unless it is gone. */
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
  const asker = directory.find(query.author);
  if (asker === undefined) return [];
  const time = { incNum: query.incarnation, seqNum: query.sequence };
  const value = { query: time, payload, failure };
  return sendTo(messaging, asker, [encodeMemberEnvelope({ type: "answer", value })], now);
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
function take(messaging: Messaging, sequence: bigint, given: Answer): readonly MessagingEffect[] {
  const query = takeAnswer(messaging.queries, sequence, given.from);
  if (query === undefined) return [];
  const { token, waitsFor } = query;
  const answered: MessagingEffect = { type: "answered", token, answer: given };
  if (waitsFor.size > 0) return [answered];
  endQuery(messaging.queries, query);
  return [answered, { type: "query-ended", token }];
}

/** Ends the queries whose time is up, and those for which there is nobody to wait. */
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

/** Our program no longer waits. */
export function cancelQuery({ queries, unsigned }: Messaging, token: number): void {
  for (const query of queries.bySequence.values()) {
    if (query.token === token) endQuery(queries, query);
  }
  unsigned.delete(token);
}
