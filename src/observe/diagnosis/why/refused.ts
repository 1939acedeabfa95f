/** Whom we refused, where that may explain why a peer is not visible. */
import type { Now } from "../../../core/types/host.ts";
import { hostOf } from "../../../lib/host-of.ts";
import { tellFault } from "../causes.ts";
import type { Failure } from "../failures.ts";
import type { RefusedIdentity } from "../refused-certificates.ts";
import type { Cause, Known } from "./explanation.ts";
import { moment, tell } from "./moment.ts";
import type { Subject } from "./subject.ts";

/** Organisations named when nobody knows who is meant. */
const NAMED_MAX = 3;

/** The refusals that have to do with the peer, or may: the most telling first. */
export function aboutRefusals(known: Known, subject: Subject): readonly Cause[] {
  if (subject.member?.status === "alive") return [];
  const { now } = known;
  const causes: Cause[] = [];
  const { refused, trace } = subject;
  // Who was dropped is refused for the same reason, which has been told.
  if (refused && !trace?.departures.some(({ type }) => type === "purged")) {
    const sentence = `Its certificate, which claims to be of ${refused.mspId}, was refused: ${tellRefusal(refused, now)}.`;
    causes.push({ code: "identity-refused", sentence });
  }
  for (const { host, failure } of strangersOf(known, subject)) {
    const sentence = `Somebody from ${host} dialled us, and the handshake failed: ${tell(failure, now)}.`;
    causes.push({ code: "stranger-refused", sentence });
  }
  for (const one of strangeOrganisations(known, subject)) {
    const sentence = `It may be of ${one.mspId}, of which somebody was refused: ${tellRefusal(one, now)}.`;
    causes.push({ code: "organisation-refused", sentence });
  }
  return causes;
}

/** The refusal whose remedy is the one to give; undefined if there is none. */
export function tellingRefusal(
  known: Known,
  subject: Subject,
): { readonly code: string; readonly reason: string } | undefined {
  const [stranger] = strangersOf(known, subject);
  const [organisation] = strangeOrganisations(known, subject);
  return subject.refused ?? stranger?.failure ?? organisation;
}

function tellRefusal({ code, reason, time }: RefusedIdentity, now: Now): string {
  return `${tellFault({ code, detail: reason })} (${code}), ${moment(time, now)}`;
}

function strangersOf(
  known: Known,
  subject: Subject,
): readonly { readonly host: string; readonly failure: Failure }[] {
  return [...new Set(subject.endpoints.map(hostOf))].flatMap((host) => {
    const failure = isShared(known, subject, host) ? undefined : known.failures.stranger(host);
    return failure ? [{ host, failure }] : [];
  });
}

/** Where several members are, or we ourselves, the host does not tell who it was. */
function isShared({ core, self }: Known, { pkiId }: Subject, host: string): boolean {
  const others = [...core.members.table.values()].filter((member) => member.pkiId !== pkiId);
  return [self, ...others].some(({ internalEndpoint, endpoint }) =>
    [internalEndpoint ?? "", endpoint].some((place) => hostOf(place) === host),
  );
}

/** Of a peer of which nothing is known: the organisations that we do not trust and that called lately. */
function strangeOrganisations(
  { core, refusals }: Known,
  { pkiId, contact, trace }: Subject,
): readonly RefusedIdentity[] {
  if (pkiId !== undefined || contact || trace) return [];
  const latest = new Map<string, RefusedIdentity>();
  for (const refused of refusals.all()) {
    const isTrustedNow = core.identities.table.has(refused.pkiId);
    if (refused.code !== "identity-unknown-msp" || isTrustedNow) continue;
    latest.delete(refused.mspId);
    latest.set(refused.mspId, refused);
  }
  return [...latest.values()].slice(-NAMED_MAX).reverse();
}
