/** What a node counts as it goes, for metrics. Keys are codes, of which there are few. */
import type { Core } from "../core/core.ts";
import { createEventCounter, type EventCounter, type EventCounts } from "./event-counts.ts";
import type { Meters } from "./meters.ts";

export { add } from "./event-counts.ts";

/** Network traffic since the start. */
export interface Traffic {
  /** Gossip messages, handshakes among them. */
  readonly messagesSent: number;
  /** The same, received. */
  readonly messagesReceived: number;
  /** Bytes of the messages, encoded; without TLS and HTTP/2. */
  readonly bytesSent: number;
  /** The same, received. */
  readonly bytesReceived: number;
  /** Incoming sockets. */
  readonly accepted: number;
  /** Incoming sockets that are gone again. */
  readonly acceptedClosed: number;
  /** Incoming sockets that never became a gossip stream, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

export const NO_TRAFFIC: Traffic = {
  messagesSent: 0,
  messagesReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  accepted: 0,
  acceptedClosed: 0,
  refused: {},
};

/** Messages among members of our kind, since the start. */
export interface TopicCounts {
  /** Events that our program has said. */
  eventsSaid: number;
  /** Events that were for us, our own among them. */
  eventsHeard: number;
  /** Events that a subscriber of ours lost because it was too slow. */
  eventsLost: number;
  /** Queries that our program has asked. */
  queriesSaid: number;
  /** Queries that were for us. */
  queriesHeard: number;
  /** Queries that our program failed to answer. */
  answersFailed: number;
}

/** What the node has counted since it started, for metrics. Keys are codes. */
export interface Counts {
  /** Messages received and not used, by code. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Handshakes that failed, by code. */
  readonly handshakesFailed: Readonly<Record<string, number>>;
  /** Messages among members of our kind. */
  readonly topics: Readonly<TopicCounts>;
  /** What was published, by kind. */
  readonly events: EventCounts;
  /** Messages dropped because too many waited for their peer. */
  readonly overflows: number;
  /** What could not be used when files were last read again; 0 = all is as the files say. */
  readonly reloadProblems: number;
  /** Signatures made with the enrolment key, those of handshakes left out. */
  readonly signatures: number;
  /** Identities that we can hand on when they are pulled. */
  readonly identitiesOffered: number;
  /** What went over the network. */
  readonly traffic: Traffic;
  /** What is measured beside the node: signature checks, traffic by message type, certificates. */
  readonly meters: Meters | undefined;
}

export interface Counters {
  readonly dropped: Map<string, number>;
  readonly handshakesFailed: Map<string, number>;
  readonly events: EventCounter;
  readonly topics: TopicCounts;
  overflows: number;
  signatures: number;
}

/** Who else counts. */
interface Sources {
  readonly traffic?: () => Traffic;
  readonly meters?: Meters;
}

export function createCounters(): Counters {
  return {
    // Watched by an alert, which would not see the first one if the count began with it.
    dropped: new Map([["signature-invalid", 0]]),
    handshakesFailed: new Map(),
    events: createEventCounter(),
    topics: {
      eventsSaid: 0,
      eventsHeard: 0,
      eventsLost: 0,
      queriesSaid: 0,
      queriesHeard: 0,
      answersFailed: 0,
    },
    overflows: 0,
    signatures: 0,
  };
}

export function viewCounts(
  { dropped, handshakesFailed, events, topics, overflows, signatures }: Counters,
  core: Core,
  { traffic, meters }: Sources,
  reloadProblems: number,
): Counts {
  return {
    dropped: Object.fromEntries(dropped),
    handshakesFailed: Object.fromEntries(handshakesFailed),
    events: copyOf(events.counts),
    topics: copyOf(topics),
    overflows,
    signatures,
    reloadProblems,
    identitiesOffered: core.pull.offered.size,
    traffic: copyOf(traffic?.() ?? NO_TRAFFIC),
    meters: copyOf(meters),
  };
}

/** What is compared later must not go on counting. Faster than `structuredClone`, which takes any value. */
function copyOf<T>(value: T): T;
function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    for (const [key, held] of value) copy.set(key, copyOf(held));
    return copy;
  }
  const copy: Record<string, unknown> = { ...value };
  for (const [key, held] of Object.entries(copy)) {
    if (typeof held === "object") copy[key] = copyOf(held);
  }
  return copy;
}
