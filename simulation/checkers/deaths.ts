/**
 * No unexplained deaths: a fault explains every member that a node declares dead, and the member is
 * found again when the fault is over, whatever a hostile member does.
 */
import type { Issued } from "../authority.ts";
import { EPOCH_MS } from "../epoch.ts";
import type { SimulatedFault } from "../fault.ts";
import { maySee, type SimulatedMember } from "../member.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, who } from "./checker.ts";

/** How long after its end a fault still explains deaths: silence, scan interval and delay. */
const LINGER_MS = 40_000;
/** How long after the last fault every living member must be found. */
const RETURN_MS = 65_000;
/** Lists contain dead members until the sender forgets them. */
const LISTED_MS = 600_000;
/** Loss above this can silence a member. */
const HEAVY_LOSS = 0.2;
/** A dial takes two round trips and at most 3 s. */
const LONG_TRIP_MS = 700;

export function checkDeaths(
  world: World,
  report: Report,
  faults: readonly SimulatedFault[],
  tripMs: number,
): Checker {
  /** Maximum lead of any clock. */
  const skewMaxMs = Math.max(0, ...faults.map((fault) => ("skewMs" in fault ? fault.skewMs : 0)));

  /**
   * Whether the subject, if alive, must be visible to the observer and has had time to be found.
   */
  function missed(
    observer: SimulatedMember,
    pkiId: string,
    nowMs: number,
  ): SimulatedMember | undefined {
    const issued = world.authority.find(pkiId);
    const subject = issued && world.members[issued.owner];
    if (issued === undefined || subject?.isHostile !== false) return undefined;
    const isThere = livesSince(subject, nowMs - RETURN_MS);
    return isThere && isBelieved(world, observer, issued, subject, skewMaxMs) ? subject : undefined;
  }

  return {
    snapshot({ member: observer, bornMs }, { members }, nowMs) {
      if (nowMs - bornMs <= RETURN_MS) return;
      for (const { pkiId, status } of members) {
        const subject = status === "dead" ? missed(observer, pkiId, nowMs) : undefined;
        if (subject === undefined || outlasts(faults, observer, subject, nowMs, tripMs)) continue;
        const whom = who(subject, pkiId);
        report(nowMs, `${observer.name} goes on calling ${whom} dead, and nothing is wrong`);
      }
    },
    watcher: {
      event({ member: observer }, event, atMs) {
        if (event.type !== "member-dead") return;
        const issued = world.authority.find(event.member.pkiId);
        const subject = issued && world.members[issued.owner];
        if (issued === undefined || subject === undefined || subject.isHostile) return;
        if (!isBelieved(world, observer, issued, subject, skewMaxMs)) return;
        const lingerMs = event.reason === "listed-dead" ? LISTED_MS : LINGER_MS;
        const isExplained = faults.some(
          (fault) =>
            fault.fromMs <= atMs &&
            atMs <= fault.untilMs + lingerMs &&
            explains(fault, observer, subject, event.reason, tripMs),
        );
        if (isExplained) return;
        const whom = who(subject, event.member.pkiId);
        report(
          atMs,
          `${observer.name} calls ${whom} dead (${event.reason}), and nothing was wrong`,
        );
      },
    },
  };
}

/** Whether a fault may keep the subject dead until now. */
function outlasts(
  faults: readonly SimulatedFault[],
  observer: SimulatedMember,
  subject: SimulatedMember,
  nowMs: number,
  tripMs: number,
): boolean {
  return faults.some(
    (fault) =>
      fault.type !== "hostile" &&
      fault.fromMs <= nowMs &&
      nowMs <= fault.untilMs + RETURN_MS &&
      // For whatever reason.
      ["silent", "listed-dead"].some((reason) =>
        explains(fault, observer, subject, reason, tripMs),
      ),
  );
}

function livesSince({ life }: SimulatedMember, atMs: number): boolean {
  return life !== undefined && !life.process.isStalled && life.bornMs < atMs;
}

/** Whether both hold valid certificates and may see each other; if not, a death is correct. */
function isBelieved(
  world: World,
  observer: SimulatedMember,
  issued: Issued,
  subject: SimulatedMember,
  skewMaxMs: number,
): boolean {
  const isSound = ({ identity }: Issued): boolean =>
    identity.notAfterMs > EPOCH_MS + world.nowMs + skewMaxMs && !world.isRevoked(identity.pkiId);
  return (
    maySee(observer, subject) &&
    subject.issued === issued &&
    isSound(issued) &&
    isSound(observer.issued)
  );
}

function explains(
  fault: SimulatedFault,
  observer: SimulatedMember,
  subject: SimulatedMember,
  reason: string,
  tripMs: number,
): boolean {
  switch (fault.type) {
    case "crash":
    case "leave":
    case "stall":
      return fault.member === subject.index || fault.member === observer.index;
    case "cut": {
      const isBetween = (a: SimulatedMember, b: SimulatedMember): boolean =>
        fault.from.includes(a.index) && fault.to.includes(b.index);
      // A member that lost contact with the subject may have reported its death to others.
      const isAmong = fault.from.includes(subject.index) || fault.to.includes(subject.index);
      if (reason === "listed-dead") return isAmong;
      return isBetween(observer, subject) || isBetween(subject, observer);
    }
    case "loss":
      return fault.probability >= HEAVY_LOSS;
    case "slow":
      return fault.factor * tripMs > LONG_TRIP_MS;
    case "hostile":
      // It can introduce an unknown member as dead, but it cannot turn a live member dead.
      return reason === "listed-dead";
    default:
      return false; // Neither broken links nor skewed clocks may cause a death.
  }
}
