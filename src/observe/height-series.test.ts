/** The heights of a channel's members over the last hour. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeightSeries } from "./height-series.ts";

const HOUR_MS = 3_600_000;
const points = (series: HeightSeries, pkiId: string) =>
  series
    .list()
    .find((one) => one.pkiId === pkiId)
    ?.points.map(({ time, height }) => [time.getTime() / 1_000, Number(height)]);

test("keeps a point each 15 s, and always the newest", () => {
  const series = new HeightSeries();
  for (let second = 0; second <= 40; second++) series.add("a", BigInt(second), second * 1_000);
  assert.deepEqual(points(series, "a"), [
    [0, 0],
    [15, 15],
    [30, 30],
    [40, 40],
  ]);
});

test("looks back an hour, from a height that holds at its beginning", () => {
  const series = new HeightSeries();
  for (const minute of [0, 5, 30, 70]) series.add("a", BigInt(minute), minute * 60_000);
  assert.deepEqual(points(series, "a"), [
    [300, 5],
    [1_800, 30],
    [4_200, 70],
  ]);
});

test("is bounded: a day of blocks of many members takes an hour of a few", () => {
  const series = new HeightSeries();
  for (let second = 0; second < 24 * 3_600; second++) series.add("a", BigInt(second), second * 1e3);
  assert.ok((points(series, "a")?.length ?? 0) <= HOUR_MS / 15_000 + 2);
  for (let at = 0; at < 1_000; at++) series.add(`m${at}`, 1n, 25 * HOUR_MS);
  assert.equal(series.list().length, 200);
  // Whoever said nothing for an hour gives way.
  series.add("late", 1n, 27 * HOUR_MS);
  assert.equal(series.list().length, 200);
  assert.deepEqual(points(series, "late")?.length, 1);
});
