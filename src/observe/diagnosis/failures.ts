/**
 * What went wrong last, with whom, and what became of those who are gone. The core keeps what is;
 * this remembers what was, so that `why` can tell. Every table is bounded: the oldest entry gives way.
 */

import type { DeathReason } from "../../core/types/event.ts";
import { BoundedMap } from "../../lib/bounded-map.ts";
import { hostOf } from "../../lib/host-of.ts";
import type { ForgetReason, GossipEvent } from "../events.ts";

/** The last failure with one peer. */
export interface Failure {
  /** What failed; `handshake`: theirs with us. */
  readonly during: "contact" | "send" | "ping" | "handshake" | "message";
  /** A fault of the network or the handshake, or why a message was rejected. */
  readonly code: string;
  /** For people. */
  readonly reason: string;
  /** The last time. */
  readonly time: Date;
  /** How often in a row. */
  readonly times: number;
}

/** How a peer left our view. */
export interface Departure {
  readonly type: "dead" | "forgotten" | "purged";
  readonly reason: ForgetReason | DeathReason;
  readonly time: Date;
}

/** What is remembered of a peer that is not alive any more. */
export interface Trace {
  readonly pkiId: string;
  readonly mspId: string | null;
  /** Where it was: internal and external endpoint, those that are known. */
  readonly endpoints: readonly string[];
  /** Of its certificate; null if it was not known. */
  readonly subject: string | null;
  /** The last one of each type, in the order in which they came. */
  readonly departures: readonly Departure[];
}

/** Peers of whom something is remembered; a peer takes about 1 KB. */
const PEERS_MAX = 2_000;
/** Failures remembered of one peer, one of each code: the last one alone hides what led to it. */
const KINDS_MAX = 3;
/** Strangers are kept apart, so that they push out nothing but each other. */
const STRANGERS_MAX = 200;

export interface Failures {
  /** Takes from an event what `why` may want to know later. */
  note(event: GossipEvent): void;
  /** `times`: how often it has happened; default 1. */
  noteFailure(
    where: { pkiId?: string; endpoint?: string },
    what: Omit<Failure, "times">,
    times?: number,
  ): void;
  /** The latest failures with this peer, one of each code, by PKI-ID or by one of the endpoints. */
  recent(pkiId: string | undefined, endpoints: readonly string[]): readonly Failure[];
  /** The latest handshake of somebody at this host that we refused. */
  stranger(host: string): Failure | undefined;
  trace(pkiId: string): Trace | undefined;
  traces(): Iterable<Trace>;
}

export function createFailures(): Failures {
  const failures = new BoundedMap<string, readonly Failure[]>(PEERS_MAX);
  const strangers = new BoundedMap<string, readonly Failure[]>(STRANGERS_MAX);
  const traces = new BoundedMap<string, Trace>(PEERS_MAX);

  const put = (
    map: BoundedMap<string, readonly Failure[]>,
    key: string,
    what: Omit<Failure, "times">,
    more = 1,
  ): void => {
    const before = map.get(key) ?? [];
    const [last] = before;
    const times = last?.code === what.code ? last.times + more : more;
    const others = before.filter(({ code }) => code !== what.code);
    map.set(key, [{ ...what, times }, ...others].slice(0, KINDS_MAX));
  };
  const noteFailure: Failures["noteFailure"] = ({ pkiId, endpoint }, what, times) => {
    if (pkiId) put(failures, pkiId, what, times);
    if (endpoint) put(failures, endpoint, what, times);
  };

  return {
    note(event) {
      if (event.type === "handshake-failed") {
        const { code, reason, time } = event;
        put(strangers, hostOf(event.remote), { during: "handshake", code, reason, time });
        return;
      }
      const failed = failureOf(event);
      if (failed) noteFailure(failed.where, { ...failed.what, time: event.time });
      noteDeparture(traces, event);
    },
    noteFailure,
    recent(pkiId, endpoints) {
      const keys = [...(pkiId === undefined ? [] : [pkiId]), ...endpoints];
      const found = keys.flatMap((key) => failures.get(key) ?? []);
      const kinds = new Map<string, Failure>();
      for (const one of found.toSorted((a, b) => b.time.getTime() - a.time.getTime())) {
        if (!kinds.has(one.code)) kinds.set(one.code, one);
      }
      return [...kinds.values()].slice(0, KINDS_MAX);
    },
    stranger: (host) => strangers.get(host)?.[0],
    trace: (pkiId) => traces.get(pkiId),
    traces: () => traces.values(),
  };
}

interface Failed {
  readonly where: { pkiId?: string; endpoint?: string };
  readonly what: Omit<Failure, "times" | "time">;
}

function failureOf(event: GossipEvent): Failed | undefined {
  switch (event.type) {
    case "contact-failed": {
      const { endpoint, code, reason } = event;
      return { where: { endpoint }, what: { during: "contact", code, reason } };
    }
    case "send-failed": {
      const { pkiId, endpoint, code, reason } = event;
      // Whoever answered in its place is in good order there.
      const where = code === "wrong-peer" ? { pkiId } : { pkiId, endpoint };
      return { where, what: { during: "send", code, reason } };
    }
    default:
      return undefined;
  }
}

function noteDeparture(traces: BoundedMap<string, Trace>, event: GossipEvent) {
  const { time } = event;
  switch (event.type) {
    case "member-joined":
    case "member-returned":
      traces.delete(event.member.pkiId);
      return;
    case "member-dead":
    case "member-forgotten": {
      const { pkiId, mspId, endpoint, internalEndpoint } = event.member;
      const type = event.type === "member-dead" ? "dead" : "forgotten";
      const endpoints = [internalEndpoint, endpoint].filter((known) => known !== null);
      depart(traces, pkiId, { mspId, endpoints }, { type, reason: event.reason, time });
      return;
    }
    case "identity-purged": {
      const { pkiId, mspId, subject } = event.identity;
      depart(traces, pkiId, { mspId, subject }, { type: "purged", reason: event.reason, time });
    }
  }
}

function depart(
  traces: BoundedMap<string, Trace>,
  pkiId: string,
  known: Partial<Trace>,
  departure: Departure,
): void {
  const before = traces.get(pkiId) ?? EMPTY;
  const others = before.departures.filter(({ type }) => type !== departure.type);
  traces.set(pkiId, { ...before, ...known, pkiId, departures: [...others, departure] });
}

const EMPTY: Trace = { pkiId: "", mspId: null, endpoints: [], subject: null, departures: [] };
