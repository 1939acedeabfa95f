/** Metrics of messages, connections and work. */

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
    help: "Messages dropped because their peer's queue was full.",
    read: ({ counts }) => single(counts.overflows),
  },
  {
    name: "grpc_comm_conn_opened",
    type: "counter",
    help: "Incoming sockets opened; minus closed gives the current number.",
    read: ({ counts }) => single(counts.traffic.accepted),
  },
  {
    name: "grpc_comm_conn_closed",
    type: "counter",
    help: "Incoming sockets closed.",
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
    help: "Messages sent by type; conn-establish is the handshake.",
    read: (reading) => volumes(reading, "sent", "messages"),
  },
  {
    name: "gossip_messages_received_total",
    type: "counter",
    labels: ["type"],
    help: "Messages received by type; unknown: of no known type.",
    read: (reading) => volumes(reading, "received", "messages"),
  },
  {
    name: "gossip_message_bytes_sent_total",
    type: "counter",
    labels: ["type"],
    help: "Bytes of messages sent, without gRPC and TLS.",
    read: (reading) => volumes(reading, "sent", "bytes"),
  },
  {
    name: "gossip_message_bytes_received_total",
    type: "counter",
    labels: ["type"],
    help: "Bytes of messages received, without gRPC and TLS.",
    read: (reading) => volumes(reading, "received", "bytes"),
  },
  {
    name: "gossip_messages_dropped_total",
    type: "counter",
    labels: ["code"],
    help: "Received messages, or parts of them, that were dropped. Codes of exceeded budgets end in -budget.",
    read: ({ counts }) => by("code", counts.dropped),
  },
  {
    name: "gossip_sends_failed_total",
    type: "counter",
    labels: ["code"],
    help: "Losses of a peer's send queue: no connection, or a broken one.",
    read: ({ counts }) => by("code", counts.events.sendsFailed),
  },
  {
    name: "gossip_send_queue_messages",
    type: "gauge",
    help: "Messages queued for connected peers.",
    read: ({ summary }) => single(summary.connections.queued),
  },
  {
    name: "gossip_send_queue_messages_max",
    type: "gauge",
    help: "Messages in the longest send queue of one peer.",
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
    help: "Peers that connected.",
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
    labels: ["code"],
    help: "Attempts to join a bootstrap or anchor peer that failed.",
    read: ({ counts }) => by("code", counts.events.contactsFailed),
  },
);

export const WORK_METRICS: readonly Metric[] = ours(
  {
    name: "gossip_signatures_total",
    type: "counter",
    help: "Signatures with our enrolment key, without handshakes.",
    read: ({ counts }) => single(counts.signatures),
  },
  {
    name: "gossip_signings_failed_total",
    type: "counter",
    help: "Failed signatures; the next heartbeat retries.",
    read: (reading) => event(reading, "signing-failed"),
  },
  {
    name: "gossip_signature_check_seconds",
    type: "histogram",
    help: "Duration of signature checks.",
    read: ({ counts }) => (counts.meters ? single(counts.meters.checks) : []),
  },
  {
    name: "gossip_claims_waiting",
    type: "gauge",
    labels: ["for"],
    help: "Received alive messages and identities not verified yet. for: their turn, or the identity of their author.",
    read: ({ summary }) =>
      by("for", { turn: summary.backlog, identity: summary.identitiesAwaited }),
  },
  {
    name: "gossip_event_loop_lag_seconds",
    type: "histogram",
    help: "Delay of a timer, ten times a second; up to 2 ms is normal.",
    read: ({ eventLoop }) => single(eventLoop.lag),
  },
  {
    name: "gossip_event_loop_active_seconds_total",
    type: "counter",
    help: "Active time of the event loop; its rate is the share of one core.",
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
