/**
 * `/metrics`: one table of metrics, read from one snapshot of the node. `docs/metrics.md` explains
 * it.
 */

import type { Diagnostics } from "../node/diagnostics.ts";
import type { Log } from "../observe/log.ts";
import type { EventLoop } from "./event-loop.ts";
import { writeExposition } from "./exposition.ts";
import type { Metric } from "./metric.ts";
import { CHANNEL_METRICS } from "./metrics-channels.ts";
import { IDENTITY_METRICS, MEMBER_METRICS } from "./metrics-members.ts";
import {
  CONNECTION_METRICS,
  FABRIC_METRICS,
  MESSAGE_METRICS,
  WORK_METRICS,
} from "./metrics-network.ts";
import { TOPIC_METRICS } from "./metrics-topics.ts";

/** Headings of the manual, each with its metrics. */
const METRIC_SECTIONS: ReadonlyMap<string, readonly Metric[]> = new Map([
  ["Members", MEMBER_METRICS],
  ["Identities and certificates", IDENTITY_METRICS],
  ["Messages", MESSAGE_METRICS],
  ["Messages among members", TOPIC_METRICS],
  ["Connections", CONNECTION_METRICS],
  ["Work", WORK_METRICS],
  ["Channels", CHANNEL_METRICS],
  ["Fabric's own", FABRIC_METRICS],
]);

export const METRICS: readonly Metric[] = [...METRIC_SECTIONS.values()].flat();

interface MetricsSource {
  readonly node: Pick<Diagnostics, "counts" | "summary">;
  readonly log: Pick<Log, "entries">;
  readonly eventLoop: EventLoop;
}

/** All metrics of the node in Prometheus' text format. */
export function metricsText({ node, log, eventLoop }: MetricsSource): string {
  const reading = {
    counts: node.counts(),
    summary: node.summary(),
    logEntries: log.entries(),
    eventLoop,
    nowMs: Date.now(),
  };
  return writeExposition(
    METRICS.map(({ read, ...metric }) => ({ ...metric, samples: read(reading) })),
  );
}

/** The tables of `docs/metrics.md`: one heading and one table per section. */
export function writeMetricsManual(): string {
  const sections = [...METRIC_SECTIONS].map(([heading, metrics]) =>
    [`## ${heading}`, "", ...MANUAL_HEAD, ...metrics.map(writeRow)].join("\n"),
  );
  return sections.join("\n\n");
}

const MANUAL_HEAD = ["| Metric | Type | Meaning |", "|---|---|---|"];

function writeRow({ name, type, labels, help }: Metric): string {
  const series = labels.length === 0 ? name : `${name}{${labels.join(",")}}`;
  return `| \`${series}\` | ${type} | ${help} |`;
}
