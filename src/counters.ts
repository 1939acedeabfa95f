/** What a node counts as it goes, for metrics. Keys are codes, of which there are few. */
import type { Core } from "./core/core.ts";
import { createEventCounter, type EventCounter } from "./event-counts.ts";
import { type Counts, NO_TRAFFIC, type NodeParts } from "./node-parts.ts";

export { add } from "./event-counts.ts";

export interface Counters {
  readonly dropped: Map<string, number>;
  readonly handshakesFailed: Map<string, number>;
  readonly events: EventCounter;
  overflows: number;
  signatures: number;
}

export function createCounters(): Counters {
  return {
    // Watched by an alert, which would not see the first one if the count began with it.
    dropped: new Map([["signature-invalid", 0]]),
    handshakesFailed: new Map(),
    events: createEventCounter(),
    overflows: 0,
    signatures: 0,
  };
}

export function viewCounts(
  { dropped, handshakesFailed, events, overflows, signatures }: Counters,
  core: Core,
  { traffic, meters }: Pick<NodeParts, "traffic" | "meters">,
  reloadProblems: number,
): Counts {
  return {
    dropped: Object.fromEntries(dropped),
    handshakesFailed: Object.fromEntries(handshakesFailed),
    events: events.counts,
    overflows,
    signatures,
    reloadProblems,
    identitiesOffered: core.pull.offered.size,
    traffic: traffic?.() ?? NO_TRAFFIC,
    meters,
  };
}
