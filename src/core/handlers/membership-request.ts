/** Asking others whom they know (spec B 1.4, Fabric's `InitiateSync`). */
import { encodeUnsigned, withoutSecret } from "../../wire/envelope.ts";
import { TAG } from "../../wire/messages.ts";
import type { Core } from "../state.ts";
import { type Member, partyOf, preferredEndpoint } from "../tables/members.ts";
import { type OwnAlive, type Recipient, requestAlive } from "../tables/self.ts";
import { type Effect, send } from "../types/effect.ts";
import type { Now } from "../types/host.ts";
import { choosePartners } from "./audience.ts";

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
