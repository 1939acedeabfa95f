/** Tables that fit the terminal. */
import { printable } from "../lib/printable.ts";
import type { Colour, Paint } from "./terminal.ts";

/** Minimum width of a shortened column, in characters. */
const CELL_MIN = 6;

export interface Column<T> {
  readonly title: string;
  readonly text: (row: T) => string;
  /** Columns with the lowest weight are dropped first on a narrow terminal; default never. */
  readonly weight?: number;
  /** Colour of the cell if colours are enabled; default none. */
  readonly colour?: (row: T) => Colour | undefined;
}

const UNPAINTED: Paint = (_colour, text) => text;

/**
 * Lays out a table no wider than the terminal. Drops columns by weight, then shortens the widest
 * column so that the others stay visible.
 */
export function formatTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  terminalWidth = Number.POSITIVE_INFINITY,
  paint: Paint = UNPAINTED,
): string {
  // A width of 0 means that the width is unknown.
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
    shown.map((_, i) => Math.max(...cells.map((line) => columnsOf(line[i] ?? "")))),
    width - 2 * (shown.length - 1),
  );
  return cells
    .map((line, i) => {
      const row = rows[i - 1];
      const colours = shown.map(({ colour }) => (row === undefined ? undefined : colour?.(row)));
      return formatLine(line, widths, width, (cell, column) => {
        const colour = colours[column];
        return colour === undefined ? cell : paint(colour, cell);
      });
    })
    .join("\n");
}

/** Joins cells without trailing blanks. Colour codes take no width. */
function formatLine(
  cells: readonly string[],
  widths: readonly number[],
  width: number,
  paint: (cell: string, column: number) => string,
): string {
  const last = cells.findLastIndex((cell) => cell !== "");
  let line = "";
  let room = width;
  for (const [i, cell] of cells.slice(0, last + 1).entries()) {
    const gap = i === 0 ? "" : " ".repeat(Math.min(2, room));
    room -= gap.length;
    const cellWidth = Math.min(widths[i] ?? 0, room);
    const fitted = fit(cell, cellWidth);
    const padding = i === last ? "" : " ".repeat(cellWidth - columnsOf(fitted));
    if (room > 0) line += gap + paint(fitted, i) + padding;
    room -= cellWidth;
  }
  return line;
}

/** Shortens the widest columns until all fit into `room` or reach the minimum width. */
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

/** Shortens text to a maximum number of terminal columns. */
function fit(cell: string, width: number): string {
  if (columnsOf(cell) <= width) return cell;
  let fitted = "";
  let room = width - 1;
  for (const character of cell) {
    room -= columnsOf(character);
    if (room < 0) break;
    fitted += character;
  }
  return width < 1 ? "" : `${fitted}…`;
}

/** Ideographs, Hangul, full-width forms and emoji take two terminal columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Combining characters take no column. */
const MARK = /\p{M}/u;
const NARROW = /^[ -~]*$/;

/** Width of a text in terminal columns. */
function columnsOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : MARK.test(character) ? 0 : 1;
  return columns;
}

/** Collapses repeated blanks, which would look like a column boundary. */
function cellsOf<T>(row: T, columns: readonly Column<T>[]): string[] {
  return columns.map(({ text }) => printable(text(row)).replace(/(?<= ) |^ | $/g, "\\u0020"));
}

function widthOf<T>(rows: readonly T[], columns: readonly Column<T>[]): number {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => cellsOf(row, columns))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => columnsOf(line[i] ?? ""))));
  return widths.reduce((sum, w) => sum + w, 0) + 2 * (columns.length - 1);
}

/** Short elapsed time: `3s`, `12m`, `5h`, `40d`. */
export function ago(iso: string, nowMs: number): string {
  return span(nowMs - Date.parse(iso));
}

/** Short remaining time: `5h`, `3650d`; `over` if it has passed. */
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
