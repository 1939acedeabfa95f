/** What can be done so that a peer becomes visible. */
import type { Core } from "../core/core.ts";
import type { Failure } from "../failures.ts";
import { remedyFor } from "../remedies.ts";
import type { Subject } from "./subject.ts";

/** The remedy for the most telling of the things that went wrong. */
export function remedyOf(
  core: Core,
  { trace, endpoints, identity, member, contact }: Subject,
  failure: Failure | undefined,
): string | undefined {
  const purged = trace?.departures.find(({ type }) => type === "purged");
  if (purged) return remedyFor(purged.reason);
  const isOfContact = failure?.during !== "message";
  const known = failure && isOfContact ? remedyFor(failure.code, failure.reason) : undefined;
  if (known !== undefined) return known;
  if (contact && failure) return undefined; // The reason says it: another organisation, for example.
  if (isHidden(core, identity?.identity.mspId ?? trace?.mspId ?? undefined)) {
    return "Set peer.gossip.externalEndpoint: other organisations show themselves only to those who have one.";
  }
  if (identity && !member) {
    return "Check that it runs, and if it is of another organisation that it has peer.gossip.externalEndpoint.";
  }
  if (member || trace) return remedyFor("silent");
  const [endpoint = "its endpoint"] = endpoints;
  return (
    `Ask who is there with "fabric-gossip probe ${endpoint}"; have it name us, or one whom we ` +
    "see, in its peer.gossip.bootstrap, or name it in ours."
  );
}

/** Whether we are nobody to the organisation, for want of an external endpoint. */
export function isHidden({ options, self }: Core, mspId: string | undefined): boolean {
  return mspId !== undefined && mspId !== options.self.mspId && self.externalEndpoint === "";
}
