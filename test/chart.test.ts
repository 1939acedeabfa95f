/** The names of lines in the charts of the documents. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lineChart, type Series } from "../bench/chart.ts";

/** How each name is anchored, and whether it stands above its last point. */
function placesOf(...series: readonly Series[]): Record<string, string> {
  const svg = lineChart({ title: "", xLabel: "", yLabel: "", series });
  const dots = [...svg.matchAll(/<g class="s(\d)">.*cy="([\d.]+)" r="3"\/><\/g>/g)];
  const names = [...svg.matchAll(/y="([\d.]+)" text-anchor="(\w+)" class="s(\d)">(\w+)</g)];
  return Object.fromEntries(
    names.map(([, y, anchor, index, name]) => {
      const end = Number(dots.find(([, one]) => one === index)?.[2]);
      return [name, `${anchor}${Number(y) < end ? " above" : ""}`];
    }),
  );
}

test("names stand at the right of their lines, apart from each other", () => {
  const flat: Series = {
    name: "flat",
    points: [
      [0, 10],
      [100, 10],
    ],
  };
  const second = { ...flat, name: "second" };
  assert.deepEqual(placesOf(flat, second), { flat: "start", second: "start" });
});

test("a name that would cross a line stands above its own, at the left if it would there too", () => {
  const [low, steep, high]: readonly Series[] = [
    { name: "low", points: [0, 100].map((x) => [x, x / 20]) },
    { name: "steep", points: [50, 100].map((x) => [x, 3 * x - 20]) },
    { name: "high", points: [0, 100].map((x) => [x, 100]) },
  ];
  assert.ok(low && steep && high);
  const short: Series = { name: "sixteen_letters_", points: [20, 50].map((x) => [x, 3 * x + 40]) };
  assert.equal(placesOf(short, steep)[short.name], "end above");
  const dot: Series = { name: "dot", points: [[20, 3]] };
  assert.equal(placesOf(dot, low, high)["dot"], "start above");
});
