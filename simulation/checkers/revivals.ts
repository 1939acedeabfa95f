/**
 * No revival without a life: a member whose death a ping confirmed is not shown alive until it has
 * returned. Others that have not noticed may still list it, with messages that nobody else has
 * heard. Such lists revive nobody, not even for a moment.
 */
import type { GossipEvent } from "../../src/observe/events.ts";
import type { SimulatedFault } from "../fault.ts";
import type { Habit } from "../habits.ts";
import type { SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, who } from "./checker.ts";
import { HearsayChecker } from "./hearsay.ts";

/** Period in which it may be asked again. */
const REVIVED_MAX_MS = 3_000;
/** Maximum delay of events. */
const LATE_MS = 1_000;
/** Maximum transit time after a fault ends. */
const LINGER_MS = 60_000;

const LISTING: ReadonlySet<Habit> = new Set<Habit>(["dead", "alive", "late"]);
const LIVES: ReadonlySet<string> = new Set(["member-joined", "member-returned"]);
const ENDS: ReadonlySet<string> = new Set(["member-dead", "member-forgotten"]);

export function checkRevivals(
  world: World,
  report: Report,
  faults: readonly SimulatedFault[],
  reads = true,
): Checker {
  const hearsay = reads ? new HearsayChecker(report) : undefined;
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
      ...(hearsay ? { delivered: heardBy(hearsay, endedMs) } : {}),
      ended: (member, nowMs) => endedMs.set(member, nowMs),
      began({ member }) {
        endedMs.delete(member);
        const { pkiId } = member.issued.identity;
        for (const key of gone.keys()) if (key.endsWith(pkiId)) gone.delete(key);
        hearsay?.began(pkiId);
      },
      event({ member: observer, number }, event, atMs) {
        if (!("member" in event)) return;
        const { pkiId } = event.member;
        const subject = subjectOf(pkiId);
        const diedMs = subject && endedMs.get(subject);
        if (subject === undefined || diedMs === undefined) return;
        const key = `${number} ${pkiId}`;
        hearsay?.check(key, observer, event, subject, atMs);
        if (ENDS.has(event.type)) {
          check(key, observer, pkiId, atMs);
          if (gone.has(key) || isGoneSince(event, atMs, diedMs)) gone.set(key, {});
        }
        if (LIVES.has(event.type) && atMs > diedMs + LATE_MS) revive(key, atMs);
      },
    },
    snapshot({ member: observer, number }, { members }, nowMs) {
      if (gone.size === 0) return;
      for (const { pkiId } of members) check(`${number} ${pkiId}`, observer, pkiId, nowMs);
    },
  };
}

/** While anybody is gone. */
function heardBy(
  hearsay: HearsayChecker,
  endedMs: ReadonlyMap<SimulatedMember, number>,
): NonNullable<Watcher["delivered"]> {
  return (_from, to, bytes, nowMs) => {
    if (endedMs.size > 0) hearsay.hear(to, bytes, nowMs);
  };
}

function isGoneSince(event: GossipEvent, atMs: number, diedMs: number): boolean {
  return event.type === "member-dead" && event.reason === "unreachable" && atMs >= diedMs;
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
      // It may later gossip messages that only it received. Those in a list prove nothing.
      return fault.habit === undefined || !LISTING.has(fault.habit);
    default:
      return false;
  }
}
