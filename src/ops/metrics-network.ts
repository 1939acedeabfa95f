/** Metrics of what comes and goes: messages, connections, work. */

import { VERSION } from "../lib/version.ts";
import { messagesOf, type Volumes } from "../observe/meters.ts";
import type { Sample } from "./exposition.ts";
import { by, fabrics, type Metric, ours, type Reading, single } from "./metric.ts";

/** Of Fabric's peer: spec A 6.9, and its metrics reference. */
export const FABRIC_METRICS: readonly Metric[] = fabrics(
  {
    name: "gossip_comm_messages_sent",
    type: "counter",
    help: "Messages written to gossip streams; handshakes do not count.",
    read: ({ counts }) => single(counts.meters ? messagesOf(counts.meters.traffic.sent) : 0),
  },
  {
    name: "gossip_comm_messages_received",
    type: "counter",
    help: "Messages read from gossip streams, readable or not; handshakes do not count.",
    read: ({ counts }) => single(counts.meters ? messagesOf(counts.meters.traffic.received) : 0),
  },
  {
    name: "gossip_comm_overflow_count",
    type: "counter",
    help: "Messages dropped because too many waited for their peer.",
    read: ({ counts }) => single(counts.overflows),
  },
  {
    name: "grpc_comm_conn_opened",
    type: "counter",
    help: "Incoming sockets. Open minus closed is how many there are.",
    read: ({ counts }) => single(counts.traffic.accepted),
  },
  {
    name: "grpc_comm_conn_closed",
    type: "counter",
    help: "Incoming sockets that are closed again.",
    read: ({ counts }) => single(counts.traffic.acceptedClosed),
  },
  {
    name: "logging_entries_checked",
    type: "counter",
    labels: ["level"],
    help: "Log lines by level, written or not.",
    read: ({ logEntries }) => logLines(logEntries, ({ checked }) => checked),
  },
  {
    name: "logging_entries_written",
    type: "counter",
    labels: ["level"],
    help: "Log lines that were written, by level.",
    read: ({ logEntries }) => logLines(logEntries, ({ written }) => written),
  },
);

export const MESSAGE_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_messages_sent_total",
    type: "counter",
    labels: ["type"],
    help: "Messages written by what they are; conn-establish is the handshake.",
    read: (reading) => volumes(reading, "sent", "messages"),
  },
  {
    name: "gossip_messages_received_total",
    type: "counter",
    labels: ["type"],
    help: "Messages read by what they are; unknown: of no type that we know.",
    read: (reading) => volumes(reading, "received", "messages"),
  },
  {
    name: "gossip_message_bytes_sent_total",
    type: "counter",
    unit: "bytes",
    labels: ["type"],
    help: "Bytes of the messages written; gRPC and TLS come on top.",
    read: (reading) => volumes(reading, "sent", "bytes"),
  },
  {
    name: "gossip_message_bytes_received_total",
    type: "counter",
    unit: "bytes",
    labels: ["type"],
    help: "Bytes of the messages read.",
    read: (reading) => volumes(reading, "received", "bytes"),
  },
  {
    name: "gossip_messages_dropped_total",
    type: "counter",
    labels: ["code"],
    help: "Received messages, or parts of them, that were not used. Budget refusals have a code that ends in -budget.",
    read: ({ counts }) => by("code", counts.dropped),
  },
  {
    name: "gossip_sends_failed_total",
    type: "counter",
    labels: ["code"],
    help: "Times that what waited for a peer was lost: no connection could be had, or it broke.",
    read: ({ counts }) => by("code", counts.events.sendsFailed),
  },
  {
    name: "gossip_send_queue_messages",
    type: "gauge",
    help: "Messages that wait to be written to connected peers.",
    read: ({ summary }) => single(summary.connections.queued),
  },
  {
    name: "gossip_send_queue_messages_max",
    type: "gauge",
    help: "Messages that wait for the one peer for which most wait.",
    read: ({ summary }) => single(summary.connections.queuedMax),
  },
);

export const CONNECTION_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_connections",
    type: "gauge",
    labels: ["outbound"],
    help: "Authenticated connections. outbound: true if we dialled.",
    read: ({ summary: { connections } }) =>
      by("outbound", { true: connections.outbound, false: connections.inbound }),
  },
  {
    name: "gossip_connections_opened_total",
    type: "counter",
    help: "Peers that got connected.",
    read: (reading) => event(reading, "connection-opened"),
  },
  {
    name: "gossip_connections_closed_total",
    type: "counter",
    help: "Peers whose last connection ended.",
    read: (reading) => event(reading, "connection-closed"),
  },
  {
    name: "gossip_connections_refused_total",
    type: "counter",
    labels: ["code"],
    help: "Incoming sockets that never became a gossip stream.",
    read: ({ counts }) => by("code", counts.traffic.refused),
  },
  {
    name: "gossip_handshakes_failed_total",
    type: "counter",
    labels: ["code"],
    help: "Incoming handshakes that were refused.",
    read: ({ counts }) => by("code", counts.handshakesFailed),
  },
  {
    name: "gossip_contacts_failed_total",
    type: "counter",
    help: "Attempts to join a bootstrap or anchor peer that failed.",
    read: (reading) => event(reading, "contact-failed"),
  },
);

export const WORK_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_signatures_total",
    type: "counter",
    help: "Signatures made with our enrolment key, those of handshakes left out.",
    read: ({ counts }) => single(counts.signatures),
  },
  {
    name: "gossip_signings_failed_total",
    type: "counter",
    help: "Signatures that could not be made; each is tried again at the next heartbeat.",
    read: (reading) => event(reading, "signing-failed"),
  },
  {
    name: "gossip_signature_check_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Signature checks, and how long each took.",
    read: ({ counts }) => (counts.meters ? single(counts.meters.checks) : []),
  },
  {
    name: "gossip_claims_waiting",
    type: "gauge",
    labels: ["for"],
    help: "Received alive messages and identities that are not believed yet. for: their turn, or the identity of their author.",
    read: ({ summary }) =>
      by("for", { turn: summary.backlog, identity: summary.identitiesAwaited }),
  },
  {
    name: "gossip_event_loop_lag_seconds",
    type: "histogram",
    unit: "seconds",
    help: "By how much a timer came too late, measured ten times a second; up to 2 ms is normal.",
    read: ({ eventLoop }) => single(eventLoop.lag),
  },
  {
    name: "gossip_event_loop_active_seconds_total",
    type: "counter",
    unit: "seconds",
    help: "Time in which the event loop was at work; its rate is the share of one core.",
    read: ({ eventLoop }) => single(eventLoop.activeSeconds()),
  },
  {
    name: "gossip_build_info",
    type: "gauge",
    labels: ["version"],
    help: "Always 1; the version of fabric-gossip is the label.",
    read: () => [{ labels: { version: VERSION }, value: 1 }],
  },
);

function volumes(
  { counts }: Reading,
  direction: "sent" | "received",
  what: "messages" | "bytes",
): readonly Sample[] {
  const found: Volumes = counts.meters?.traffic[direction] ?? new Map();
  return [...found].map(([type, volume]) => ({ labels: { type }, value: volume[what] }));
}

function event({ counts }: Reading, type: string): readonly Sample[] {
  return single(counts.events.others.get(type) ?? 0);
}

function logLines(
  entries: Reading["logEntries"],
  read: (lines: { readonly checked: number; readonly written: number }) => number,
): readonly Sample[] {
  return [...entries].map(([level, lines]) => ({ labels: { level }, value: read(lines) }));
}
