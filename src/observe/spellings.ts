/** Bytes as people have them: what a text may mean. Each meaning is tried; most of them are nonsense. */

const FRAME_BYTES = 5;
/** Fewer are no message, and texts are full of them. */
const ARRAY_MIN = 8;
/** Strings within a text that are tried, the longest of them. */
const QUOTED_MAX = 20;

/**
 * What the input may mean, the likeliest first: hex (with colons, dashes, blanks, percent signs or 0x, or
 * as a dump), base64 in either alphabet, arrays of numbers, escaped strings, any of it within quotes or
 * in UTF-16, or the bytes as they are; each with and without the frame that gRPC puts before it.
 */
export function spellingsOf(input: Uint8Array): readonly Uint8Array[] {
  const text = textOf(input);
  const found = text === undefined ? [] : [...spelled(text), ...quoted(text).flatMap(spelled)];
  return [...found, input].flatMap((bytes) =>
    bytesMissing(bytes) === 0 ? [bytes, bytes.subarray(FRAME_BYTES)] : [bytes],
  );
}

/** How many bytes a frame of gRPC lacks, less than none if more follow; undefined: it is no frame. */
export function bytesMissing(bytes: Uint8Array): number | undefined {
  if (bytes.length <= FRAME_BYTES || bytes[0] !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint32(1) + FRAME_BYTES - bytes.length;
}

function spelled(text: string): Uint8Array[] {
  const dense = text.replace(/[\s"']+/g, "");
  const isBase64 = /^[\w+/-]+={0,2}$/.test(dense);
  return [
    ...dumped(text),
    ...numbered(text),
    ...hexed(text),
    ...(isBase64 ? [Buffer.from(dense, "base64")] : []),
    ...escaped(text),
  ];
}

/** An array as programs print it: xxd -i, JSON, Go, Python. */
function numbered(text: string): Uint8Array[] {
  const inHex = text.match(/0x[0-9a-f]{1,2}\b/gi) ?? [];
  const list = /[[{(]([\d\s,]+)[\]})]/.exec(text)?.[1] ?? /^[\d\s,]+$/.exec(text)?.[0];
  const inDecimal = list?.match(/\d+/g) ?? [];
  return [inHex, inDecimal].flatMap((words) => {
    const numbers = words.map(Number);
    const areBytes = numbers.length > ARRAY_MIN && numbers.every((number) => number < 256);
    return areBytes ? [Buffer.from(numbers)] : [];
  });
}

function hexed(text: string): Uint8Array[] {
  const ofNode = /<Buffer ([0-9a-f ]+)>/i.exec(text)?.[1];
  if (ofNode !== undefined) return [Buffer.from(ofNode.replaceAll(" ", ""), "hex")];
  const hex = text.replace(/0x|\\x|[\s:,"'%-]+/gi, "");
  return hex.length % 2 === 0 && /^[0-9a-f]+$/i.test(hex) ? [Buffer.from(hex, "hex")] : [];
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8, f: 12, v: 11 };

/** A string with escapes, as Python, C and protobuf's text form print bytes. */
function escaped(text: string): Uint8Array[] {
  if (!text.includes("\\")) return [];
  const body = /^\s*b?(["'])(.*)\1\s*$/s.exec(text)?.[2] ?? text.trim();
  const bytes: number[] = [];
  for (const [all, hex, octal, letter] of body.matchAll(
    /\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))|[^\\]/gis,
  )) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 255);
    else bytes.push(ESCAPES[letter ?? ""] ?? all.charCodeAt(all.length - 1));
  }
  return [Buffer.from(bytes)];
}

/** The strings in JSON, the data of a data: URL. */
function quoted(text: string): string[] {
  const urls = text.match(/(?<=base64,)[\w+/=-]+/g) ?? [];
  const strings = text.includes('"') ? text.split('"') : []; // What is between them is there as well.
  const unescaped = [...urls, ...strings].map((string) => string.replaceAll("\\/", "/"));
  return unescaped.sort((a, b) => b.length - a.length).slice(0, QUOTED_MAX);
}

/**
 * `00000000: 0a53 1801  .S..` of xxd, `00000000  0a 53 18 01  |.S..|` of hexdump -C, and the same of od,
 * whose addresses are octal.
 */
const DUMP_LINE =
  /^\s*[0-9a-f]{4,16}:?\s+((?:[0-9a-f]{2,8}(?![0-9a-f]) {0,2}){1,32})(?:\s{1,4}.*)?$/i;

interface Dump {
  hex: string;
  /** In bytes. */
  length: number;
  /** The last line. */
  last: string;
}

/** A line of nothing but an address, at the end: the length of all. */
const DUMP_END = /^\s*[0-9a-f]{4,16}:?\s*$/i;
/** Lines like the one before are left out by hexdump and od; a dump that leaves out more is none. */
const DUMP_HEX_MAX = 134_217_728;

/** The bytes of a dump. The addresses in front must count up. */
function dumped(text: string): Uint8Array[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const dump = readDump(lines, 16) ?? readDump(lines, 8);
  if (dump === undefined) return [];
  const bytes = Buffer.from(dump.hex, "hex");
  const swapped = Buffer.from(bytes);
  if (bytes.length % 2 === 0) swapped.swap16(); // Words of hexdump and od -x, their bytes turned around.
  return [bytes.subarray(0, dump.length), swapped.subarray(0, dump.length)];
}

function readDump(lines: readonly string[], radix: number): Dump | undefined {
  const dump = { hex: "", length: 0, last: "" };
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "*") continue;
    const address = Number.parseInt(line.trim(), radix);
    if (lines[i - 1]?.trim() === "*") repeatLast(dump, address);
    const isEnd = i > 0 && i === lines.length - 1 && DUMP_END.test(line);
    // Of words the last may be filled up.
    if (isEnd && (dump.length === address || dump.length === address + 1)) {
      return { ...dump, length: address };
    }
    const hex = DUMP_LINE.exec(line)?.[1]?.replaceAll(" ", "").slice(0, 64);
    if (hex === undefined || dump.length !== address) return undefined;
    add(dump, hex);
    dump.last = hex;
  }
  return dump.hex === "" ? undefined : dump;
}

/** Fills in the lines between the last one and this address. */
function repeatLast(dump: Dump, address: number): void {
  if (dump.last === "") return;
  const times = Math.floor((2 * (address - dump.length)) / dump.last.length);
  if (times > 0 && 2 * address < DUMP_HEX_MAX) add(dump, dump.last.repeat(times));
}

function add(dump: Dump, hex: string): void {
  dump.hex += hex;
  dump.length += hex.length / 2;
}

/** The input as text; undefined if it has other characters than ASCII. */
function textOf(input: Uint8Array): string | undefined {
  const isWide = input[0] === 0xff && input[1] === 0xfe;
  const decoded = isWide ? new TextDecoder("utf-16le").decode(input) : undefined;
  if (decoded !== undefined) return /^[\t\n\r -~]*$/.test(decoded) ? decoded : undefined;
  const hasMark = input[0] === 0xef && input[1] === 0xbb && input[2] === 0xbf;
  const body = hasMark ? input.subarray(3) : input;
  return body.some((byte) => byte > 0x7e) ? undefined : Buffer.from(body).toString("latin1");
}
