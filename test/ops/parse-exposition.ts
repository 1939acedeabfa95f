/** A strict reader of Prometheus' text format 0.0.4: whatever the format does not allow throws. */
import assert from "node:assert/strict";

export interface ParsedSample {
  /** With the suffix of a histogram's part. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|\}|$)/;
const NUMBER = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  assert.ok(text.endsWith("\n"), "the last line ends");
  const families = new Map<string, ParsedFamily & { samples: ParsedSample[] }>();
  const seen = new Set<string>();
  const lines = text.slice(0, -1).split("\n");
  let current = { name: "", type: "" };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line.startsWith("#")) {
      const { name, ...family } = parseHead(line, lines[++index] ?? "");
      assert.ok(!families.has(name), `${name} is described once`);
      families.set(name, { ...family, samples: [] });
      current = { name, type: family.type };
      continue;
    }
    const sample = parseSample(line);
    assert.ok(belongs(sample.name, current), `${line} stands below its own head`);
    const key = JSON.stringify([sample.name, [...sample.labels].toSorted()]);
    assert.ok(!seen.has(key), `${line} is there once`);
    seen.add(key);
    families.get(current.name)?.samples.push(sample);
  }
  for (const [name, family] of families)
    if (family.type === "histogram") checkHistogram(name, family);
  return families;
}

function parseHead(help: string, type: string): { name: string; type: string; help: string } {
  const [, name = "", text] =
    new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])+)$`).exec(help) ?? [];
  assert.ok(text !== undefined, `a HELP line: ${help}`);
  const [, typed, kind] =
    new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(type) ?? [];
  assert.equal(typed, name, `the TYPE line follows: ${type}`);
  return { name, type: kind ?? "", help: readEscapes(text) };
}

function belongs(name: string, head: { readonly name: string; readonly type: string }): boolean {
  if (head.type !== "histogram") return name === head.name;
  return ["_bucket", "_sum", "_count"].some((suffix) => name === head.name + suffix);
}

function parseSample(line: string): ParsedSample {
  const [name] = new RegExp(`^${NAME}`).exec(line) ?? [];
  assert.ok(name !== undefined, `a sample: ${line}`);
  const labels = new Map<string, string>();
  let rest = line.slice(name.length);
  if (rest.startsWith("{")) {
    rest = rest.slice(1);
    for (;;) {
      const [all, label, value, end] = LABEL.exec(rest) ?? [];
      assert.ok(all !== undefined && label !== undefined && value !== undefined, `labels: ${line}`);
      assert.ok(!labels.has(label), `${label} once: ${line}`);
      labels.set(label, readEscapes(value));
      rest = rest.slice(all.length);
      if (end === "}") break;
      assert.equal(end, ",", `labels: ${line}`);
    }
  }
  assert.match(rest, /^ /, line);
  assert.match(rest.slice(1), NUMBER, line);
  return { name, labels, value: Number(rest.slice(1).replace("Inf", "Infinity")) };
}

function readEscapes(text: string): string {
  return text.replace(/\\(.)/g, (_, character) => (character === "n" ? "\n" : character));
}

/** Buckets ascend in bound and in count, and the last one holds everything. */
function checkHistogram(name: string, { samples }: ParsedFamily): void {
  const rows = Map.groupBy(samples, ({ labels }) =>
    JSON.stringify([...labels].filter(([label]) => label !== "le")),
  );
  for (const parts of rows.values()) {
    const buckets = parts.filter((part) => part.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) =>
      Number(labels.get("le")?.replace("Inf", "Infinity")),
    );
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    );
    const rest = parts.filter((part) => part.name !== `${name}_bucket`).map((part) => part.name);
    assert.deepEqual(rest, [`${name}_sum`, `${name}_count`]);
    assert.equal(parts.at(-1)?.value, counts.at(-1));
  }
}
