/** Durations as Go and therefore Fabric's files write them: `5s`, `1500ms`, `2h45m`, `1.5h`. */

const NANOSECONDS_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["μs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3600e9],
]);

/** Longer texts are rejected; this bounds the pattern's work. */
const TEXT_LENGTH_MAX = 64;
// Escapes: a character beyond Latin-1 outside of strings would double the memory of the bundled file.
const WHOLE = /^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/;
const PART = /(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)/g;

/**
 * Milliseconds, with fractions, or undefined if the text is no duration. A number without unit is
 * nanoseconds, as in Fabric (viper's `GetDuration`).
 */
export function parseDurationMs(text: string): number | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const sign = text.startsWith("-") ? -1 : 1;
  const unsigned = text.replace(/^[-+]/, "");
  if (/^(?:\d+\.?\d*|\.\d+)$/.test(unsigned)) return (sign * Number(unsigned)) / 1e6;
  if (!WHOLE.test(unsigned)) return undefined;
  let nanoseconds = 0;
  for (const [, amount, unit] of unsigned.matchAll(PART)) {
    nanoseconds += Number(amount) * (NANOSECONDS_OF_UNIT.get(unit ?? "") ?? Number.NaN);
  }
  return (sign * nanoseconds) / 1e6;
}

/** The shortest spelling with one unit: 90_000 is `90s`, 7_200_000 is `2h`, 1_500 is `1500ms`. */
export function formatDuration(ms: number): string {
  if (ms !== 0 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms !== 0 && ms % 60_000 === 0 && ms >= 600_000) return `${ms / 60_000}m`;
  if (ms % 1_000 === 0) return `${ms / 1_000}s`;
  return `${ms}ms`;
}
