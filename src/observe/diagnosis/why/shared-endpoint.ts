/** Who else alive advertises an endpoint of a peer: whoever dials it reaches one of the two. */
import type { Core } from "../../../core/core.ts";
import type { PkiId } from "../../../core/types/host.ts";
import type { Cause, Known } from "./explanation.ts";
import { endpointsOf, ownOf, type Subject } from "./subject.ts";

/** At most so many are named. */
const NAMED_MAX = 3;

export function aboutSharedEndpoint({ core, self }: Known, subject: Subject): readonly Cause[] {
  const { pkiId, member } = subject;
  const isSelf = pkiId === self.pkiId;
  if (pkiId === undefined || (!isSelf && member?.status !== "alive")) return [];
  const advertised = new Set(member ? endpointsOf(member) : ownOf(core));
  const others = [...core.members.table.values()].filter(
    (other) => other.status === "alive" && other.pkiId !== pkiId,
  );
  const places = others.map((other) => [nameOf(core, other.pkiId), endpointsOf(other)] as const);
  if (!isSelf) places.push(["this node itself", ownOf(core)]);
  return places
    .flatMap(([name, endpoints]) => {
      const shared = endpoints.find((endpoint) => advertised.has(endpoint));
      return shared === undefined ? [] : [[name, shared] as const];
    })
    .slice(0, NAMED_MAX)
    .map(([name, shared]) => ({
      code: "shared-endpoint",
      sentence: `${shared} is advertised by ${name} too: whoever dials it reaches one of the two.`,
    }));
}

function nameOf({ identities }: Core, pkiId: PkiId): string {
  const subject = identities.table.get(pkiId)?.identity.subject.split(",")[0];
  return `${subject ?? "a member"} (${pkiId.slice(0, 16)})`;
}
