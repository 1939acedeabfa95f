/** Our own TLS certificates: which have expired, and which are about to. */

import type { Now } from "../../core/types/host.ts";
import type { EventContent, TlsUse } from "../events.ts";
import type { Problem } from "./causes.ts";

/** When each certificate expires, milliseconds since the epoch. */
export type TlsExpiries = ReadonlyMap<TlsUse, number>;

/** Gossip first: without it others refuse us. */
export function expiredTls(expiries: TlsExpiries, { wallMs }: Now): readonly Problem[] {
  const expired = [...expiries].filter(([, notAfterMs]) => notAfterMs <= wallMs);
  const ofGossip = expired.filter(([use]) => use !== "operations");
  return [
    ...[...usesByTime(ofGossip)].map(([notAfterMs, uses]) => ({
      code: "own-tls-certificate-expired" as const,
      detail: `${new Date(notAfterMs).toISOString()} (${uses.join(" and ")})`,
    })),
    ...expired
      .filter(([use]) => use === "operations")
      .map(([, notAfterMs]) => ({
        code: "operations-certificate-expired" as const,
        detail: new Date(notAfterMs).toISOString(),
      })),
  ];
}

/** Mostly one certificate serves both ends of gossip: that is one sentence. */
function usesByTime(expiries: Iterable<readonly [TlsUse, number]>): Map<number, TlsUse[]> {
  const uses = new Map<number, TlsUse[]>();
  for (const [use, notAfterMs] of expiries) {
    uses.set(notAfterMs, [...(uses.get(notAfterMs) ?? []), use]);
  }
  return uses;
}

/** What was told last of each use, so that nothing is told twice of one certificate. */
export type TlsNotices = Map<TlsUse, { readonly notAfterMs: number; readonly noticeMs: number }>;

/**
 * Tells of certificates that expire soon: once for each of the `noticesMs` (descending) that is
 * reached; of several reached at once only the shortest.
 */
export function noticeExpiringTls(
  expiries: TlsExpiries,
  told: TlsNotices,
  noticesMs: readonly number[],
  { wallMs }: Now,
): readonly EventContent[] {
  const events: EventContent[] = [];
  for (const [use, notAfterMs] of expiries) {
    const noticeMs = noticesMs.findLast((ms) => notAfterMs - wallMs <= ms);
    const before = told.get(use);
    const isTold =
      noticeMs !== undefined && before?.notAfterMs === notAfterMs && before.noticeMs <= noticeMs;
    if (noticeMs === undefined || isTold || notAfterMs <= wallMs) continue;
    told.set(use, { notAfterMs, noticeMs });
    const notAfter = new Date(notAfterMs);
    events.push({
      type: "tls-certificate-expiring",
      use,
      notAfter,
      noticeSeconds: noticeMs / 1_000,
    });
  }
  return events;
}
