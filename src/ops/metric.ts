/** One row of the table of metrics, and the source of its value. */

import type { Counts } from "../observe/counters.ts";
import type { Log } from "../observe/log.ts";
import type { OrganisationSummary, Summary } from "../observe/summary.ts";
import type { EventLoop } from "./event-loop.ts";
import type { Family, Sample } from "./exposition.ts";

/** The node's state at a scrape, collected once for all metrics. */
export interface Reading {
  readonly counts: Counts;
  readonly summary: Summary;
  readonly logEntries: ReturnType<Log["entries"]>;
  readonly eventLoop: EventLoop;
  readonly nowMs: number;
}

export interface Metric extends Omit<Family, "samples"> {
  /** Fabric's peer has it with the same name, meaning and labels. */
  readonly isFabrics: boolean;
  readonly labels: readonly string[];
  readonly read: (reading: Reading) => readonly Sample[];
}

type Row = Pick<Metric, "name" | "type" | "help" | "read"> & Partial<Pick<Metric, "labels">>;

/** Metrics of our own. */
export function ours(...rows: readonly Row[]): readonly Metric[] {
  return rows.map((row) => ({ labels: [], ...row, isFabrics: false }));
}

/** Metrics of Fabric's peer, whose names do not follow Prometheus' conventions. */
export function fabrics(...rows: readonly Row[]): readonly Metric[] {
  return rows.map((row) => ({ labels: [], ...row, isFabrics: true }));
}

export function single(value: Sample["value"]): readonly Sample[] {
  return [{ labels: {}, value }];
}

/** One sample per key, which is the value of this label. */
export function by(
  label: string,
  values: ReadonlyMap<string, number> | Readonly<Record<string, number>>,
): readonly Sample[] {
  const entries = values instanceof Map ? [...values] : Object.entries(values);
  return entries.map(([key, value]) => ({ labels: { [label]: key }, value }));
}

/** One sample per organisation that has a value. */
export function byMsp(
  { summary }: Reading,
  read: (organisation: OrganisationSummary) => number | undefined,
): readonly Sample[] {
  return [...summary.organisations].flatMap(([msp, organisation]) => {
    const value = read(organisation);
    return value === undefined ? [] : [{ labels: { msp }, value }];
  });
}
