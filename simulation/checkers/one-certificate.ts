/** One certificate is one member, regardless of how many PKI-IDs present it. */
import type { SimulatedAuthority } from "../authority.ts";
import type { Checker, Report } from "./checker.ts";

/** Maximum coexisting identities of one certificate before one of them sends an alive message. */
const IDENTITIES_MAX = 3;

export function checkOneCertificate(authority: SimulatedAuthority, report: Report): Checker {
  const countAll = (views: readonly { readonly pkiId: string }[]): Map<number, number> => {
    const counts = new Map<number, number>();
    for (const { pkiId } of views) {
      const certificate = authority.find(pkiId)?.index;
      if (certificate !== undefined) counts.set(certificate, (counts.get(certificate) ?? 0) + 1);
    }
    return counts;
  };
  return {
    snapshot({ member }, { members, identities }, nowMs) {
      for (const [certificate, times] of countAll(members)) {
        if (times > 1)
          report(nowMs, `${member.name} knows ${times} members by certificate ${certificate}`);
      }
      for (const [certificate, times] of countAll(identities)) {
        if (times > IDENTITIES_MAX)
          report(nowMs, `${member.name} knows ${times} identities by certificate ${certificate}`);
      }
    },
  };
}
