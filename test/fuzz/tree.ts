/** Inputs as trees of tagged fields, so that a mutation can break one rule and keep the others. */
import { findDerContent } from "../../src/msp/der.ts";

/** A field of a protobuf message, an element of DER, or a line of text. */
export interface Field {
  /** Protobuf: number times 8 plus wire type. DER: the tag byte. Lines: 0. */
  tag: number;
  body: Uint8Array | Field[];
  /** Added to the length that is written: 0 is the truth. */
  lie: number;
}

/** How bytes become a tree and back. Whole trees that nobody has changed are written as they were. */
export interface Grammar {
  /** Undefined: the bytes do not follow the grammar. */
  parse(bytes: Uint8Array): Field[] | undefined;
  write(fields: readonly Field[]): Uint8Array;
  /** Tags that are worth trying. */
  readonly tags: readonly number[];
}

/** Deeper messages are left as bytes. */
const DEPTH_MAX = 8;

export function isTree(body: Field["body"]): body is Field[] {
  return Array.isArray(body);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = Math.max(0, value);
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.of(...bytes, rest);
}

/** Where the varint at `at` ends and its value, up to 2^53; undefined if it never ends. */
function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return { value, end: at + i + 1 };
  }
  return undefined;
}

const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 3: 0, 4: 0, 5: 4 };

/** Where the content of a field starts and ends, which is not beyond the bytes. */
function findContent(
  bytes: Uint8Array,
  at: number,
  wireType: number,
): { start: number; end: number } | undefined {
  const number = wireType === 0 || wireType === 2 ? readVarint(bytes, at) : undefined;
  if (wireType === 0) return number && { start: at, end: number.end };
  const start = number?.end ?? at;
  const end = start + (number?.value ?? FIXED_BYTES[wireType] ?? Number.NaN);
  return end <= bytes.length ? { start, end } : undefined;
}

function parseProtobuf(bytes: Uint8Array, depth = 0): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const head = readVarint(bytes, at);
    if (head === undefined || head.value < 8 || head.value > 0xffff) return undefined;
    const found = findContent(bytes, head.end, head.value % 8);
    if (found === undefined) return undefined;
    at = found.end;
    const content = bytes.slice(found.start, found.end);
    const isParent = head.value % 8 === 2 && content.length > 0 && depth < DEPTH_MAX;
    const inner = isParent ? parseProtobuf(content, depth + 1) : undefined;
    fields.push({ tag: head.value, body: inner ?? content, lie: 0 });
  }
  return fields;
}

function writeProtobuf(fields: readonly Field[]): Uint8Array {
  return join(
    fields.flatMap(({ tag, body, lie }) => {
      const content = isTree(body) ? writeProtobuf(body) : body;
      if (tag % 8 !== 2) return [varint(tag), content];
      return [varint(tag), varint(content.length + lie), content];
    }),
  );
}

/** Field numbers 1 to 26 with every wire type. */
export const PROTOBUF: Grammar = {
  parse: (bytes) => parseProtobuf(bytes),
  write: writeProtobuf,
  tags: Array.from({ length: 26 * 8 }, (_, i) => i + 8),
};

const OCTET_STRING = 0x04;
const CONSTRUCTED = 0x20;

function parseDer(bytes: Uint8Array, depth = 0): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const found = findDerContent(bytes, at);
    if (found === undefined) return undefined;
    const tag = bytes[at] ?? 0;
    const content = bytes.slice(found.start, found.end);
    // The value of an extension is DER within an octet string.
    const isParent = (tag & CONSTRUCTED) !== 0 || tag === OCTET_STRING;
    const inner =
      isParent && content.length > 0 && depth < 2 * DEPTH_MAX
        ? parseDer(content, depth + 1)
        : undefined;
    fields.push({ tag, body: inner ?? content, lie: 0 });
    at = found.end;
  }
  return fields;
}

function derLength(length: number): Uint8Array {
  if (length < 128) return Uint8Array.of(Math.max(0, length));
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.of(128 | bytes.length, ...bytes);
}

function writeDer(fields: readonly Field[]): Uint8Array {
  return join(
    fields.flatMap(({ tag, body, lie }) => {
      const content = isTree(body) ? writeDer(body) : body;
      return [Uint8Array.of(tag), derLength(content.length + lie), content];
    }),
  );
}

export const DER: Grammar = {
  parse: (bytes) => parseDer(bytes),
  write: writeDer,
  tags: [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x1f, 0x30,
    0x31, 0x80, 0x81, 0x82, 0x86, 0x87, 0xa0, 0xa1, 0xa3,
  ],
};

const LINE_FEED = 10;

function parseLines(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, at);
    const end = feed < 0 ? bytes.length : feed + 1;
    fields.push({ tag: 0, body: bytes.slice(at, end), lie: 0 });
    at = end;
  }
  return fields;
}

/** Text: one flat field for each line, its line feed included. */
export const LINES: Grammar = {
  parse: parseLines,
  write: (fields) => join(fields.map(({ body }) => (isTree(body) ? LINES.write(body) : body))),
  tags: [0],
};
