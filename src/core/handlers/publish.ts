/**
 * Our own heartbeats and identity message, from the request to the signed bytes (spec B 1.2, 1.3).
 */

import { EMPTY_BYTES } from "../../wire/bytes.ts";
import {
  type Envelope,
  encodeEnvelope,
  encodeUnsigned,
  withoutSecret,
} from "../../wire/envelope.ts";
import { ENVELOPES_MAX } from "../../wire/limits.ts";
import { type Content, TAG } from "../../wire/messages.ts";
import { type Disclosure, discloseMember, partyOf } from "../rules/disclosure.ts";
import { anyWaitMs, momentWaitMs } from "../rules/heartbeat-wait.ts";
import { shuffled } from "../rules/shuffle.ts";
import { preferredEndpoint } from "../tables/members.ts";
import { beginInterval, hurry, partnerCount, quicken } from "../tables/poll-backoff.ts";
import { offer } from "../tables/pull.ts";
import {
  type AlivePurpose,
  beNew,
  keepAlive,
  type OwnAlive,
  type Recipient,
  requestAlive,
  requestIdentityMessage,
  takePending,
} from "../tables/self.ts";
import { type Effect, notify, send } from "../types/effect.ts";
import type { Input } from "../types/input.ts";
import type { Member } from "../types/member.ts";
import { broadcastAlive, choosePartners, speaksWithOthers } from "./audience.ts";
import { retryStateInfo, takeStateInfo } from "./serve-channel.ts";
import { type Core, ownParty } from "./state.ts";
import { hurryStateInfo } from "./state-info-pull.ts";

/** Our data changed, so the last alive message is outdated. */
export function publishAnew(core: Core): readonly Effect[] {
  core.self.alive = undefined;
  return publish(core);
}

/** Sends a heartbeat and schedules the next one. If nobody is alive, signs and sends nothing. */
export function publish(core: Core): readonly Effect[] {
  const { members, now, options, schedule } = core;
  const waitMs = speaksWithOthers(core) ? momentWaitMs : anyWaitMs;
  schedule.heartbeatAtMs = now.elapsedMs + waitMs(options, members.aliveCount, now);
  if (members.aliveCount === 0) return [];
  return requestAlive(core, { type: "heartbeat" });
}

/** Minimum interval between heartbeats that refute our death. */
const REFUTATION_PAUSE_MS = 1_000;

/** Sends the next heartbeat at once, because somebody may believe us dead. */
export function speakSoon({ now, schedule, self }: Core): void {
  const soonMs = Math.max(now.elapsedMs, (self.alive?.signedMs ?? 0) + REFUTATION_PAUSE_MS);
  schedule.heartbeatAtMs = Math.min(schedule.heartbeatAtMs, soonMs);
}

/** Requests the signature of our identity item, unless we have it. */
export function publishIdentity(core: Core): readonly Effect[] {
  const { options, pull, self } = core;
  const { pkiId } = options.self;
  // No expired certificate is offered, not even our own.
  if (pull.offered.has(pkiId) || !core.identities.table.has(pkiId)) return [];
  if ([...self.pending.values()].some(({ type }) => type === "identity")) return [];
  return [requestIdentityMessage(self, options)];
}

/** Resumes the actions that waited for a signature. */
export function publishSigned(
  core: Core,
  { secretSignature, signature, token }: Extract<Input, { type: "signed" }>,
): readonly Effect[] {
  const pending = takePending(core.self, token);
  if (pending === undefined) return [];
  const { payload, type } = pending;
  if (signature === undefined) {
    if (type === "state-info") retryStateInfo(core, pending.channel);
    return [notify({ type: "signing-failed", detail: `${type} message` })];
  }
  switch (type) {
    case "identity":
      offer(core.pull, core.options.self.pkiId, encodeEnvelope({ payload, signature }).bytes);
      return [];
    case "state-info":
      takeStateInfo(core, pending.channel, { payload, signature });
      return [];
    case "alive": {
      const alive = keepAlive(core.self, pending, signature, secretSignature, core.now);
      return pending.purposes.flatMap((purpose) => serve(core, alive, purpose));
    }
  }
}

/** Serves the purpose with our last alive message, unless that is older than a heartbeat. */
export function serveNow(core: Core, purpose: AlivePurpose): readonly Effect[] {
  const { now, options, self } = core;
  const { alive } = self;
  const isRecent = alive && now.elapsedMs - alive.signedMs <= options.timing.aliveIntervalMs;
  return isRecent ? serve(core, alive, purpose) : requestAlive(core, purpose);
}

