/** The table of metrics, against a running node, its manual, the dashboard and the alerts. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { GossipNode } from "../../src/node/node.ts";
import { testParts } from "../../src/node/testing.ts";
import { createLog } from "../../src/observe/log.ts";
import { QUIET_REJECTIONS } from "../../src/observe/quiet-rejections.ts";
import { watchEventLoop } from "../../src/ops/event-loop.ts";
import { METRICS, metricsText, writeMetricsManual } from "../../src/ops/metrics.ts";
import { createMemoryHub } from "../../src/transport/memory.ts";
import { createVirtualClock } from "../../src/transport/testing.ts";
import { parseExposition } from "./parse-exposition.ts";

const read = (path: string): Promise<string> =>
  readFile(new URL(`../../${path}`, import.meta.url), "utf8");

/** Two members that see each other; what the first tells of itself. */
async function scrape(): Promise<string> {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock });
  const log = createLog({ spec: "warn", stream: { write: () => true } });
  log.logger("gossip").info("not written");
  const eventLoop = watchEventLoop();
  const a = await GossipNode.create(testParts("a", { clock, hub, seed: 1 }));
  const b = await GossipNode.create(testParts("b", { clock, hub, bootstrap: ["a:1"], seed: 2 }));
  clock.advance(12_000);
  const text = metricsText({ node: a.diagnostics, log, eventLoop });
  await Promise.all([a.close(), b.close()]);
  eventLoop.stop();
  return text;
}

/** Names of series, with those of a histogram's parts, and the labels each may have. */
const SERIES: ReadonlyMap<string, readonly string[]> = new Map(
  METRICS.flatMap(({ name, type, labels }) =>
    type === "histogram"
      ? [
          [`${name}_bucket`, [...labels, "le"]],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ]
      : [[name, labels]],
  ),
);

describe("/metrics", () => {
  test("describes every metric of the table, and no other, in the strict format", async () => {
    const families = parseExposition(await scrape());
    assert.deepEqual(
      [...families].map(([name, { type, help }]) => [name, type, help]),
      METRICS.map(({ name, type, help }) => [name, type, help]),
    );
  });

  test("gives each sample the labels that the table names", async () => {
    for (const { samples } of parseExposition(await scrape()).values()) {
      for (const { name, labels } of samples) {
        assert.deepEqual([...labels.keys()], SERIES.get(name), name);
      }
    }
  });

  test("tells what there is", async () => {
    const lines = (await scrape()).split("\n");
    for (const line of [
      'gossip_members{msp="A",status="alive"} 2',
      'gossip_members{msp="A",status="dead"} 0',
      'gossip_member_joins_total{msp="A"} 1',
      'gossip_member_deaths_total{msp="A",reason="unreachable"} 0',
      'gossip_identities{msp="A"} 2',
      'gossip_connections{outbound="false"} 1',
      'gossip_neighbours{msp="A"} 1',
      'gossip_messages_dropped_total{code="signature-invalid"} 0',
      'logging_entries_checked{level="info"} 1',
      'logging_entries_written{level="info"} 0',
    ]) {
      assert.ok(lines.includes(line), `${line} in\n${lines.join("\n")}`);
    }
  });

  test("names ours as Prometheus advises, except those that are Fabric's", () => {
    for (const { name, type } of METRICS.filter(({ isFabrics }) => !isFabrics)) {
      assert.ok(name.startsWith("gossip_"), name);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      // Base units only.
      assert.doesNotMatch(
        name,
        /(_|^)(ms|micros|millis\w*|minutes|hours|k?bits|[kmg]b|kilo\w*|mega\w*)(_|$)/,
      );
      if (type === "histogram") assert.match(name, /_seconds$/);
    }
  });
});

describe("docs/metrics.md", () => {
  test("holds the tables as writeMetricsManual() writes them", async () => {
    const page = await read("docs/metrics.md");
    assert.equal(page.slice(page.indexOf("\n## ") + 1), `${writeMetricsManual()}\n`);
  });
});

describe("dashboard and alerts", () => {
  test("speak of series and labels that exist", async () => {
    const expressions = [...(await dashboardExpressions()), ...(await alertExpressions())];
    assert.ok(expressions.length > 40);
    const wrong = expressions.flatMap((expression) => strangeNames(expression));
    assert.deepEqual(wrong, []);
  });

  test("would be found out if they spoke of others", () => {
    assert.deepEqual(strangeNames('sum by (msp) (gossip_member{job="g"})'), ["gossip_member"]);
    assert.deepEqual(strangeNames('max by (msp) (gossip_members{state="x"})'), ["state"]);
    assert.deepEqual(strangeNames("max by (peer) (gossip_members)"), ["peer"]);
    assert.deepEqual(strangeNames("rate(gossip_event_loop_lag_seconds[5m])"), [
      "gossip_event_loop_lag_seconds",
    ]);
  });

  test("leave out of the rejected ones what is everyday life, and nothing else", async () => {
    const [, codes = ""] = /code!~"([^"]+)"/.exec((await dashboardExpressions()).join("\n")) ?? [];
    // Refusals of a budget are not reported one by one, but worth seeing.
    const everyday = [...QUIET_REJECTIONS].filter((code) => !code.endsWith("-budget"));
    assert.deepEqual(codes.split("|").toSorted(), everyday.toSorted());
  });

  test("every alert has a severity and says what to do or where to look", async () => {
    for (const { alert, labels, annotations } of await alerts()) {
      assert.match(labels.severity, /^(warning|critical)$/, alert);
      assert.ok(annotations.summary.endsWith("."), alert);
    }
  });
});

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

async function alerts(): Promise<readonly Alert[]> {
  const { groups } = parse(await read("deploy/prometheus/alerts.yaml"));
  return groups.flatMap(({ rules }: { rules: readonly Alert[] }) => rules);
}

async function alertExpressions(): Promise<readonly string[]> {
  return (await alerts()).map(({ expr }) => expr);
}

async function dashboardExpressions(): Promise<readonly string[]> {
  const text = await read("deploy/grafana/fabric-gossip.json");
  const found: string[] = [];
  JSON.parse(text, (key, value) => {
    if (key === "expr") found.push(value);
    if (key === "query" && typeof value === "string") found.push(value.replace(/, \w+\)$/, ")"));
    return value;
  });
  return found.filter((expression) => expression.includes("_"));
}

/** Names of series and labels in an expression that no metric has. */
function strangeNames(expression: string): readonly string[] {
  const bare = expression.replace(/"[^"]*"/g, '""');
  const series = [...bare.matchAll(/\b(?:gossip|grpc|logging)_\w+/g)].map(([name]) => name);
  const known = new Set(["job", "instance", ...series.flatMap((name) => SERIES.get(name) ?? [])]);
  const grouped = [...bare.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = ""]) =>
    names.split(", "),
  );
  const matched = [...bare.matchAll(/(\w+)(?:=~|!~|!=|=)""/g)].map(([, name = ""]) => name);
  return [
    ...series.filter((name) => !SERIES.has(name)),
    ...[...grouped, ...matched].filter(
      (name) => series.some((one) => SERIES.has(one)) && !known.has(name),
    ),
  ];
}
