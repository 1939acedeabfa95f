/**
 * Message values to bytes, by table: fields in ascending order, defaults left out, which is what
 * Fabric's Go encoder writes for these messages. Works from the last byte to the first, so that the
 * length of a sub-message is known by the time it is written and nothing is measured twice.
 */
import { isPlain } from "./plain.ts";
import {
  type Init,
  isDefault,
  type Plain,
  type PlainValue,
  type Schema,
  type Single,
  type Slot,
} from "./schema.ts";

const UTF8 = new TextEncoder();
/** Takes numbers of 64 bits apart, without a bigint for each half. */
const HALVES = new DataView(new ArrayBuffer(8));
/**
 * Where messages are put together, before they are copied into memory of just their length: room that
 * is made anew for each is slow, as the system hands it out page by page.
 */
let scratch = new Uint8Array(4_096);
/** Maximum scratch size to keep: a list of 4,000 members with their certificates; larger messages are rare. */
const SCRATCH_BYTES_MAX = 4_194_304;

/** Up to this many characters are written one by one: calling for so few costs more than they do. */
const SHORT_TEXT = 64;
const ASCII_MAX = 0x7f;

/** What is written lies between `at` and the end of `bytes`. */
type Writer = { bytes: Uint8Array<ArrayBuffer>; at: number };

/**
 * Encodes a message into a buffer of its own; missing fields are left at their defaults. A bigint
 * outside [0, 2^64) is the caller's mistake and throws.
 */
export function encode<S extends Schema>(schema: S, init: Init<S>): Uint8Array;
export function encode(schema: Schema, init: unknown): Uint8Array {
  return take(write(schema, init));
}

/**
 * Encodes a message as the only field, of this number, of another one: a long list is then copied once,
 * not twice. The field of an empty message is left out.
 */
export function encodeInField<S extends Schema>(
  schema: S,
  init: Init<S>,
  field: number,
): Uint8Array {
  const writer = write(schema, init);
  const length = writer.bytes.length - writer.at;
  if (length > 0) {
    writeVarint(writer, length);
    writeVarint(writer, field * 8 + 2);
  }
  return take(writer);
}

function write(schema: Schema, init: unknown): Writer {
  const writer: Writer = { bytes: scratch, at: scratch.length };
  if (isPlain(init)) writeMessage(writer, schema, init);
  return writer;
}

/** What was written, in memory of just its length. */
function take(writer: Writer): Uint8Array {
  if (writer.bytes.length <= SCRATCH_BYTES_MAX) scratch = writer.bytes;
  return writer.bytes.slice(writer.at);
}

function writeMessage(writer: Writer, schema: Schema, message: Plain): void {
  for (let i = schema.rows.length - 1; i >= 0; i--) {
    const row = schema.rows[i];
    if (row === undefined) continue;
    const held = message[row.key];
    if (row.slot === undefined) writeCase(writer, row.cases, held);
    else writeSlot(writer, row.slot, held, schema.isMapEntry);
  }
}

/** That a oneof holds a case is always said, even if the case is empty. */
function writeCase(writer: Writer, cases: ReadonlyMap<unknown, Slot>, held: PlainValue): void {
  if (!isPlain(held)) return;
  const slot = cases.get(held["type"]);
  if (slot !== undefined && held["value"] !== undefined) writeField(writer, slot, held["value"]);
}

/** So is what key and value an entry of a map has. */
function writeSlot(writer: Writer, slot: Slot, value: PlainValue, isMapEntry: boolean): void {
  if (value === undefined || (!isMapEntry && isDefault(value))) return;
  if (!Array.isArray(value)) writeField(writer, slot, value);
  else for (let i = value.length - 1; i >= 0; i--) writeField(writer, slot, value[i]);
}

function writeField(writer: Writer, slot: Slot, value: PlainValue): void {
  const bytesAfter = writer.bytes.length - writer.at;
  writeValue(writer, slot, value);
  if (slot.wireType === 2) writeVarint(writer, writer.bytes.length - writer.at - bytesAfter);
  writeVarint(writer, slot.field.number * 8 + slot.wireType);
}

function writeValue(writer: Writer, { field, name }: Slot, value: PlainValue): void {
  if (typeof value === "bigint") writeLong(writer, field.kind, value);
  else if (typeof value === "boolean") writeVarint(writer, value ? 1 : 0);
  else if (typeof value === "number") writeShort(writer, value);
  else if (typeof value === "string") writeText(writer, value);
  else if (value instanceof Uint8Array) writeBytes(writer, value);
  else if (isPlain(value) && field.kind === "message") writeMessage(writer, field.schema, value);
  else throw new TypeError(`${name}: not a value of kind ${field.kind}`);
}

function writeLong(writer: Writer, kind: Single["kind"], value: bigint): void {
  writeUint64(writer, kind === "int64" ? BigInt.asUintN(64, value) : value);
}

/** An enum or a number of 32 bits. */
function writeShort(writer: Writer, value: number): void {
  // Protobuf sends a negative one as the 64-bit number it is a part of.
  if (value < 0) writeUint64(writer, BigInt.asUintN(64, BigInt(value)));
  else writeVarint(writer, value);
}

function writeUint64(writer: Writer, value: bigint): void {
  HALVES.setBigUint64(0, value);
  if (HALVES.getBigUint64(0) !== value) throw new RangeError(`${value} is no uint64`);
  writeVarint(writer, HALVES.getUint32(4), HALVES.getUint32(0));
}

/** Writes a number of 64 bits, given as two unsigned halves of 32 bits. */
function writeVarint(writer: Writer, low: number, high = 0): void {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
  const length = Math.max(1, Math.ceil(bits / 7));
  reserve(writer, length);
  writer.at -= length;
  for (let i = 0; i < length; i++) {
    const shift = 7 * i;
    let byte = shift < 32 ? low >>> shift : high >>> (shift - 32);
    if (shift === 28) byte |= high << 4; // The one byte with bits of both halves.
    writer.bytes[writer.at + i] = i === length - 1 ? byte & 0x7f : byte | 0x80;
  }
}

function writeText(writer: Writer, text: string): void {
  if (text.length > SHORT_TEXT || !writeAscii(writer, text)) writeBytes(writer, UTF8.encode(text));
}

/** False: it is something else, and nothing is written. */
function writeAscii(writer: Writer, text: string): boolean {
  const { length } = text;
  reserve(writer, length);
  const at = writer.at - length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > ASCII_MAX) return false;
    writer.bytes[at + i] = code;
  }
  writer.at = at;
  return true;
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  reserve(writer, bytes.length);
  writer.at -= bytes.length;
  writer.bytes.set(bytes, writer.at);
}

/** Makes room for `length` more bytes in front of what is written. */
function reserve(writer: Writer, length: number): void {
  if (length <= writer.at) return;
  const written = writer.bytes.subarray(writer.at);
  const capacity = Math.max(writer.bytes.length * 2, writer.bytes.length + length);
  writer.bytes = new Uint8Array(capacity);
  writer.at = capacity - written.length;
  writer.bytes.set(written, writer.at);
}
