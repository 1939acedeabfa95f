/**
 * Bytes of a peer to message values, by table. Follows Fabric's Go decoder (google.golang.org/
 * protobuf): what it skips is skipped, and a sub-message that occurs twice is merged. Unlike it, the
 * decoder makes views instead of copies, leaves embedded messages alone and stops at limits before
 * it allocates.
 */
import { EMPTY_BYTES } from "./bytes.ts";
import { caseOf, isPlain } from "./plain.ts";
import type { Plain, PlainValue, Schema, Single, Slot, Value } from "./schema.ts";
import { decodeText } from "./text.ts";
import type { Verdict } from "./verdict.ts";

/** Why bytes are no message we take. Only the first is a fault to Fabric too; the rest are limits. */
export type WireFault =
  /** No protobuf, or a string that is no UTF-8. */
  | "malformed"
  /** More elements than the table allows, or more work in one message than any real one makes. */
  | "too-many"
  /** Nested deeper than {@link DEPTH_MAX}. */
  | "too-deep"
  /** A string longer than the table allows. */
  | "too-large";

/** Messages within messages, groups included; the deepest real ones have four. */
const DEPTH_MAX = 8;
/**
 * Work one message may cost: a unit for every field, known or not, and for every 32 bytes that
 * must be looked at or copied. The largest message we take has 50_000 fields (`DIGESTS_MAX`).
 * Spending it all takes less than 20 ms, so no message blocks the event loop for longer.
 */
const WORK_MAX = 60_000;
const BYTES_PER_WORK = 32;

const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const GROUP_START = 3;
const GROUP_END = 4;
const FIXED_32 = 5;
/** In place of a byte: the message ends here. */
const NO_BYTE = 256;

/** Where the decoder stands. */
type Cursor = {
  readonly bytes: Uint8Array;
  at: number;
  /** Where the message being read ends. */
  end: number;
  /** How many messages and groups we are in. */
  depth: number;
  /** What is left of {@link WORK_MAX}. */
  work: number;
  /** The first fault. From then on `at` is the end of all bytes, which ends every loop. */
  fault: WireFault | undefined;
  /** The last varint read, as two unsigned halves of 32 bits: most need no bigint. */
  low: number;
  high: number;
  /** The last tag read. */
  number: number;
  wireType: number;
};

/**
 * Decodes one message. Byte fields are views of `bytes`: who keeps one keeps the whole buffer, or
 * copies it. Never throws.
 */
export function decode<S extends Schema>(
  schema: S,
  bytes: Uint8Array,
): Verdict<Value<S>, WireFault>;
export function decode(schema: Schema, bytes: Uint8Array): Verdict<unknown, WireFault> {
  const cursor = cursorAt(bytes);
  const value = { ...schema.defaults };
  readMessage(cursor, schema, value);
  return outcomeOf(cursor, value);
}

function outcomeOf({ fault }: Cursor, value: Plain): Verdict<unknown, WireFault> {
  return fault === undefined ? { ok: true, value } : { ok: false, code: fault };
}

/** Read in about a millisecond. */
const FIELDS_AT_ONCE = 1_000;

/** The same in turns, for messages of many fields: it may stop after each field of the outermost one. */
export function decodeInTurns<S extends Schema>(
  schema: S,
  bytes: Uint8Array,
): Generator<undefined, Verdict<Value<S>, WireFault>, undefined>;
export function* decodeInTurns(
  schema: Schema,
  bytes: Uint8Array,
): Generator<undefined, Verdict<unknown, WireFault>, undefined> {
  const cursor = cursorAt(bytes);
  const value = { ...schema.defaults };
  for (let fields = 1; cursor.at < cursor.end; fields++) {
    readField(cursor, schema, value);
    if (fields % FIELDS_AT_ONCE === 0) yield undefined;
  }
  return outcomeOf(cursor, value);
}

