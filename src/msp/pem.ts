/**
 * PEM as Go's `encoding/pem` reads and writes it, because the text decides the PKI-ID (spec A 5.1)
 * and whether an identity is well formed (5.3): text before the block is passed over, headers are
 * skipped, spaces and both line ends are fine, and the caller learns what follows the block.
 */

const BEGIN = "-----BEGIN ";
const END = "\n-----END ";
const DASHES = "-----";
const LINE_CHARACTERS = 64;

export interface PemBlock {
  /** Label of the BEGIN line: `CERTIFICATE`, `X509 CRL`, ... May be empty. */
  readonly type: string;
  readonly der: Uint8Array;
  /** Whether anything follows the END line, even an empty line. */
  readonly hasRest: boolean;
  /** Whether lines with a colon stand before its base64. */
  readonly hasHeaders: boolean;
}

/**
 * The first complete PEM block of the text; undefined if there is none. A block lies between an END
 * line and the last BEGIN line before it, so that each part of the text is read once.
 */
export function decodePem(bytes: Uint8Array): PemBlock | undefined {
  return findBlock(textOf(bytes), 0)?.block;
}

/** Every complete block, in the order of the text. */
export function decodePemBlocks(bytes: Uint8Array): readonly PemBlock[] {
  const text = textOf(bytes);
  const blocks: PemBlock[] = [];
  for (let found = findBlock(text, 0); found !== undefined; found = findBlock(text, found.next)) {
    blocks.push(found.block);
  }
  return blocks;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** A block, and where the line after it starts. */
interface Found {
  readonly block: PemBlock;
  readonly next: number;
}

function findBlock(text: string, start: number): Found | undefined {
  for (let from = start; ; ) {
    const end = text.indexOf(END, from);
    if (end < 0) return undefined;
    const begin = text.slice(from, end).lastIndexOf(BEGIN);
    const isLine = begin === 0 || (begin > 0 && text[from + begin - 1] === "\n");
    const outcome = isLine ? readBlock(text, from + begin + BEGIN.length, end) : "broken";
    if (outcome !== "broken") return outcome;
    from = end + END.length;
  }
}

/** The line at `at` without its end and trailing blanks, and where the next line starts. */
function readLine(text: string, at: number): { readonly line: string; readonly next: number } {
  const feed = text.indexOf("\n", at);
  const end = feed < 0 ? text.length : feed;
  const line = text.slice(at, feed > at && text[feed - 1] === "\r" ? feed - 1 : end);
  return { line: trimBlanks(line), next: feed < 0 ? text.length : feed + 1 };
}

/** Without a regular expression, which would need quadratic time on a long run of blanks. */
function trimBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === " " || line[end - 1] === "\t")) end--;
  return line.slice(0, end);
}

/** The block whose type starts at `at`; undefined: Go would stop searching. */
function readBlock(text: string, at: number, end: number): Found | "broken" | undefined {
  const typeLine = readLine(text, at);
  if (!typeLine.line.endsWith(DASHES)) return "broken";
  const type = typeLine.line.slice(0, -DASHES.length);

  const body = skipHeaders(text, typeLine.next);
  const trailerAt = end + END.length;
  if (body >= text.length || trailerAt < body) return undefined;
  if (body !== typeLine.next && end < body) return "broken";
  const trailer = `${type}${DASHES}`;
  if (!text.startsWith(trailer, trailerAt)) return "broken";
  const afterEnd = readLine(text, trailerAt + trailer.length);
  if (afterEnd.line !== "") return "broken";

  const der = decodeBase64(text.slice(body, end));
  if (der === undefined) return "broken";
  const { next } = afterEnd;
  const hasHeaders = body !== typeLine.next;
  return { block: { type, der, hasRest: next < text.length, hasHeaders }, next };
}

/** Offset of the first line without a colon. */
function skipHeaders(text: string, at: number): number {
  let next = at;
  while (next < text.length) {
    const header = readLine(text, next);
    if (!header.line.includes(":")) break;
    next = header.next;
  }
  return next;
}

/**
 * Standard base64 with padding over several lines; undefined if it contains anything else. Node takes the
 * two characters of addresses too, and passes over all others, which leaves fewer bytes.
 */
function decodeBase64(text: string): Uint8Array | undefined {
  const dense = text.replaceAll(/[ \t\r\n]+/g, "");
  if (dense.length % 4 !== 0 || dense.includes("-") || dense.includes("_")) return undefined;
  const padding = dense.endsWith("==") ? 2 : Number(dense.endsWith("="));
  const bytes = Buffer.from(dense, "base64");
  return bytes.length === (dense.length / 4) * 3 - padding ? bytes : undefined;
}

/** The canonical text: lines of 64 characters, line feeds, one at the end. */
export function encodePem(type: string, der: Uint8Array): Uint8Array {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
  const lines = [`${BEGIN}${type}${DASHES}`];
  for (let at = 0; at < base64.length; at += LINE_CHARACTERS) {
    lines.push(base64.slice(at, at + LINE_CHARACTERS));
  }
  return Uint8Array.from(Buffer.from(`${lines.join("\n")}${END}${type}${DASHES}\n`, "latin1"));
}
