/** Pieces of a picture as SVG text. */

/** Escapes text, so that it contains no markup. */
export function escapeText(words: string): string {
  return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A whole picture, for a page or, with `isFile`, to be one. The title is read aloud, not shown. */
export function drawing(picture: {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly body: string;
  readonly isFile?: boolean;
}): string {
  const { width, height, title, body, isFile } = picture;
  const namespace = isFile ? ' xmlns="http://www.w3.org/2000/svg"' : "";
  const box = `viewBox="0 0 ${width} ${height}"`;
  return `<svg${namespace} ${box} role="img" aria-label="${escapeText(title)}">${body}</svg>`;
}

export function text(
  x: number,
  y: number,
  words: string,
  anchor = "start",
  style = "label",
): string {
  const place = `x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" class="${style}"`;
  return `<text ${place}>${escapeText(words)}</text>`;
}

/** A coordinate, to a tenth. */
export function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