function cursorAt(bytes: Uint8Array): Cursor {
  return {
    bytes,
    at: 0,
    end: bytes.length,
    depth: 1,
    work: WORK_MAX,
    fault: undefined,
    low: 0,
    high: 0,
    number: 0,
    wireType: 0,
  };
}

function fail(cursor: Cursor, fault: WireFault): void {
  cursor.fault ??= fault;
  cursor.at = cursor.bytes.length;
}

function spend(cursor: Cursor, work: number): void {
  cursor.work -= work;
  if (cursor.work < 0) fail(cursor, "too-many");
}

function readMessage(cursor: Cursor, schema: Schema, value: Plain): void {
  while (cursor.at < cursor.end) readField(cursor, schema, value);
}

function readField(cursor: Cursor, { byNumber }: Schema, value: Plain): void {
  readTag(cursor);
  if (cursor.fault !== undefined) return;
  const slot = cursor.number < byNumber.length ? byNumber[cursor.number] : undefined;
  if (slot === undefined || slot.wireType !== cursor.wireType) skipField(cursor);
  else if (slot.wireType === VARINT) value[slot.key] = inCase(slot, readNumber(cursor, slot.field));
  else readDelimited(cursor, slot, value);
}

/** The value of a field, or of a oneof if the field is one of its cases. */
function inCase({ type }: Slot, value: PlainValue): PlainValue {
  return type === undefined ? value : { type, value };
}

/** Reads a field's tag: its number, from 1 to 2^29 - 1, and its wire type. */
function readTag(cursor: Cursor): void {
  spend(cursor, 1);
  readVarint(cursor);
  cursor.number = cursor.low >>> 3;
  cursor.wireType = cursor.low & 7;
  if (cursor.number === 0 || cursor.high !== 0) fail(cursor, "malformed");
}

/** Reads a varint of at most ten bytes, 64 bits, into `low` and `high`. Most take one byte. */
function readVarint(cursor: Cursor): void {
  const first = cursor.at < cursor.end ? (cursor.bytes[cursor.at] ?? 0) : NO_BYTE;
  if (first < 0x80) {
    cursor.at++;
    cursor.low = first;
    cursor.high = 0;
  } else readLongVarint(cursor);
}

function readLongVarint(cursor: Cursor): void {
  const { bytes, end } = cursor;
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = cursor.at < end ? (bytes[cursor.at++] ?? 0) : NO_BYTE;
    if (byte > (shift === 63 ? 1 : 255)) break;
    if (shift < 32) low |= (byte & 0x7f) << shift;
    if (shift > 21) high |= highBits(byte & 0x7f, shift);
    if (byte < 0x80) {
      cursor.low = low >>> 0;
      cursor.high = high >>> 0;
      return;
    }
  }
  fail(cursor, "malformed");
}

/** What seven bits, shifted by 28 or more, put into the upper half. */
function highBits(bits: number, shift: number): number {
  return shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32);
}

/** Reads a length and returns where the field ends, which is never beyond the message. */
function readLength(cursor: Cursor): number {
  readVarint(cursor);
  const isInside = cursor.high === 0 && cursor.low <= cursor.end - cursor.at;
  if (!isInside) fail(cursor, "malformed");
  return isInside ? cursor.at + cursor.low : cursor.at;
}

function readNumber(cursor: Cursor, field: Single): PlainValue {
  readVarint(cursor);
  const { low, high } = cursor;
  if (field.kind === "bool") return low !== 0 || high !== 0;
  // Of 32 bits: Go drops the upper half as well.
  if (field.kind === "enum" || field.kind === "int32") return low | 0;
  if (field.kind === "uint32") return low;
  const value = high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
  return field.kind === "int64" ? BigInt.asIntN(64, value) : value;
}

