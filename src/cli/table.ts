/** Tables that fit the terminal. */
import { printable } from "../lib/printable.ts";
import type { Colour, Paint } from "./terminal.ts";

/** No column is cut below this many characters. */
const CELL_MIN = 6;

export interface Column<T> {
  readonly title: string;
  readonly text: (row: T) => string;
  /** Which columns give way first when the terminal is narrow: the lowest; default never. */
  readonly weight?: number;
  /** The colour of the cell, where there are colours; default none. */
  readonly colour?: (row: T) => Colour | undefined;
}

const UNPAINTED: Paint = (_colour, text) => text;

/**
 * Lines of a table at most as wide as the terminal. What does not fit is dropped by weight, then the widest
 * column is cut, so that the others stay in sight.
 */
export function formatTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  terminalWidth = Number.POSITIVE_INFINITY,
  paint: Paint = UNPAINTED,
): string {
  // A terminal that says it has no width has not said how wide it is.
  const width = terminalWidth > 0 ? terminalWidth : Number.POSITIVE_INFINITY;
  let shown = [...columns];
  while (shown.length > 1 && widthOf(rows, shown) > width) {
    const droppable = shown.filter(({ weight }) => weight !== undefined);
    const weakest = droppable.sort((a, b) => (a.weight ?? 0) - (b.weight ?? 0))[0];
    if (weakest === undefined) break;
    shown = shown.filter((column) => column !== weakest);
  }
  const cells = [shown.map(({ title }) => title), ...rows.map((row) => cellsOf(row, shown))];
  const widths = shrink(
    shown.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0))),
    width - 2 * (shown.length - 1),
  );
  return cells
    .map((line) => cutLine(line, widths, width))
    .map((line, i) => paintLine(line, widths, shown, rows[i - 1], paint))
    .join("\n");
}

function cutLine(line: readonly string[], widths: readonly number[], width: number): string {
  const fitted = line.map((cell, i) => fit(cell, widths[i] ?? 0)).join("  ");
  return fitted.trimEnd().slice(0, width);
}

/** Colours come last, as they take no room on the terminal. No row: the titles. */
function paintLine<T>(
  line: string,
  widths: readonly number[],
  columns: readonly Column<T>[],
  row: T | undefined,
  paint: Paint,
): string {
  let painted = "";
  let at = 0;
  for (const [i, { colour }] of columns.entries()) {
    const end = at + (widths[i] ?? 0);
    const cell = line.slice(at, end);
    const found = row === undefined ? undefined : colour?.(row);
    painted += (found === undefined ? cell : paint(found, cell)) + line.slice(end, end + 2);
    at = end + 2;
  }
  return painted;
}

/** Takes from the widest until all together have `room`, or are too narrow to tell anything. */
function shrink(widths: readonly number[], room: number): readonly number[] {
  const narrowed = [...widths];
  let excess = narrowed.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const [widest = 0, second = 0] = narrowed.toSorted((a, b) => b - a);
    if (widest <= CELL_MIN) break;
    const cut = Math.min(excess, Math.max(1, widest - Math.max(second, CELL_MIN)));
    narrowed[narrowed.indexOf(widest)] = widest - cut;
    excess -= cut;
  }
  return narrowed;
}

function fit(cell: string, width: number): string {
  return cell.length > width ? `${cell.slice(0, width - 1)}…` : cell.padEnd(width);
}

function cellsOf<T>(row: T, columns: readonly Column<T>[]): string[] {
  return columns.map(({ text }) => printable(text(row)));
}

function widthOf<T>(rows: readonly T[], columns: readonly Column<T>[]): number {
  const widths = columns.map(({ title, text }) =>
    Math.max(title.length, ...rows.map((row) => printable(text(row)).length)),
  );
  return widths.reduce((sum, w) => sum + w, 0) + 2 * (columns.length - 1);
}

/** How long ago, at a glance: `3s`, `12m`, `5h`, `40d`. */
export function ago(iso: string, nowMs: number): string {
  return span(nowMs - Date.parse(iso));
}

/** How long until then: `5h`, `3650d`; `over` if it has passed. */
export function until(iso: string | null, nowMs: number): string {
  if (iso === null) return "-";
  const ms = Date.parse(iso) - nowMs;
  return ms <= 0 ? "over" : span(ms);
}

function span(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 100) return `${Math.trunc(seconds)}s`;
  if (seconds < 6_000) return `${Math.trunc(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.trunc(seconds / 3_600)}h`;
  return `${Math.trunc(seconds / 86_400)}d`;
}
