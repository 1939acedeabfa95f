/**
 * From claim to knowledge: checks claims one by one and applies those that hold. What follows from
 * a new identity, and from one that is not trusted any more, is decided here too.
 */
import type { Identity, Now, PkiId } from "./abilities.ts";
import type { Alive } from "./alive.ts";
import {
  type AliveClaim,
  type Claim,
  enqueueClaim,
  nextClaim,
  setAside,
  takeAside,
} from "./claims.ts";
import { drop, type Effect, notify } from "./effect.ts";
import { emit, partyOf } from "./emitter.ts";
import type { LearntFrom, PurgeReason } from "./event.ts";
import { learnIdentity, removeIdentity } from "./identities.ts";
import {
  applyAlive,
  forgetMember,
  isToRelay,
  learnDead,
  type Member,
  markRelayed,
  preferredEndpoint,
} from "./membership.ts";
import { offer, shun, want } from "./pull.ts";
import type { Core } from "./state.ts";
import { isSameEnvelope, isWorthChecking, recipientOf, requestMembership } from "./sync.ts";
import { judgeIdentity, type Verified, verifyAlive, verifyIdentity } from "./verify.ts";

/** Checks as many waiting claims as one step may. */
export function checkClaims(core: Core, now: Now): readonly Effect[] {
  const effects: Effect[] = [];
  for (let checks = 0; checks < core.options.limits.checksPerStep; checks++) {
    const claim = nextClaim(core.claims);
    if (claim === undefined) break;
    effects.push(...believe(core, claim, now));
  }
  return effects;
}

/** Checks one claim and applies it if it holds. */
export function believe(core: Core, claim: Claim, now: Now): readonly Effect[] {
  switch (claim.type) {
    case "alive":
      return believeAlive(core, claim, now);
    case "identity":
      return believeIdentity(core, claim, now);
    case "rejudge":
      return rejudge(core, claim.pkiId, now);
  }
}

function believeAlive(core: Core, claim: AliveClaim, now: Now): readonly Effect[] {
  const { alive, from, source } = claim;
  const isWorthwhile =
    source === "gossip"
      ? isToRelay(core.members, alive.pkiId, alive.time)
      : isWorthChecking(core, alive, source, now);
  if (!isWorthwhile) return [drop(from, "stale")];

  const known = core.members.table.get(alive.pkiId);
  if (known && isSameEnvelope(known.alive.envelope, alive.envelope)) {
    return relay(core, known, alive, from, now); // Checked already, when it was listed to us.
  }
  const verified = verifyAlive(core.options.crypto, core.identities, alive, now);
  if (!verified.ok) {
    if (verified.code === "identity-unknown") {
      setAside(core.claims, claim, core.options.limits.membersMax);
      want(core.pull, alive.pkiId, from, now);
    }
    return [drop(from, verified.code)];
  }
  return [
    ...learn(core, verified.value.author, "alive", now),
    ...applyVerified(core, verified.value, claim, now),
  ];
}

function applyVerified(
  core: Core,
  verified: Verified<Alive>,
  { alive, from, source }: AliveClaim,
  now: Now,
): readonly Effect[] {
  const { membersMax } = core.options.limits;
  const applied =
    source === "listed-dead"
      ? learnDead(core.members, verified, membersMax, now)
      : applyAlive(core.members, verified, membersMax, now);
  if (applied === "members-full") return [drop(from, applied)];
  const member = core.members.table.get(alive.pkiId);
  if (member === undefined) return applied;
  const effects = [...applied, ...questionSameEndpoint(core, member, applied, now)];
  if (source === "gossip") effects.push(...relay(core, member, alive, from, now));
  return effects;
}

/**
 * A new member at the endpoint of another one is probably the same peer with a renewed certificate.
 * Whoever answers there settles it: the other one is purged as replaced (see liveness.ts).
 */
