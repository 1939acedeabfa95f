/** Capabilities of standard output: colours and width. */

const COLOURS = { red: 31, green: 32, yellow: 33, grey: 90 } as const;

export type Colour = keyof typeof COLOURS;

/** Colours a text, or returns it unchanged. */
export type Paint = (colour: Colour, text: string) => string;

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Any non-empty `NO_COLOR` disables colours (no-color.org), as does a monochrome terminal. */
export function painter(
  stream: Stream,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  const isWanted = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  if (stream.isTTY !== true || !isWanted) return (_colour, text) => text;
  return (colour, text) => `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
}

/** Terminal width in columns; undefined if unknown, in which case nothing is shortened. */
export function widthOf({ isTTY, columns }: Stream): number | undefined {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : undefined;
}

/**
 * Shows one line in the place of the one before, on a terminal: what does not fit is left out, as
 * the next one would not cover a second line.
 */
export function rewriteLine(stream: Stream & { write(text: string): unknown }, line: string): void {
  if (stream.isTTY !== true) return;
  const width = widthOf(stream) ?? line.length + 1;
  stream.write(`\r\x1b[K${line.slice(0, width - 1)}`);
}
