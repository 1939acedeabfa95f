/** Messages of our own program: numbered, signed, kept, sent to our neighbours. */

import type { Now } from "../../core/types/host.ts";
import { charge, isSpent } from "../../lib/rate-limit.ts";
import { encodeEnvelope } from "../../wire/envelope.ts";
import { encodeMemberMessage } from "../../wire/member-messages.ts";
import { pkiIdBytes } from "../../wire/received.ts";
import { matches } from "../rules/filter.ts";
import { pairsOf } from "../rules/metadata.ts";
import { type Kept, keep } from "../tables/kept.ts";
import { openQuery } from "../tables/queries.ts";
import type { Heard, MessagingEffect } from "../types/effect.ts";
import type { Saying } from "../types/input.ts";
import { audienceOf, sendTo } from "./audience.ts";
import type { Messaging, Unsigned } from "./state.ts";

/** Maximum messages that wait for their signature. */
const UNSIGNED_MAX = 1_000;

/** Whether we may send more at present: others limit our rate, and our signer may be slow. */
export function maySay(
  { rateLimits, unsigned }: Messaging,
  certificate: string,
  now: Now,
): boolean {
  return unsigned.size < UNSIGNED_MAX && !isSpent(rateLimits.said, certificate, now);
}

/** Numbers a message and requests its signature. `timeoutMs`: of a query. */
export function say(
  messaging: Messaging,
  token: number,
  saying: Saying,
  timeoutMs: number | undefined,
  now: Now,
): readonly MessagingEffect[] {
  const { directory, incarnation } = messaging.options;
  const { topic, filter } = saying;
  messaging.sequence += 1n;
  const { sequence } = messaging;
  const value = {
    author: pkiIdBytes(directory.self().pkiId),
    time: { incNum: incarnation, seqNum: sequence },
    topic,
    payload: saying.payload,
    sentAt: BigInt(Math.max(0, Math.trunc(now.wallMs))),
    organisations: filter.organisations ?? [],
    tags: pairsOf(filter.tags ?? {}),
  };
  const payload = encodeMemberMessage(
    timeoutMs === undefined
      ? { type: "event", value }
      : { type: "query", value: { ...value, timeoutMs: BigInt(timeoutMs) } },
  );
  const sentAtMs = now.wallMs;
  charge(messaging.rateLimits.said, directory.self().certificate, 1, now);
  messaging.unsigned.set(token, { saying, payload, sequence, timeoutMs, sentAtMs });
  return [{ type: "sign", token, payload }];
}

export function handleSigned(
  messaging: Messaging,
  token: number,
  signature: Uint8Array | undefined,
  now: Now,
): readonly MessagingEffect[] {
  const said = messaging.unsigned.get(token);
  messaging.unsigned.delete(token);
  if (said === undefined) return [];
  if (signature === undefined) return [{ type: "said", token, id: undefined }];
  const { bytes } = encodeEnvelope({ payload: said.payload, signature });
  return publish(messaging, token, said, bytes, now);
}

function publish(
  messaging: Messaging,
  token: number,
  { saying, sequence, sentAtMs, timeoutMs }: Unsigned,
  bytes: Uint8Array,
  now: Now,
): readonly MessagingEffect[] {
  const { directory, incarnation, limits } = messaging.options;
  const self = directory.self();
  const { filter, topic, payload } = saying;
  const id = { author: self.pkiId, incarnation, sequence };
  const untilMs = now.elapsedMs + (timeoutMs ?? limits.retentionMs);
  const { certificate, mspId, isExternal } = self;
  const kept: Kept = { ...id, certificate, mspId, isExternal, filter, bytes, untilMs };
  keep(messaging.kept, kept);
  const effects: MessagingEffect[] = [];
  for (const peer of audienceOf(messaging, kept, now)) {
    effects.push(...sendTo(messaging, peer, [bytes], now));
  }
  effects.push({ type: "said", token, id });
  if (timeoutMs !== undefined) {
    const members = [self, ...directory.others()].filter((member) => matches(filter, member));
    const asked = members.map(({ pkiId }) => pkiId);
    const waitsFor = new Set(asked);
    openQuery(messaging.queries, { token, sequence, waitsFor, untilMs }, now.elapsedMs);
    effects.push({ type: "asked", token, members: asked });
  }
  if (matches(filter, self)) {
    effects.push(deliver({ id, topic, payload, sentAtMs }, timeoutMs));
  }
  return effects;
}

/** Delivery to our own program. */
export function deliver(heard: Heard, timeoutMs: number | undefined): MessagingEffect {
  return timeoutMs === undefined
    ? { type: "event", event: heard }
    : { type: "query", query: { ...heard, timeoutMs } };
}