function questionSameEndpoint(
  core: Core,
  member: Member,
  applied: readonly Effect[],
  now: Now,
): readonly Effect[] {
  const isNew = applied.some(({ type }) => type === "notify") && member.sinceMs === now.elapsedMs;
  const endpoint = preferredEndpoint(member);
  if (!isNew || member.status !== "alive" || endpoint === "") return [];
  const effects: Effect[] = [];
  for (const other of core.members.table.values()) {
    if (other.pkiId === member.pkiId || other.mspId !== member.mspId) continue;
    if (preferredEndpoint(other) !== endpoint) continue;
    effects.push(...requestMembership(core, recipientOf(other, 0n), now));
  }
  return effects;
}

/** What was gossiped to us is passed on, once, as the bytes that came. */
function relay(core: Core, member: Member, alive: Alive, from: PkiId, now: Now): readonly Effect[] {
  const { fanout, timing } = core.options;
  markRelayed(core.members, alive.pkiId, alive.time);
  const emission = {
    envelope: alive.time === member.time ? member.alive.envelope : alive.envelope,
    origin: alive.pkiId,
    originParty: partyOf(member),
    from,
  };
  emit(core.emitter, emission, fanout, timing.burstLatencyMs, now);
  return [];
}

function believeIdentity(
  core: Core,
  { item, from }: Extract<Claim, { type: "identity" }>,
  now: Now,
): readonly Effect[] {
  const verified = verifyIdentity(core.options.crypto, item, now);
  if (!verified.ok) {
    shun(core.pull, item.pkiId, now);
    return [drop(from, verified.code)];
  }
  const { author, claim } = verified.value;
  const effects = learn(core, author, "pull", now);
  if (core.identities.table.has(author.pkiId)) {
    offer(core.pull, author.pkiId, claim.envelope);
  }
  return effects;
}

/** Learns a valid identity. Whatever was kept aside for it is checked next. */
export function learn(
  core: Core,
  identity: Identity,
  learntFrom: LearntFrom,
  now: Now,
): readonly Effect[] {
  const { limits } = core.options;
  if (identity.notAfterMs <= now.wallMs) return [drop(identity.pkiId, "identity-expired")];
  const learnt = learnIdentity(core.identities, identity, learntFrom, limits.identitiesMax, now);
  if (learnt === undefined) return [drop(identity.pkiId, "identities-full")];
  const waiting = takeAside(core.claims, identity.pkiId);
  if (waiting !== undefined) enqueueClaim(core.claims, waiting, limits.backlogMax);
  return learnt;
}

/** Trust changed: every identity is judged again, a few in each step. Our own is the host's affair. */
export function rejudgeAll(core: Core): readonly Effect[] {
  for (const pkiId of core.identities.table.keys()) {
    if (pkiId === core.options.self.pkiId) continue;
    enqueueClaim(core.claims, { type: "rejudge", pkiId }, Number.POSITIVE_INFINITY);
  }
  core.pull.shunned.clear(); // What was refused before may be welcome now.
  return [];
}

function rejudge(core: Core, pkiId: PkiId, now: Now): readonly Effect[] {
  const known = core.identities.table.get(pkiId);
  if (known === undefined) return [];
  const verdict = judgeIdentity(core.options.crypto, known.identity.bytes, pkiId, now);
  if (verdict.ok) return [];
  if (verdict.code === "identity-expired") return purge(core, pkiId, "expired", now);
  return purge(core, pkiId, verdict.code === "identity-revoked" ? "revoked" : "invalid", now);
}

/**
 * Forgets an identity and everything that rests on it, in one step, so that no order of events can
 * leave a part behind: the identity, the item offered to others, claims that wait for it, the
 * member and its connections (spec C1 7.7).
 */
export function purge(core: Core, pkiId: PkiId, reason: PurgeReason, now: Now): readonly Effect[] {
  const identity = removeIdentity(core.identities, pkiId);
  core.pull.offered.delete(pkiId);
  core.claims.aside.delete(pkiId);
  if (reason !== "unused") shun(core.pull, pkiId, now);
  const { forgetAfterMs } = core.options.timing;
  const forgotten = forgetMember(core.members, pkiId, reason, forgetAfterMs, now);
  if (identity === undefined) return forgotten;
  return [
    notify({ type: "identity-purged", identity, reason }),
    ...forgotten,
    { type: "disconnect", pkiId, reason: `identity purged: ${reason}` },
  ];
}
