/**
 * No revival without a life: whom a ping has found gone is not shown alive again, unless it has come
 * back. Somebody who has not noticed may still list it, with messages that nobody else has heard.
 */
import type { SimulatedFault } from "../fault.ts";
import type { SimulatedMember } from "../member.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, who } from "./checker.ts";

/** It may be asked again for so long. */
const REVIVED_MAX_MS = 3_000;
/** Events are told late by less than that. */
const LATE_MS = 1_000;
/** What was on its way when a fault ended has arrived by then. */
const LINGER_MS = 60_000;

const LIVES: ReadonlySet<string> = new Set(["member-joined", "member-returned"]);
const ENDS: ReadonlySet<string> = new Set(["member-dead", "member-forgotten"]);

export function checkRevivals(
  world: World,
  report: Report,
  faults: readonly SimulatedFault[],
): Checker {
  const endedMs = new Map<SimulatedMember, number>();
  /** By life and PKI-ID: who was found gone, and since when it is shown alive in spite of that. */
  const gone = new Map<string, { revivedMs?: number | undefined }>();

  function subjectOf(pkiId: string): SimulatedMember | undefined {
    const issued = world.authority.find(pkiId);
    return issued && world.members[issued.owner];
  }

  function check(key: string, observer: SimulatedMember, pkiId: string, nowMs: number): void {
    const found = gone.get(key);
    if (found?.revivedMs === undefined || nowMs - found.revivedMs <= REVIVED_MAX_MS) return;
    const subject = subjectOf(pkiId);
    const diedMs = (subject && endedMs.get(subject)) ?? nowMs;
    const isExcused = faults.some(
      (fault) => delays(fault) && fault.fromMs <= nowMs && diedMs <= fault.untilMs + LINGER_MS,
    );
    found.revivedMs = undefined;
    if (isExcused) return;
    report(nowMs, `${observer.name} shows ${who(subject, pkiId)} alive, whom it had found gone`);
  }

  function revive(key: string, atMs: number): void {
    const found = gone.get(key);
    if (found) found.revivedMs = atMs;
  }

  return {
    watcher: {
      ended: (member, nowMs) => endedMs.set(member, nowMs),
      began({ member }) {
        endedMs.delete(member);
        const { pkiId } = member.issued.identity;
        for (const key of gone.keys()) if (key.endsWith(pkiId)) gone.delete(key);
      },
      event({ member: observer, number }, event, atMs) {
        if (!("member" in event)) return;
        const { pkiId } = event.member;
        const subject = subjectOf(pkiId);
        const diedMs = subject && endedMs.get(subject);
        if (diedMs === undefined) return;
        const key = `${number} ${pkiId}`;
        if (ENDS.has(event.type)) {
          check(key, observer, pkiId, atMs);
          if (gone.has(key) || (isFoundGone(event) && atMs >= diedMs)) gone.set(key, {});
        }
        if (LIVES.has(event.type) && atMs > diedMs + LATE_MS) revive(key, atMs);
      },
    },
    snapshot({ member: observer, number }, { members }, nowMs) {
      for (const { pkiId } of members) check(`${number} ${pkiId}`, observer, pkiId, nowMs);
    },
  };
}

function isFoundGone({
  type,
  reason,
}: {
  readonly type: string;
  readonly reason?: string;
}): boolean {
  return type === "member-dead" && reason === "unreachable";
}

/** Whether the dead may be heard of late because of it, by more than lists. */
function delays(fault: SimulatedFault): boolean {
  switch (fault.type) {
    case "stall":
    case "slow":
    case "loss":
    case "cut":
      return true;
    case "hostile":
      // It may gossip later what the dead had said to nobody else.
      return fault.habit !== "dead" && fault.habit !== "alive";
    default:
      return false;
  }
}
