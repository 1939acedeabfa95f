/**
 * PEM as Go's `encoding/pem` reads and writes it, because the text decides the PKI-ID (spec A 5.1)
 * and whether an identity is well formed (5.3): text before the block is passed over, headers are
 * skipped, spaces and both line ends are fine, and the caller learns what follows the block.
 */

/**
 * Blocks that begin and turn out broken before we give up. Go goes on to the end of the text; the
 * limit keeps hostile text linear. A file that people make has its block first.
 */
const BROKEN_BLOCKS_MAX = 16;

const BEGIN = "-----BEGIN ";
const END = "-----END ";
const DASHES = "-----";
const LINE_CHARACTERS = 64;

export interface PemBlock {
  /** What stands in the BEGIN line: `CERTIFICATE`, `X509 CRL`, ... May be empty. */
  readonly type: string;
  readonly der: Uint8Array;
  /** Whether anything follows the END line, be it an empty line. */
  readonly hasRest: boolean;
}

/** The first whole PEM block of the text; undefined if there is none. */
export function decodePem(bytes: Uint8Array): PemBlock | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  let at = 0;
  for (let attempt = 0; attempt < BROKEN_BLOCKS_MAX; attempt++) {
    const begin = findLine(text, BEGIN, at);
    if (begin < 0) return undefined;
    const outcome = readBlock(text, begin + BEGIN.length);
    if (typeof outcome !== "number") return outcome;
    at = outcome;
  }
  return undefined;
}

/** Where a line starts with `mark`: at `from` itself or after a later line feed; -1 if nowhere. */
function findLine(text: string, mark: string, from: number): number {
  if (text.startsWith(mark, from)) return from;
  const found = text.indexOf(`\n${mark}`, from);
  return found < 0 ? -1 : found + 1;
}

/** The line at `at` without its end and trailing blanks, and where the next line starts. */
function readLine(text: string, at: number): { readonly line: string; readonly next: number } {
  const feed = text.indexOf("\n", at);
  const end = feed < 0 ? text.length : feed;
  const line = text.slice(at, feed > at && text[feed - 1] === "\r" ? feed - 1 : end);
  return { line: trimBlanks(line), next: feed < 0 ? text.length : feed + 1 };
}

/** By hand: the obvious regular expression needs quadratic time on a long run of blanks. */
function trimBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === " " || line[end - 1] === "\t")) end--;
  return line.slice(0, end);
}

/** The block whose type starts at `at`, or where to look for the next one. */
function readBlock(text: string, at: number): PemBlock | number {
  const typeLine = readLine(text, at);
  if (!typeLine.line.endsWith(DASHES)) return typeLine.next;
  const type = typeLine.line.slice(0, -DASHES.length);

  let body = typeLine.next;
  for (;;) {
    if (body >= text.length) return text.length;
    const header = readLine(text, body);
    if (!header.line.includes(":")) break;
    body = header.next;
  }

  const hasHeaders = body !== typeLine.next;
  const end = !hasHeaders && text.startsWith(END, body) ? body : text.indexOf(`\n${END}`, body);
  if (end < 0) return text.length;
  const trailerAt = (text[end] === "\n" ? end + 1 : end) + END.length;
  const trailer = `${type}${DASHES}`;
  if (!text.startsWith(trailer, trailerAt)) return body;
  const afterEnd = readLine(text, trailerAt + trailer.length);
  if (afterEnd.line !== "") return body;

  const der = decodeBase64(text.slice(body, end));
  if (der === undefined) return body;
  return { type, der, hasRest: afterEnd.next < text.length };
}

/** Standard base64 with padding, spread over lines; undefined if anything else is in it. */
function decodeBase64(text: string): Uint8Array | undefined {
  const dense = text.replaceAll(/[ \t\r\n]+/g, "");
  if (dense.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(dense)) return undefined;
  return Buffer.from(dense, "base64");
}

/** The canonical text: lines of 64 characters, line feeds, one at the end. */
export function encodePem(type: string, der: Uint8Array): Uint8Array {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
  const lines = [`${BEGIN}${type}${DASHES}`];
  for (let at = 0; at < base64.length; at += LINE_CHARACTERS) {
    lines.push(base64.slice(at, at + LINE_CHARACTERS));
  }
  lines.push(`${END}${type}${DASHES}`, "");
  return Uint8Array.from(Buffer.from(lines.join("\n"), "latin1"));
}
