/** Charts of a simulation as SVG text. Colours refer to CSS names in report.ts. */
import { drawing, fixed, text } from "./svg.ts";

const WIDTH = 720;
const HEIGHT = 160;
const LEFT = 44;
const BOTTOM = 20;
/** Room for half of the topmost label. */
const TOP = 10;
/** Approximate width of a sentence about a fault. */
const LABEL_WIDTH = 320;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A bar of the timeline: from one second to another. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

function svg(height: number, title: string, body: string): string {
  return drawing({ width: WIDTH, height, title, body });
}

function rectangle(x: number, y: number, width: number, height: number, style: string): string {
  const size = `width="${fixed(Math.max(0.5, width))}" height="${fixed(height)}"`;
  return `<rect x="${fixed(x)}" y="${fixed(y)}" ${size} class="${style}"/>`;
}

/** A share over time, as a line from 0 to 100 %; a mark where the first phase ends. */
export function lineChart(title: string, points: readonly Point[], markAt: number): string {
  const last = Math.max(1, points.at(-1)?.x ?? 1);
  const across = (x: number): number => LEFT + ((WIDTH - LEFT) * x) / last;
  const up = (y: number): number => (HEIGHT - BOTTOM - TOP) * (1 - y) + TOP;
  const path = points.map(({ x, y }) => `${fixed(across(x))},${fixed(up(y))}`).join(" ");
  const grid = [0, 0.5, 1].map(
    (share) =>
      `<path d="M${LEFT} ${fixed(up(share))}H${WIDTH}" class="grid"/>` +
      text(LEFT - 6, up(share) + 4, `${100 * share} %`, "end"),
  );
  const mark = `<path d="M${fixed(across(markAt))} ${TOP}V${HEIGHT - BOTTOM}" class="mark"/>`;
  const ends = text(LEFT, HEIGHT - 4, "0 s") + text(WIDTH, HEIGHT - 4, `${last} s`, "end");
  return svg(
    HEIGHT,
    title,
    `${grid.join("")}${mark}<polyline points="${path}" class="line"/>${ends}`,
  );
}

/** One row for each bar, on the axis of {@link lineChart}. */
export function timeline(title: string, bars: readonly Bar[], last: number): string {
  const row = 16;
  const across = (x: number): number => LEFT + ((WIDTH - LEFT) * Math.min(x, last)) / last;
  const rows = bars.map(({ from, to, label }, i) => {
    const [left, right, y] = [across(from), across(to), i * row];
    const bar = rectangle(left, y + 3, right - left, row - 5, "bar");
    if (WIDTH - right > LABEL_WIDTH) return bar + text(right + 4, y + 12, label);
    if (left > LABEL_WIDTH) return bar + text(left - 4, y + 12, label, "end");
    return bar + text(left + 4, y + 12, label, "start", "on-bar");
  });
  return svg(Math.max(row, bars.length * row), title, rows.join(""));
}

/** Horizontal bars with a name on the left and a number on the right. */
export function barChart(
  title: string,
  rows: readonly { readonly name: string; readonly value: number; readonly label: string }[],
): string {
  const row = 20;
  const [left, right] = [160, 90];
  const max = Math.max(1, ...rows.map(({ value }) => value));
  const body = rows.map(({ name, value, label }, i) => {
    const width = ((WIDTH - left - right) * value) / max;
    return (
      text(left - 6, i * row + 14, name, "end") +
      rectangle(left, i * row + 3, width, row - 6, "bar") +
      text(left + width + 6, i * row + 14, label)
    );
  });
  return svg(rows.length * row, title, body.join(""));
}

/** Vertical bars over integers, from the first to the last that occurred. */
export function histogram(title: string, counts: Float64Array, unit: string): string {
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (first < 0) return `<p class="none">nothing was measured</p>`;
  const bins = Math.min(60, last - first + 1);
  const perBin = (last - first + 1) / bins;
  const sums = Array.from({ length: bins }, (_, bin) => {
    const from = Math.round(first + bin * perBin);
    const to = Math.round(first + (bin + 1) * perBin);
    return counts.subarray(from, to).reduce((sum, count) => sum + count, 0);
  });
  const max = Math.max(...sums);
  const width = (WIDTH - LEFT) / bins;
  const bars = sums.map((sum, bin) => {
    const height = ((HEIGHT - BOTTOM - 4) * sum) / max;
    return rectangle(LEFT + bin * width, HEIGHT - BOTTOM - height, width - 1, height, "bar");
  });
  const ends =
    text(LEFT, HEIGHT - 4, `${first} ${unit}`) + text(WIDTH, HEIGHT - 4, `${last} ${unit}`, "end");
  return svg(HEIGHT, title, bars.join("") + ends);
}

/** Cells of a square, each with a class; `size` cells a side. */
export function matrix(
  title: string,
  size: number,
  classOf: (row: number, column: number) => string,
): string {
  const cell = Math.min(24, (WIDTH - LEFT) / size);
  const cells: string[] = [];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const style = classOf(row, column);
      const [x, y] = [LEFT + column * cell, row * cell];
      if (style !== "") cells.push(rectangle(x, y, cell - 0.5, cell - 0.5, style));
    }
  }
  return svg(Math.ceil(size * cell), title, cells.join(""));
}
