/** Asks who, or whether anybody, is at an endpoint. */
export function probe(
  probing: Probing,
  effect: Extract<Effect, { type: "identify" | "ping" }>,
): void {
  if (effect.type === "identify") identify(probing, effect.endpoint);
  else ping(probing, effect.pkiId, effect.endpoint);
}

/** The two questions that the core has asked beside the gossip: who is there, and are you there. */
import type { Effect } from "../core/types/effect.ts";
import type { PkiId } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import { tellFault } from "../observe/diagnosis/causes.ts";
import type { Failures } from "../observe/diagnosis/failures.ts";
import type { Connections } from "../transport/connections.ts";
import type { Clock } from "../transport/network.ts";

export interface Probing {
  readonly connections: Connections;
  readonly failures: Failures;
  readonly clock: Clock;
  readonly give: (input: Input) => void;
  readonly twinSeen: (endpoint: string) => void;
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

export function ping(
  { connections, failures, clock, give }: Probing,
  pkiId: PkiId,
  endpoint: string,
): void {
  connections.ping(endpoint, (code, detail) => {
    if (code !== undefined) {
      const time = new Date(clock.now().wallMs);
      const reason = tellFault({ code, detail });
      failures.noteFailure({ pkiId, endpoint }, { during: "ping", code, reason, time });
    }
    give({ type: "pinged", pkiId, reachable: code === undefined });
  });
}
