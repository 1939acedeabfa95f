import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDurationMs } from "./duration.ts";

describe("parseDurationMs() reads what Go reads", () => {
  const cases: [string, number | undefined][] = [
    ["5s", 5_000],
    ["1500ms", 1_500],
    ["2h45m", 9_900_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["1.s", 1_000],
    ["10us", 0.01],
    ["10µs", 0.01],
    ["7200s", 7_200_000],
    ["-5s", -5_000],
    ["+5s", 5_000],
    ["0", 0],
    ["5000000000", 5_000],
    ["5", 0.000_005],
    ["", undefined],
    ["s", undefined],
    ["5 s", undefined],
    ["5S", undefined],
    ["5x", undefined],
    ["1d", undefined],
    ["s5", undefined],
    ["5s ", undefined],
    [`${"1".repeat(100)}s`, undefined],
  ];
  for (const [text, want] of cases) {
    test(JSON.stringify(text), () => assert.equal(parseDurationMs(text), want));
  }
});

test("formatDuration() writes what parseDurationMs() reads back", () => {
  fc.assert(
    fc.property(fc.nat(100_000_000), (ms) => {
      assert.equal(parseDurationMs(formatDuration(ms)), ms);
    }),
  );
  assert.deepEqual([7_200_000, 60_000, 1_500, 0].map(formatDuration), [
    "2h",
    "60s",
    "1500ms",
    "0s",
  ]);
});

test("no text makes it slow or throw", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9.smhuµn+-]{0,80}$/), (text) => {
      const ms = parseDurationMs(text);
      assert.ok(ms === undefined || Number.isFinite(ms));
    }),
  );
});
