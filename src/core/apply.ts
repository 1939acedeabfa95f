/** What follows from an alive message that is believed: the only way from a claim to a member. */
import type { Now, PkiId } from "./abilities.ts";
import type { Alive } from "./alive.ts";
import type { AliveSource } from "./claims.ts";
import { drop, type Effect } from "./effect.ts";
import { emit, partyOf } from "./emitter.ts";
import {
  applyAlive,
  isToRelay,
  learnDead,
  type Member,
  markRelayed,
  memberAt,
  preferredEndpoint,
} from "./membership.ts";
import { recipientOf, requestMembership } from "./membership-request.ts";
import type { Core } from "./state.ts";
import type { Verified } from "./verify.ts";

/** Changes the member, questions who was at its endpoint before, relays what was gossiped. */
export function applyVerified(
  core: Core,
  verified: Verified<Alive>,
  source: AliveSource,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const alive = verified.claim;
  const { members, options } = core;
  const rival = memberAt(members, alive.internalEndpoint || alive.endpoint);
  const isNew = members.table.get(alive.pkiId)?.status !== "alive";
  const applied =
    source === "listed-dead"
      ? learnDead(members, verified, options.limits.membersMax, now)
      : applyAlive(members, verified, options.self.mspId, options.limits.membersMax, now);
  if (applied === "members-full") return [drop(from, applied)];
  const member = members.table.get(alive.pkiId);
  if (member === undefined) return applied;
  const effects = [...applied];
  if (isNew && member.status === "alive" && rival) {
    effects.push(...questionRival(core, member, rival, now));
  }
  if (source === "gossip") relay(core, member, alive, from, now);
  return effects;
}

/**
 * A new member at the endpoint of another one is probably the same peer with a renewed certificate.
 * Whoever answers there settles it: the other one is purged as replaced (see liveness.ts).
 */
function questionRival(core: Core, member: Member, rival: Member, now: Now): readonly Effect[] {
  if (rival.pkiId === member.pkiId || rival.mspId !== member.mspId) return [];
  if (preferredEndpoint(rival) !== preferredEndpoint(member)) return [];
  return requestMembership(core, recipientOf(rival, 0n), now);
}

/** What was gossiped to us is passed on, once, as the bytes that came. */
export function relay(core: Core, member: Member, alive: Alive, from: PkiId, now: Now): void {
  const { fanout, timing } = core.options;
  if (!isToRelay(core.members, alive.pkiId, alive.time)) return;
  markRelayed(core.members, alive.pkiId, alive.time);
  const emission = {
    envelope: alive.time === member.time ? member.alive.envelope : alive.envelope,
    origin: alive.pkiId,
    originParty: partyOf(member),
    from,
  };
  emit(core.emitter, emission, fanout, timing.burstLatencyMs, now);
}
