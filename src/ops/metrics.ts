/** Prometheus text from one table. Names without `fabric_gossip` are Fabric's own (spec A 6.9). */
import type { GossipNode } from "../node.ts";

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** Label text (`{code="stale"}`, or empty) to value. */
  readonly read: (node: GossipNode) => ReadonlyMap<string, number>;
}

const METRICS: readonly Metric[] = [
  {
    name: "gossip_comm_messages_sent",
    type: "counter",
    help: "Envelopes written to gossip streams.",
    read: (node) => single(node.counts().traffic.messagesSent),
  },
  {
    name: "gossip_comm_messages_received",
    type: "counter",
    help: "Envelopes read from gossip streams.",
    read: (node) => single(node.counts().traffic.messagesReceived),
  },
  {
    name: "gossip_comm_bytes_sent_total",
    type: "counter",
    help: "Bytes of gossip messages written.",
    read: (node) => single(node.counts().traffic.bytesSent),
  },
  {
    name: "gossip_comm_bytes_received_total",
    type: "counter",
    help: "Bytes of gossip messages read.",
    read: (node) => single(node.counts().traffic.bytesReceived),
  },
  {
    name: "gossip_comm_overflow_count",
    type: "counter",
    help: "Messages dropped because too many waited for their peer.",
    read: (node) => single(node.counts().overflows),
  },
  {
    name: "gossip_members",
    type: "gauge",
    help: "Members we know, ourselves included, by organisation and status.",
    read: (node) =>
      tally(node.members().map(({ mspId, status }) => labels({ msp: mspId ?? "", status }))),
  },
  {
    name: "gossip_identities",
    type: "gauge",
    help: "Identities we know, by organisation.",
    read: (node) => tally(node.identities().map(({ mspId }) => labels({ msp: mspId }))),
  },
  {
    name: "gossip_identities_offered",
    type: "gauge",
    help: "Identities we can hand on when they are pulled: ours and those we pulled.",
    read: (node) => single(node.counts().identitiesOffered),
  },
  {
    name: "gossip_connections",
    type: "gauge",
    help: "Authenticated connections, by who dialled.",
    read: (node) =>
      tally(node.connections().map(({ outbound }) => labels({ dialled: String(outbound) }))),
  },
  {
    name: "gossip_messages_dropped_total",
    type: "counter",
    help: "Received messages, or parts of them, that were not used, by reason.",
    read: (node) => byCode(node.counts().dropped),
  },
  {
    name: "gossip_handshakes_failed_total",
    type: "counter",
    help: "Incoming handshakes that were refused, by reason.",
    read: (node) => byCode(node.counts().handshakesFailed),
  },
  {
    name: "gossip_connections_refused_total",
    type: "counter",
    help: "Incoming sockets that never became a gossip stream, by reason.",
    read: (node) => byCode(node.counts().traffic.refused),
  },
  {
    name: "gossip_signatures_total",
    type: "counter",
    help: "Signatures made with our enrolment key, those of handshakes left out.",
    read: (node) => single(node.counts().signatures),
  },
];

/** Everything the node has counted, in Prometheus' text format. */
export function metricsText(node: GossipNode): string {
  return METRICS.map(({ name, type, help, read }) => {
    const lines = [...read(node)].map(([label, value]) => `${name}${label} ${value}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
  }).join("");
}

function single(value: number): ReadonlyMap<string, number> {
  return new Map([["", value]]);
}

function byCode(counts: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(counts).map(([code, count]) => [labels({ code }), count]));
}

function tally(all: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const label of all) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function labels(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
