/** Our own heartbeats and identity message, from the wish to the signed bytes (spec B 1.2, 1.3). */

import { type Envelope, encodeUnsigned, withoutSecret } from "../../wire/envelope.ts";
import { ENVELOPES_MAX } from "../../wire/limits.ts";
import { TAG } from "../../wire/messages.ts";
import { type Disclosure, discloseMember } from "../rules/disclosure.ts";
import { shuffled } from "../rules/shuffle.ts";
import { partyOf, preferredEndpoint } from "../tables/members.ts";
import { offer } from "../tables/pull.ts";
import {
  type AlivePurpose,
  type OwnAlive,
  type Recipient,
  requestAlive,
  requestIdentityMessage,
  takeSigned,
} from "../tables/self.ts";
import { type Effect, notify, send } from "../types/effect.ts";
import type { Now } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { choosePartners, emitAlive } from "./audience.ts";
import { retryStateInfo, takeStateInfo } from "./serve-channel.ts";
import type { Core } from "./state.ts";

/** What we say of ourselves has changed: our alive message tells what is no longer true. */
export function publishAnew(core: Core, now: Now): readonly Effect[] {
  core.self.alive = undefined;
  return publish(core, now);
}

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
    if (pending.type === "state-info") retryStateInfo(core, pending.channel, now);
    return [notify({ type: "signing-failed", detail: `${pending.type} message` })];
  }
  if (signed.type === "identity") {
    offer(core.pull, core.options.self.pkiId, signed.envelope.bytes);
    return [];
  }
  if (signed.type === "state-info") {
    takeStateInfo(core, signed.channel, signed, now);
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

/** Asks a few members whom they know. Nobody alive: nothing is asked, nothing signed. */
export function startSync(core: Core, now: Now): readonly Effect[] {
  const effects: Effect[] = [];
  for (const member of choosePartners(core, now)) {
    const recipient = recipientOf(member, 0n);
    const recent = recentAlive(core, now);
    if (recent) effects.push(membershipRequest(core, recent, recipient));
    else effects.push(...requestMembership(core, recipient, now));
  }
  return effects;
}

export function recipientOf(member: Member, nonce: bigint): Recipient {
  return {
    to: member.pkiId,
    endpoint: preferredEndpoint(member),
    party: partyOf(member),
    nonce,
  };
}

/** Our last alive message, unless it is older than a heartbeat. */
export function recentAlive({ self, options }: Core, now: Now): OwnAlive | undefined {
  const { alive } = self;
  const { aliveIntervalMs } = options.timing;
  return alive && now.elapsedMs - alive.signedMs <= aliveIntervalMs ? alive : undefined;
}

/** Asks one peer, with an alive message signed for the purpose: it revives us if we were dead there. */
export function requestMembership(core: Core, recipient: Recipient, now: Now): readonly Effect[] {
  const purpose = { type: "membership-request", ...recipient } as const;
  return requestAlive(core.self, core.options, purpose, now);
}

/** The request itself; our internal endpoint stays within the organisation. */
export function membershipRequest(core: Core, alive: OwnAlive, to: Recipient): Effect {
  const isOwnOrg = to.party.mspId === core.options.self.mspId;
  const self = isOwnOrg ? alive.envelope : withoutSecret(alive.envelope);
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    nonce: to.nonce,
    content: { type: "membership-request", value: { selfInformation: self.bytes } },
  });
  return send(to.to, to.endpoint, { bytes });
}

/** Everybody the asker may see; our own entry comes last (spec B 1.5). */
export function membershipResponse(core: Core, own: OwnAlive, asker: Recipient): Effect {
  const ownMspId = core.options.self.mspId;
  const [alive, dead]: [Uint8Array[], Uint8Array[]] = [[], []];
  for (const member of listable(core)) {
    const entries = member.status === "alive" ? alive : dead;
    // One place is kept for ourselves; a longer list would not be read.
    if (entries.length >= ENVELOPES_MAX - 1) continue;
    const { envelope } = member.alive;
    const bytes = disclosed(envelope, discloseMember(ownMspId, asker.party, partyOf(member)));
    if (bytes) entries.push(bytes);
  }
  const isOwnOrg = asker.party.mspId === ownMspId;
  const self = disclosed(own.envelope, isOwnOrg ? "with-secret" : "without-secret");
  if (self) alive.push(self);
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    nonce: asker.nonce,
    content: { type: "membership-response", value: { alive, dead } },
  });
  return send(asker.to, asker.endpoint, { bytes });
}

/** All members; in random order if they may not all find room, so that each has its chance. */
function listable({ members, options }: Core): Iterable<Member> {
  const all = members.table.values();
  return members.table.size < ENVELOPES_MAX ? all : shuffled([...all], options.random);
}

function disclosed(envelope: Envelope, disclosure: Disclosure): Uint8Array | undefined {
  if (disclosure === "hidden") return undefined;
  return disclosure === "with-secret" ? envelope.bytes : withoutSecret(envelope).bytes;
}
