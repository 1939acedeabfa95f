/** Asks who, or whether anybody, is at an endpoint. */
export function probe(
  probing: Probing,
  effect: Extract<Effect, { type: "identify" | "ping" }>,
): void {
  if (effect.type === "identify") identify(probing, effect.endpoint);
  else ping(probing, effect.pkiId, effect.endpoint);
}

/** The two questions that the core has asked beside the gossip: who is there, and are you there. */
import type { Core } from "../core/core.ts";
import type { Effect } from "../core/types/effect.ts";
import type { PkiId } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import { tellFault } from "../observe/diagnosis/causes.ts";
import type { Failures } from "../observe/diagnosis/failures.ts";
import type { Connections } from "../transport/connections.ts";
import type { Clock, NetworkFault } from "../transport/network.ts";

export interface Probing {
  readonly core: Pick<Core, "members">;
  readonly connections: Connections;
  readonly failures: Failures;
  readonly clock: Clock;
  readonly give: (input: Input) => void;
  readonly twinSeen: (endpoint: string) => void;
}

/** What a ping needs. */
interface Pinging extends Pick<Probing, "core" | "give"> {
  readonly clock: Pick<Clock, "now">;
  readonly connections: Pick<Connections, "ping">;
  readonly failures: Pick<Failures, "noteFailure">;
}

export function identify({ connections, give, twinSeen }: Probing, endpoint: string): void {
  connections.identify(endpoint, (verdict, detail) => {
    if (!verdict.ok) {
      const fault = { code: verdict.code, detail };
      give({ type: "identified", endpoint, identity: undefined, fault });
      return;
    }
    const { identity, isTwin } = verdict.value;
    const twin = { code: "same-identity", detail: endpoint };
    if (isTwin) twinSeen(endpoint);
    const fault = isTwin ? { fault: twin } : {};
    give({ type: "identified", endpoint, identity, ...fault });
  });
}

/** Whether nobody has heard of it since it was to be pinged. */
function isInDoubt({ members }: Probing["core"], pkiId: PkiId): boolean {
  const member = members.table.get(pkiId);
  return member !== undefined && (member.status === "dead" || member.isSuspect || member.isCutOff);
}

export function ping(
  { core, connections, failures, clock, give }: Pinging,
  pkiId: PkiId,
  endpoint: string,
): void {
  const done = (code: NetworkFault | undefined, detail: string): void => {
    if (code !== undefined) {
      const time = new Date(clock.now().wallMs);
      const reason = tellFault({ code, detail });
      failures.noteFailure({ pkiId, endpoint }, { during: "ping", code, reason, time });
    }
    give({ type: "pinged", pkiId, reachable: code === undefined });
  };
  connections.ping(endpoint, done, () => isInDoubt(core, pkiId));
}
