/** The result of a simulation as a self-contained HTML page. */
import { barChart, histogram, lineChart, matrix, timeline } from "./charts.ts";
import { describeFault } from "./fault.ts";
import { maySee } from "./member.ts";
import { commandOf } from "./options.ts";
import type { Result } from "./simulate.ts";
import type { RunSummary } from "./summary.ts";
import { escapeText } from "./svg.ts";
import { KINDS } from "./wire-kind.ts";

/** Maximum members shown; larger networks show their first members. */
const MATRIX_MAX = 64;
const TIMELINE_MAX = 80;

export function renderReport(result: Result, summary: RunSummary): string {
  const { options, violations, converged } = result;
  const isGood = converged && violations.length === 0;
  const verdict = isGood ? "All is well" : `${violations.length} violations`;
  const title = `${options.scenario}, seed ${options.seed}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulation: ${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeText(title)}</h1>
<p class="${isGood ? "good" : "bad"}">${verdict}</p>
<p>Again: <code>${escapeText(commandOf(options))}</code></p>
${figures(summary)}
${section("Violations", violationList(violations))}
${section("Who sees whom, over time", convergence(result))}
${section("Faults", faultTimeline(result))}
${section("Who sees whom, at the end", membership(result))}
${section("Messages by kind", volumes(result, "messages"))}
${section("Bytes by kind", volumes(result, "bytes"))}
${section("Heartbeats: share of members reached", coverages(result))}
${section("Heartbeats: time to each member", latency(result))}
${section("Heartbeats: hops to each member", hops(result))}
</main>
</body>
</html>
`;
}

function section(title: string, body: string): string {
  return `<section><h2>${title}</h2>${body}</section>`;
}

function figures(summary: RunSummary): string {
  const { coverage, steady } = summary;
  const { copies } = summary.dissemination;
  const entries: readonly (readonly [string, string])[] = [
    ["members", String(summary.nodes)],
    ["virtual time", `${summary.virtualSeconds} s`],
    ["wall time", `${summary.wallSeconds.toFixed(1)} s`],
    ["memory at most", `${summary.peakRssMb} MB`],
    ["all saw all after", summary.converged ? `${summary.convergeSeconds} s` : "never"],
    ["messages", summary.messages.toLocaleString("en")],
    ["bytes", size(summary.bytes)],
    ["coverage", coverage === null ? "not measured" : `${(100 * coverage).toFixed(2)} %`],
    // Of a heartbeat that arrives, there is one copy at least.
    ["copies of a heartbeat", copies === 0 ? "not measured" : copies.toFixed(2)],
    ["connections", `${steady.connectionsMean.toFixed(1)}, at most ${steady.connectionsMax}`],
  ];
  const items = entries.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return `<dl>${items.join("")}</dl>`;
}

function violationList(violations: readonly string[]): string {
  if (violations.length === 0) return `<p class="none">none</p>`;
  return `<ul>${violations.map((line) => `<li>${escapeText(line)}</li>`).join("")}</ul>`;
}

function convergence({ history, plan }: Result): string {
  const points = history.map(({ second, share }) => ({ x: second, y: share }));
  return lineChart("share of pairs that see each other", points, plan.firstPhaseMs / 1_000);
}

function faultTimeline({ plan, world, virtualSeconds }: Result): string {
  if (plan.faults.length === 0) return `<p class="none">none</p>`;
  const name = (member: number): string => world.members[member]?.name ?? "?";
  const bars = plan.faults.slice(0, TIMELINE_MAX).map((fault) => ({
    from: fault.fromMs / 1_000,
    to: Math.min(fault.untilMs / 1_000, virtualSeconds),
    label: describeFault(fault, name),
  }));
  return timeline("faults over time", bars, virtualSeconds);
}

/** Rows are observers, columns are subjects. */
function membership({ world, views }: Result): string {
  const shown = world.members.slice(0, MATRIX_MAX);
  const classOf = (row: number, column: number): string => {
    const [observer, subject] = [shown[row], shown[column]];
    if (observer === undefined || subject === undefined) return "";
    if (observer === subject) return "self";
    if (observer.life === undefined) return "absent";
    if (views.sees(observer.index, subject.issued.index)) return "seen";
    return subject.life !== undefined && maySee(observer, subject) ? "missing" : "absent";
  };
  const names = `Rows look at columns: ${shown.map(({ name }) => name).join(", ")}.`;
  const legend =
    `<p><span class="key seen"></span>sees <span class="key missing"></span>should see ` +
    `<span class="key absent"></span>need not see</p>`;
  return `${matrix("membership matrix", shown.length, classOf)}${legend}<p class="none">${escapeText(names)}</p>`;
}

function volumes({ traffic }: Result, unit: "messages" | "bytes"): string {
  const rows = KINDS.map((kind) => {
    const value = traffic[kind][unit];
    return {
      name: kind,
      value,
      label: unit === "bytes" ? size(value) : value.toLocaleString("en"),
    };
  });
  return barChart(`${unit} by kind`, rows);
}

function coverages({ meter }: Result): string {
  return histogram("coverage of heartbeats", meter.dissemination.coverages.counts, "%");
}

function latency({ meter }: Result): string {
  return histogram("latency of heartbeats", meter.dissemination.latencies.counts, "ms");
}

function hops({ meter }: Result): string {
  return histogram("hops of heartbeats", meter.dissemination.hopCounts.counts, "hops");
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --soft: #68758a; --line: #d8dee8;
  --accent: #2563a8; --good: #1f7a4d; --bad: #b3261e; --absent: #e9edf3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #12161c; --soft: #94a0b4;
  --line: #2c3440; --accent: #6aa9e9; --good: #5bc08c; --bad: #f28b82; --absent: #232a35; } }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 760px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 16px; margin: 32px 0 8px; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.none { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
code { font: 13px ui-monospace, monospace; background: var(--absent); padding: 2px 6px;
  border-radius: 4px; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 12px; }
dt { color: var(--soft); font-size: 12px; } dd { margin: 0; font-weight: 600; }
ul { padding-left: 20px; } li { color: var(--bad); }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
svg .on-bar { fill: var(--paper); }
.grid { stroke: var(--line); } .mark { stroke: var(--soft); stroke-dasharray: 4 3; }
.line { fill: none; stroke: var(--accent); stroke-width: 1.8; } .bar { fill: var(--accent); }
.seen { fill: var(--good); background: var(--good); } .self { fill: var(--soft); }
.missing { fill: var(--bad); background: var(--bad); }
.absent { fill: var(--absent); background: var(--absent); }
.key { display: inline-block; width: 11px; height: 11px; margin: 0 5px 0 12px; border-radius: 2px; }
`;
