/** What can be done so that a peer becomes visible. */

import type { Core } from "../../../core/core.ts";
import { refusedAs, remedyFor, toldOfMessage } from "../causes.ts";
import type { Failure } from "../failures.ts";
import type { Known } from "./explanation.ts";
import { tellingRefusal } from "./refused.ts";
import type { Subject } from "./subject.ts";

/** The remedy for the most telling of the things that went wrong. */
export function remedyOf(
  known: Known,
  subject: Subject,
  failures: readonly Failure[],
): string | undefined {
  const { trace, identity, member } = subject;
  const purged = trace?.departures.find(({ type }) => type === "purged");
  // Nobody needs a member that is not there: why it is not is what helps.
  if (purged && purged.reason !== "unused") return remedyFor(purged.reason);
  for (const failure of failures) {
    const remedy = remedyForFailure(failure, subject);
    if (remedy !== undefined) return remedy;
  }
  const refusal = tellingRefusal(known, subject);
  if (refusal) return remedyFor(refusedAs(refusal.code));
  if (isHidden(known.core, identity?.identity.mspId ?? trace?.mspId ?? undefined)) {
    return remedyFor("we-are-hidden");
  }
  if (identity && !member) {
    return "Check that it runs, and if it is of another organisation that it has peer.gossip.externalEndpoint.";
  }
  if (purged) return remedyFor(purged.reason);
  return member || trace ? remedyFor("silent") : toFindOut(subject);
}

function remedyForFailure({ during, code }: Failure, { member }: Subject): string | undefined {
  if (during === "message") return toldOfMessage(code).remedy;
  // TLS has worked with a member before: if it breaks off in the middle, its process is ending.
  return remedyFor(member && code === "tls-closed" ? "unreachable" : code);
}

function toFindOut({ endpoints: [endpoint] }: Subject): string {
  return endpoint === undefined
    ? 'Look for it in "fabric-gossip members" and "identities", or give its endpoint as host:port.'
    : `Ask who is there with "fabric-gossip probe ${endpoint}"; have it name us, or one whom we ` +
        "see, in its peer.gossip.bootstrap, or name it in ours.";
}

/** Whether we are nobody to the organisation, for want of an external endpoint. */
export function isHidden({ options, self }: Core, mspId: string | undefined): boolean {
  return mspId !== undefined && mspId !== options.self.mspId && self.externalEndpoint === "";
}