function readDelimited(cursor: Cursor, slot: Slot, value: Plain): void {
  const end = readLength(cursor);
  if (cursor.fault !== undefined) return;
  const current = value[slot.key];
  if (slot.type !== undefined) {
    // The same case of a oneof twice is merged; another case replaces it.
    const started = caseOf(slot, current);
    value[slot.key] = inCase(slot, readItem(cursor, slot.field, started, end));
  } else if (slot.itemsMax === undefined) {
    value[slot.key] = readItem(cursor, slot.field, current, end);
  } else {
    // The default, an empty list, is shared by all messages: the first item starts a new one.
    const list = Array.isArray(current) && current.length > 0 ? current : [];
    if (list.length < slot.itemsMax) list.push(readItem(cursor, slot.field, undefined, end));
    else fail(cursor, "too-many");
    value[slot.key] = list;
  }
}

/** Reads one length-delimited item that ends at `end`; `started` is what the field holds so far. */
function readItem(cursor: Cursor, field: Single, started: PlainValue, end: number): PlainValue {
  switch (field.kind) {
    case "message":
      return readNested(cursor, field.schema, started, end);
    case "string":
      return readString(cursor, end, field.bytesMax);
    case "embedded":
      return join(cursor, started, takeBytes(cursor, end));
    default:
      return takeBytes(cursor, end);
  }
}

function readNested(cursor: Cursor, schema: Schema, started: PlainValue, end: number): Plain {
  const value = isPlain(started) ? started : { ...schema.defaults };
  const outerEnd = cursor.end;
  cursor.end = end;
  cursor.depth++;
  if (cursor.depth > DEPTH_MAX) fail(cursor, "too-deep");
  readMessage(cursor, schema, value);
  cursor.depth--;
  cursor.end = outerEnd;
  return value;
}

function readString(cursor: Cursor, end: number, bytesMax: number): string {
  const length = end - cursor.at;
  if (length > bytesMax) fail(cursor, "too-large");
  spend(cursor, length / BYTES_PER_WORK);
  if (cursor.fault !== undefined) return "";
  const text = decodeText(cursor.bytes, cursor.at, end);
  if (text === undefined) fail(cursor, "malformed");
  else cursor.at = end;
  return text ?? "";
}

function takeBytes(cursor: Cursor, end: number): Uint8Array {
  const start = cursor.at;
  cursor.at = end;
  return start === end ? EMPTY_BYTES : cursor.bytes.subarray(start, end);
}

/** Merges an embedded message that occurs twice: joined encodings are the encoding of the merger. */
function join(cursor: Cursor, started: PlainValue, next: Uint8Array): Uint8Array {
  if (!(started instanceof Uint8Array) || started.length === 0) return next;
  const length = started.length + next.length;
  spend(cursor, length / BYTES_PER_WORK);
  if (cursor.fault !== undefined) return EMPTY_BYTES;
  const joined = new Uint8Array(length);
  joined.set(started);
  joined.set(next, started.length);
  return joined;
}

/** Passes over a field we do not know, or one of an unexpected wire type: as in Go, that is no fault. */
function skipField(cursor: Cursor): void {
  const { wireType } = cursor;
  if (wireType === VARINT) readVarint(cursor);
  else if (wireType === DELIMITED) cursor.at = readLength(cursor);
  else if (wireType === FIXED_32) skipBytes(cursor, 4);
  else if (wireType === FIXED_64) skipBytes(cursor, 8);
  else if (wireType === GROUP_START) skipGroup(cursor);
  else fail(cursor, "malformed"); // The end of a group that never began, or no wire type at all.
}

function skipBytes(cursor: Cursor, length: number): void {
  if (length > cursor.end - cursor.at) fail(cursor, "malformed");
  else cursor.at += length;
}

/** Passes over a group, an obsolete form of message that ends with a tag of its own number. */
function skipGroup(cursor: Cursor): void {
  const { number } = cursor;
  cursor.depth++;
  if (cursor.depth > DEPTH_MAX) fail(cursor, "too-deep");
  while (cursor.fault === undefined) {
    readTag(cursor);
    if (cursor.wireType === GROUP_END) break;
    skipField(cursor);
  }
  if (cursor.number !== number) fail(cursor, "malformed");
  cursor.depth--;
}
