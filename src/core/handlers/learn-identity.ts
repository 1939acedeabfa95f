/**
 * Identities come and go here: learning one, and forgetting it with everything that rests on it.
 */
import type { PeerTime } from "../../wire/messages.ts";
import { removeStateInfo } from "../tables/channels.ts";
import { forgetMember } from "../tables/deaths.ts";
import {
  judgeName,
  learnIdentity,
  noteLastWord,
  noteRenamed,
  removeIdentity,
  usedMs,
} from "../tables/identities.ts";
import { rest, shun, withdraw } from "../tables/pull.ts";
import { dropAside, enqueueClaim, takeAside } from "../tables/verification-queue.ts";
import { drop, type Effect, notify } from "../types/effect.ts";
import type { LearntFrom, PurgeReason } from "../types/event.ts";
import type { Identity, PkiId } from "../types/host.ts";
import { isOurCertificate } from "./check.ts";
import { makeRoom } from "./make-room.ts";
import type { Core } from "./state.ts";

/**
 * Learns a valid identity. Whatever was kept aside for it is checked next. `time`: of the alive
 * message that brought it.
 */
export function learn(
  core: Core,
  identity: Identity,
  learntFrom: LearntFrom,
  time?: PeerTime,
): readonly Effect[] {
  const { limits, timing } = core.options;
  const { pkiId } = identity;
  if (identity.notAfterMs <= core.now.wallMs) return [drop(pkiId, "identity-expired")];
  if (isOurCertificate(core, identity)) return [drop(pkiId, "own-message")];
  const isPresent = learntFrom === "handshake";
  const named = judgeName(core, identity, { time, isPresent });
  if (!named.ok) return [drop(pkiId, named.code)];
  const effects: Effect[] = [];
  if (!core.identities.table.has(pkiId)) {
    const newcomer = isPresent ? "present" : "absent";
    for (const other of makeRoom(core, "identities", identity.mspId, newcomer)) {
      effects.push(...purge(core, other, "unused"));
    }
  }
  const learnt = learnIdentity(core, identity, learntFrom);
  if (learnt === undefined) return [...effects, drop(pkiId, "identities-full")];
  for (const name of named.value) effects.push(...purge(core, name, "replaced"));
  if (named.value.length > 0) noteRenamed(core.names, identity, core.now);
  const waiting = takeAside(core.verificationQueue, pkiId, timing.aliveExpiryMs, core.now);
  if (waiting !== undefined) enqueueClaim(core.verificationQueue, waiting, limits.backlogMax);
  return [...effects, ...learnt];
}

/**
 * Forgets an identity and everything that rests on it, in one step, so that no order of events can
 * leave a part behind: the identity, the item offered to others, claims that wait for it, the
 * member and its connections (spec C 7.7).
 */
export function purge(core: Core, pkiId: PkiId, reason: PurgeReason): readonly Effect[] {
  const forgotten = forget(core, pkiId, reason);
  const identity = removeIdentity(core.identities, pkiId);
  withdraw(core.pull, pkiId);
  dropAside(core.verificationQueue, pkiId);
  if (reason !== "unused") shun(core.pull, pkiId, core.now);
  else rest(core.pull, pkiId, core.options.timing.identityUnusedMs, core.now);
  for (const channel of core.channels.table.values()) removeStateInfo(channel, pkiId);
  if (identity === undefined) return forgotten;
  return [
    notify({ type: "identity-purged", identity, reason }),
    ...forgotten,
    { type: "disconnect", pkiId, why: { code: "identity-purged", detail: reason } },
  ];
}

/**
 * Forgets a member, but not its identity. Older messages under other PKI-IDs of its certificate cannot
 * revive it.
 */
export function forget(
  core: Core,
  pkiId: PkiId,
  reason: "silent" | PurgeReason,
): readonly Effect[] {
  const known = core.identities.table.get(pkiId);
  const time = core.members.table.get(pkiId)?.time;
  const untilMs = core.now.elapsedMs + core.options.timing.forgetAfterMs;
  if (known && time) {
    known.lastUsedMs = usedMs(core.members, known);
    noteLastWord(core.names, known.identity, time, untilMs);
  }
  core.randomRelays.delete(pkiId);
  return forgetMember(core, pkiId, reason);
}
