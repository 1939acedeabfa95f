/** Our own heartbeats and identity message, from the wish to the signed bytes (spec B 1.2, 1.3). */

import type { Core } from "../state.ts";
import { offer } from "../tables/pull.ts";
import {
  type AlivePurpose,
  type OwnAlive,
  requestAlive,
  requestIdentityMessage,
  takeSigned,
} from "../tables/self.ts";
import { type Effect, notify } from "../types/effect.ts";
import type { Now } from "../types/host.ts";
import { emitAlive } from "./apply.ts";
import { membershipRequest } from "./membership-request.ts";
import { membershipResponse } from "./membership-response.ts";

/** Sends a heartbeat now and schedules the next one. Nobody alive: nothing is signed or sent. */
export function publish(core: Core, now: Now): readonly Effect[] {
  const { aliveIntervalMs } = core.options.timing;
  // A twentieth early or late: members started together must not stay in step.
  const spanMs = Math.trunc(aliveIntervalMs / 10);
  const jitterMs = core.options.random.below(Math.max(1, spanMs)) - spanMs / 2;
  core.schedule.heartbeatAtMs = now.elapsedMs + aliveIntervalMs + jitterMs;
  if (core.members.aliveCount === 0) return [];
  return requestAlive(core.self, core.options, { type: "heartbeat" }, now);
}

/** However often we are believed dead, we say that we are not once in this time only. */
const REFUTATION_PAUSE_MS = 1_000;

/** Somebody may believe us dead: the next heartbeat comes at once. */
export function speakSoon({ schedule, self }: Core, now: Now): void {
  const soonMs = Math.max(now.elapsedMs, (self.alive?.signedMs ?? 0) + REFUTATION_PAUSE_MS);
  schedule.heartbeatAtMs = Math.min(schedule.heartbeatAtMs, soonMs);
}

/** Asks for the signature under the item that others pull, unless we have it. */
export function publishIdentity(core: Core): readonly Effect[] {
  const { options, pull, self } = core;
  const { pkiId } = options.self;
  // An expired certificate is offered to nobody, not even our own.
  if (pull.offered.has(pkiId) || !core.identities.table.has(pkiId)) return [];
  if ([...self.pending.values()].some(({ type }) => type === "identity")) return [];
  return [requestIdentityMessage(self, options)];
}

/** A signature is there: what waited for it happens. */
export function publishSigned(
  core: Core,
  input: Parameters<typeof takeSigned>[1],
  now: Now,
): readonly Effect[] {
  const pending = core.self.pending.get(input.token);
  const signed = takeSigned(core.self, input, now);
  if (signed === undefined) {
    if (pending === undefined) return [];
    return [notify({ type: "signing-failed", detail: `${pending.type} message` })];
  }
  if (signed.type === "identity") {
    offer(core.pull, core.options.self.pkiId, signed.envelope.bytes);
    return [];
  }
  return signed.purposes.flatMap((purpose) => serve(core, signed.alive, purpose, now));
}

function serve(core: Core, alive: OwnAlive, purpose: AlivePurpose, now: Now): readonly Effect[] {
  switch (purpose.type) {
    case "heartbeat":
      emitOwn(core, alive, now);
      return [];
    case "membership-request":
      return [membershipRequest(core, alive, purpose)];
    case "membership-response":
      return [membershipResponse(core, alive, purpose)];
  }
}

function emitOwn(core: Core, alive: OwnAlive, now: Now): void {
  const { pkiId, mspId } = core.options.self;
  const party = { mspId, isExternal: core.self.externalEndpoint !== "" };
  emitAlive(core, pkiId, alive.envelope, { type: "about", party }, [], now);
}
