/**
 * No revival without a life: a member whose death a ping confirmed is not shown alive until it has
 * returned. Others that have not noticed may still list it, with messages that nobody else has
 * heard.
 */
import type { SimulatedFault } from "../fault.ts";
import type { SimulatedMember } from "../member.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, who } from "./checker.ts";

/** Period in which it may be asked again. */
const REVIVED_MAX_MS = 3_000;
/** Maximum delay of events. */
const LATE_MS = 1_000;
/** Maximum transit time after a fault ends. */
const LINGER_MS = 60_000;

const LIVES: ReadonlySet<string> = new Set(["member-joined", "member-returned"]);
const ENDS: ReadonlySet<string> = new Set(["member-dead", "member-forgotten"]);

export function checkRevivals(
  world: World,
  report: Report,
  faults: readonly SimulatedFault[],
): Checker {
  const endedMs = new Map<SimulatedMember, number>();
  /** By life and PKI-ID: confirmed deaths, and since when the member is shown alive regardless. */
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

/** Whether it may cause late messages of the dead, by other ways than lists. */
function delays(fault: SimulatedFault): boolean {
  switch (fault.type) {
    case "stall":
    case "slow":
    case "loss":
    case "cut":
      return true;
    case "hostile":
      // It may later gossip messages that only it received.
      return fault.habit !== "dead" && fault.habit !== "alive";
    default:
      return false;
  }
}