function serve(core: Core, alive: OwnAlive, purpose: AlivePurpose): readonly Effect[] {
  switch (purpose.type) {
    case "heartbeat": {
      const reach = { type: "about", party: ownParty(core) } as const;
      const { pkiId } = core.options.self;
      broadcastAlive(core, pkiId, alive.envelope, reach, [pkiId]);
      return [];
    }
    case "membership-request":
      return [membershipRequest(core, alive, purpose)];
    case "membership-response":
      return [membershipResponse(core, alive, purpose)];
  }
}

/** Sends membership requests to a few members. If nobody is alive, signs and sends nothing. */
export function startSync(core: Core): readonly Effect[] {
  beginInterval(core.syncBackoff, core.options, core.now);
  return choosePartners(core, partnerCount(core.syncBackoff, core.options)).flatMap((member) =>
    serveNow(core, { type: "membership-request", ...recipientOf(member) }),
  );
}

/**
 * Members came or went: there may be more that we missed. While we are new, an arrival even means
 * that the network is still forming and our first picture of it incomplete.
 */
export function askSoon(core: Core, wasAlone: boolean, isArrival: boolean): readonly Effect[] {
  const { members, options, pullBackoff, self, syncBackoff } = core;
  if (options.beyondFabric?.asksAtOnce === false) return [];
  // Send the first known member a heartbeat at once, while it still carries our identity.
  if (isArrival) hurryStateInfo(core);
  const hasMet = wasAlone && members.aliveCount > 0;
  if (hasMet) beNew(self, options, core.now);
  const effects = hasMet ? publish(core) : [];
  quicken(syncBackoff, options, core.now);
  quicken(pullBackoff, options, core.now);
  if (isArrival && core.now.elapsedMs < self.publishCertUntilMs)
    hurry(syncBackoff, options, core.now);
  return effects;
}

export function recipientOf(member: Member): Recipient {
  const { pkiId: to } = member;
  return { to, endpoint: preferredEndpoint(member), party: partyOf(member), nonce: 0n };
}

/** Queries one peer with a newly signed alive message, which revives us if it believed us dead. */
export function requestMembership(core: Core, recipient: Recipient): readonly Effect[] {
  return requestAlive(core, { type: "membership-request", ...recipient });
}

/** Our internal endpoint stays within the organisation. */
function shownTo({ options }: Core, { envelope }: OwnAlive, { party }: Recipient): Uint8Array {
  const isOwnOrg = party.mspId === options.self.mspId;
  return (isOwnOrg ? envelope : withoutSecret(envelope)).bytes;
}

export function membershipRequest(core: Core, alive: OwnAlive, to: Recipient): Effect {
  const selfInformation = shownTo(core, alive, to);
  return sendTo(core, to, { type: "membership-request", value: { selfInformation, known: [] } });
}

/** All members that the asker may see, ourselves last (spec B 1.5). */
export function membershipResponse(core: Core, own: OwnAlive, asker: Recipient): Effect {
  const ownMspId = core.options.self.mspId;
  const [alive, dead]: [Uint8Array[], Uint8Array[]] = [[], []];
  for (const member of listable(core)) {
    const entries = member.status === "alive" ? alive : dead;
    // Reserve one entry for ourselves; receivers would not read a longer list.
    if (entries.length >= ENVELOPES_MAX - 1) continue;
    const { envelope } = member.alive;
    const bytes = disclosed(envelope, discloseMember(ownMspId, asker.party, partyOf(member)));
    if (bytes) entries.push(bytes);
  }
  alive.push(shownTo(core, own, asker));
  return sendTo(core, asker, { type: "membership-response", value: { alive, dead } });
}

function sendTo(
  { options: { write = encodeUnsigned } }: Core,
  { endpoint, nonce, to }: Recipient,
  content: Content,
): Effect {
  const message = { nonce, channel: EMPTY_BYTES, tag: TAG.empty, content };
  return send(to, endpoint, { bytes: write(message) });
}

/** All members; shuffled if they may not all fit, so that each has the same chance. */
function listable({ members, options }: Core): Iterable<Member> {
  const all = members.table.values();
  return members.table.size < ENVELOPES_MAX ? all : shuffled([...all], options.random);
}

function disclosed(envelope: Envelope, disclosure: Disclosure): Uint8Array | undefined {
  if (disclosure === "hidden") return undefined;
  return disclosure === "with-secret" ? envelope.bytes : withoutSecret(envelope).bytes;
}
