/** Writes metrics in Prometheus' text format, version 0.0.4. */
import type { Histogram } from "../observe/meters.ts";

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;

/** One value with its labels, or a distribution for a histogram. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number | Histogram;
}

/** All samples of one name; empty: the metric has a description but no value now. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export function writeExposition(families: readonly Family[]): string {
  return families.map(writeFamily).join("");
}

function writeFamily({ name, type, help, samples }: Family): string {
  const lines = samples.flatMap(({ labels, value }) =>
    typeof value === "number"
      ? writeSample(name, labels, value)
      : writeHistogram(name, labels, value),
  );
  const head = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  return [...head, ...lines, ""].join("\n");
}

/** Buckets are cumulative. */
function writeHistogram(name: string, labels: Labels, histogram: Histogram): readonly string[] {
  const { bounds, counts, count, sum } = histogram;
  let soFar = 0;
  const buckets = bounds.map((bound, index) => {
    soFar += counts[index] ?? 0;
    return writeSample(`${name}_bucket`, { ...labels, le: writeNumber(bound) }, soFar);
  });
  return [
    ...buckets,
    writeSample(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
    writeSample(`${name}_sum`, labels, sum),
    writeSample(`${name}_count`, labels, count),
  ];
}

function writeSample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${writeNumber(value)}`;
}

function writeNumber(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
