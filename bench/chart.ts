/** Self-contained charts: SVG with its own colours, for light and dark pages. */
import { drawing, fixed, text } from "../simulation/svg.ts";

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Whether both axes are logarithmic. */
  readonly isLogarithmic?: boolean;
}

const [WIDTH, HEIGHT] = [640, 360];
const LINE = 15;
/** Width of a wide one. */
const CHARACTER = 7;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 130, 44, 52];
const STYLE =
  "text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}" +
  ".grid{stroke:#ddd;fill:none}.s0{stroke:#0b65c2;fill:#0b65c2}.s1{stroke:#c2410c;fill:#c2410c}" +
  ".s2{stroke:#15803d;fill:#15803d}.line{fill:none;stroke-width:2}.back{fill:#fff}" +
  "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.back{fill:#161b22}" +
  ".s0{stroke:#58a6ff;fill:#58a6ff}.s1{stroke:#f0883e;fill:#f0883e}.s2{stroke:#3fb950;fill:#3fb950}" +
  "text.s0,text.s1,text.s2{stroke:none}}text.s0,text.s1,text.s2{stroke:none}";

/** Position of a value on an axis, 0 to 1, and its label. */
interface Axis {
  readonly place: (value: number) => number;
  readonly marks: readonly number[];
}

/** Each series as a line with a dot per measurement. */
export function lineChart(options: ChartOptions): string {
  const { title, xLabel, yLabel, series, isLogarithmic = false } = options;
  const points = series.flatMap((one) => one.points);
  const makeAxis = isLogarithmic ? logarithmicAxis : linearAxis;
  const [xAxis, yAxis] = [makeAxis(points.map(([x]) => x)), makeAxis(points.map(([, y]) => y))];
  const across = (x: number): number => LEFT + (WIDTH - LEFT - RIGHT) * xAxis.place(x);
  const up = (y: number): number => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * yAxis.place(y);
  const body = [
    text(LEFT, 24, title, "start", "title"),
    ...yAxis.marks.flatMap((y) => [
      `<path d="M${LEFT} ${fixed(up(y))}H${WIDTH - RIGHT}" class="grid"/>`,
      text(LEFT - 8, up(y) + 4, short(y), "end"),
    ]),
    ...xAxis.marks.map((x) => text(across(x), HEIGHT - BOTTOM + 20, short(x), "middle")),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, xLabel, "middle"),
    text(LEFT - 8, TOP - 6, yLabel, "start"),
    ...series.map((one, index) => drawSeries(one, index, across, up)),
    ...drawNames(series, across, up),
  ];
  const back = `<rect width="${WIDTH}" height="${HEIGHT}" class="back"/>`;
  const inside = `<style>${STYLE}</style>${back}\n${body.join("\n")}\n`;
  return `${drawing({ width: WIDTH, height: HEIGHT, title, body: inside, isFile: true })}\n`;
}

function drawSeries(
  { points }: Series,
  index: number,
  across: (x: number) => number,
  up: (y: number) => number,
): string {
  const sorted = points.toSorted(([a], [b]) => a - b);
  const path = sorted.map(([x, y]) => `${fixed(across(x))},${fixed(up(y))}`).join(" ");
  const dots = sorted.map(
    ([x, y]) => `<circle cx="${fixed(across(x))}" cy="${fixed(up(y))}" r="3"/>`,
  );
  return `<g class="s${index}"><polyline points="${path}" class="line"/>${dots.join("")}</g>`;
}

type Point = readonly [x: number, y: number];

interface Label {
  readonly name: string;
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "end";
  readonly isAbove: boolean;
}

/**
 * Labels each series at its last point: right of it or, where that would cross a line, above it. Moves
 * overlapping labels at the right apart.
 */
function drawNames(
  series: readonly Series[],
  across: (x: number) => number,
  up: (y: number) => number,
): readonly string[] {
  const lines = series.map(({ points }) =>
    points.toSorted(([a], [b]) => a - b).map(([x, y]): Point => [across(x), up(y)]),
  );
  const labels = series.map(({ name }, index): Label => {
    const [x, y] = lines[index]?.at(-1) ?? [0, 0];
    const right = { name, index, x: x + 8, y: y + 4, anchor: "start", isAbove: false } as const;
    const above = { ...right, x: x - 4, y: y - 8, isAbove: true };
    const places: readonly Label[] = [right, above, { ...above, anchor: "end" }];
    return places.find((label) => !lines.some((line) => crosses(line, label))) ?? right;
  });
  let lowest = Number.NEGATIVE_INFINITY;
  return labels
    .sort((a, b) => a.y - b.y)
    .map(({ name, index, x, y, anchor, isAbove }) => {
      if (!isAbove) lowest = Math.max(y, lowest + LINE);
      return text(x, isAbove ? y : lowest, name, anchor, `s${index}`);
    });
}

function crosses(line: readonly Point[], { name, x, y, anchor }: Label): boolean {
  const width = CHARACTER * name.length;
  const left = anchor === "start" ? x : x - width;
  const [right, top, bottom] = [left + width, y - 11, y + 4];
  return line.slice(1).some(([x2, y2], i) => {
    const [x1, y1] = line[i] ?? [x2, y2];
    const [from, to] = [Math.max(x1, left), Math.min(x2, right)];
    if (from > to) return false;
    const ends = [from, to].map((at) =>
      x1 === x2 ? y1 : y1 + ((y2 - y1) * (at - x1)) / (x2 - x1),
    );
    return Math.max(...ends) >= top && Math.min(...ends) <= bottom;
  });
}

/** From zero to a round number above the largest value. */
function linearAxis(values: readonly number[]): Axis {
  const max = Math.max(1e-9, ...values);
  const rough = max / 4;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * magnitude).find((s) => s >= rough) ?? rough;
  const last = Math.ceil(max / step) * step;
  const marks = Array.from({ length: Math.round(last / step) + 1 }, (_, i) => i * step);
  return { place: (value) => value / last, marks };
}

/** From the power of ten below the smallest value to the one above the largest. */
function logarithmicAxis(values: readonly number[]): Axis {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  const first = Math.floor(Math.min(...logs));
  const last = Math.max(first + 1, Math.ceil(Math.max(...logs)));
  const marks = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  return { place: (value) => (Math.log10(value) - first) / (last - first), marks };
}

function short(value: number): string {
  return value >= 1_000 ? `${fixed(value / 1_000)}k` : String(Number(value.toPrecision(3)));
}
