/**
 * Messages among members of our own kind. `stepMessaging(messaging, input, now)` changes the state
 * and returns effects, as the core does for membership. This file is the table of contents.
 */
import type { Now, PkiId } from "../core/types/host.ts";
import type { Envelope } from "../wire/envelope.ts";
import type { MemberContent } from "../wire/member-messages.ts";
import { handleDigest, handleRequest, scheduleDigests, sendDigests } from "./handlers/digest.ts";
import { answer, cancelQuery, endQueries, handleAnswer, repeatQueries } from "./handlers/query.ts";
import { handleSigned, say } from "./handlers/say.ts";
import { handleSaying } from "./handlers/saying.ts";
import type { Messaging } from "./handlers/state.ts";
import { nextQueryMs } from "./tables/queries.ts";
import type { MessagingEffect } from "./types/effect.ts";
import type { MessagingInput } from "./types/input.ts";

export { maySay } from "./handlers/say.ts";
export { createMessaging, type Messaging } from "./handlers/state.ts";

/** Applies one input. Performs no I/O; the host performs the effects in order. */
export function stepMessaging(
  messaging: Messaging,
  input: MessagingInput,
  now: Now,
): readonly MessagingEffect[] {
  const effects = [...handleInput(messaging, input, now)];
  effects.push(...endQueries(messaging, now));
  effects.push(...repeatQueries(messaging, now));
  effects.push(...sendDigests(messaging, now));
  scheduleDigests(messaging, now);
  return effects;
}

/** The latest elapsed time at which the host must call `stepMessaging`. */
export function nextMessagingMs({ digests, queries }: Messaging): number {
  const { newsAtMs, allAtMs, newcomersAtMs } = digests;
  return Math.min(newsAtMs, allAtMs, newcomersAtMs, nextQueryMs(queries));
}

function handleInput(
  messaging: Messaging,
  input: MessagingInput,
  now: Now,
): readonly MessagingEffect[] {
  switch (input.type) {
    case "tick":
      return [];
    case "message":
      return handleMessage(messaging, input.from, input.envelope, input.content, now);
    case "broadcast":
      return say(messaging, input.token, input, undefined, now);
    case "query":
      return say(messaging, input.token, input, input.timeoutMs, now);
    case "answer":
      return answer(messaging, input.query, input.payload, input.failure, now);
    case "cancel-query":
      cancelQuery(messaging, input.token);
      return [];
    case "signed":
      return handleSigned(messaging, input.token, input.signature, now);
  }
}

function handleMessage(
  messaging: Messaging,
  from: PkiId,
  envelope: Envelope,
  content: MemberContent,
  now: Now,
): readonly MessagingEffect[] {
  const peer = messaging.options.directory.find(from);
  if (peer === undefined) return [{ type: "drop", from, code: "event-foreign" }];
  switch (content.type) {
    case "event":
    case "query":
      return handleSaying(messaging, from, envelope, content.value, now);
    case "answer":
      return handleAnswer(messaging, from, content.value);
    case "digest":
      return handleDigest(messaging, peer, content.value.held, now);
    case "request":
      return handleRequest(messaging, peer, content.value.wanted, now);
  }
}
