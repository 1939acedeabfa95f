/** One certificate is one member, regardless of how many PKI-IDs present it. */
import type { SimulatedAuthority } from "../authority.ts";
import type { Checker, Report } from "./checker.ts";

/** Maximum coexisting identities of one certificate before one of them sends an alive message. */
const IDENTITIES_MAX = 3;

export function checkOneCertificate(authority: SimulatedAuthority, report: Report): Checker {
  /** By certificate; all 0 between calls. */
  const counts: number[] = [];
  /** The certificates that occur more than `max` times, and how often. */
  const above = (
    views: readonly { readonly pkiId: string }[],
    max: number,
  ): Map<number, number> => {
    const found = new Map<number, number>();
    for (const { pkiId } of views) {
      const certificate = authority.find(pkiId)?.index;
      if (certificate === undefined) continue;
      const times = (counts[certificate] ?? 0) + 1;
      counts[certificate] = times;
      if (times > max) found.set(certificate, times);
    }
    counts.fill(0);
    return found;
  };
  return {
    snapshot({ member }, { members, identities }, nowMs) {
      for (const [certificate, times] of above(members, 1)) {
        report(nowMs, `${member.name} knows ${times} members by certificate ${certificate}`);
      }
      for (const [certificate, times] of above(identities, IDENTITIES_MAX)) {
        report(nowMs, `${member.name} knows ${times} identities by certificate ${certificate}`);
      }
    },
  };
}
