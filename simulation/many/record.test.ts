import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { simulate } from "../simulate.ts";
import { summariseRun } from "../summary.ts";
import { readRecords, renderTotals, totalOf, writeRecord } from "./record.ts";
import { drawOptions, Tally } from "./tally.ts";

test("a sweep adds its line to the record and rewrites no other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  const file = join(folder, "record.jsonl");
  try {
    const options = { ...drawOptions(1), scenario: "silence", nodes: 5, minutes: 1.5 } as const;
    const summary = summariseRun(await simulate(options), {
      wallSeconds: 0,
      cpuSeconds: 0,
      peakRssMb: 0,
    });
    const tally = new Tally(1, "abc");
    tally.add(options, summary);
    writeRecord(file, [], tally.record());
    const [line] = readRecords(file);
    assert.ok(line);
    assert.deepEqual([line.seeds, line.commit, line.failures], [[1, 1], "abc", []]);
    assert.ok(line.lossyMemberHours > 0.08 && line.lossyMemberHours <= 5 * 0.026, "5 x 90 s");
    writeRecord(file, [line], { ...line, seeds: [2, 11], memberHours: 2 });
    writeRecord(file, [line], { ...line, seeds: [2, 21], memberHours: 4 });
    const records = readRecords(file);
    assert.equal(records.length, 2);
    const { seeds, memberHours } = totalOf(records);
    assert.deepEqual([seeds, memberHours], [21, line.memberHours + 4]);
    assert.match(renderTotals(records), /\| Seeds \| 21 \|/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the documentation shows the totals of the record", () => {
  const docs = join(import.meta.dirname, "..", "..", "docs");
  const total = totalOf(readRecords(join(docs, "simulation-record.jsonl")));
  const [seeds, hours, lossyHours] = [total.seeds, total.memberHours, total.lossyMemberHours].map(
    (count) => Math.floor(count).toLocaleString("en"),
  );
  const said = `${seeds} seeds and ${hours} virtual member-hours, ${lossyHours} of them at 5 % packet loss or more: ${total.failures} seed`;
  assert.ok(readFileSync(join(docs, "simulation.md"), "utf8").includes(said), said);
  assert.equal(total.failures, 6, "The documentation says what became of each seed that failed.");
});
