/** What standard output can show: colours only on a terminal whose user wants them, and its width. */

const COLOURS = { red: 31, green: 32, yellow: 33, grey: 90 } as const;

export type Colour = keyof typeof COLOURS;

/** Paints a text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** `NO_COLOR` with any value turns colours off (no-color.org), and so does a terminal without any. */
export function painter(
  stream: Stream,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  const isWanted = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  if (stream.isTTY !== true || !isWanted) return (_colour, text) => text;
  return (colour, text) => `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
}

/** Columns of the terminal; undefined if it is none, or does not say: nothing is cut then. */
export function widthOf({ isTTY, columns }: Stream): number | undefined {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : undefined;
}
