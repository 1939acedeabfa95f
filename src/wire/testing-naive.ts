/** For tests: a decoder straight from the protobuf specification, slow, without views or limits. */
import type { Plain, PlainValue, Schema, Single, Slot } from "./schema.ts";

/** A field as it stands on the wire. */
interface RawField {
  readonly number: number;
  readonly wireType: number;
  readonly value: bigint;
  readonly bytes: Uint8Array;
}

/** The value of a message, or undefined if it is none. */
export function decodeNaively(schema: Schema, bytes: Uint8Array): Plain | undefined {
  const fields = readFields(bytes);
  if (fields === undefined) return undefined;
  const message: Plain = {};
  for (const [key, slots] of Map.groupBy(schema.slots, (slot) => slot.key)) {
    const found = fields.filter((raw) => slots.some((slot) => isFor(slot, raw)));
    // Whatever comes of it, each of them must be right by itself.
    for (const raw of found) {
      const slot = slots.find((one) => isFor(one, raw));
      if (slot === undefined || decodeField(slot.field, raw) === undefined) return undefined;
    }
    message[key] = whatRemains(slots, found);
  }
  return message;
}

function isFor(slot: Slot, { number, wireType }: RawField): boolean {
  return slot.field.number === number && slot.wireType === wireType;
}

/** What all the fields of one property amount to: a list, the last, or all of the last put together. */
function whatRemains(slots: readonly Slot[], found: readonly RawField[]): PlainValue {
  const last = found.at(-1);
  const slot = slots.find((one) => last !== undefined && isFor(one, last)) ?? slots[0];
  if (slot === undefined) return undefined;
  const { field, itemsMax, type } = slot;
  if (itemsMax !== undefined) return found.map((raw) => decodeField(field, raw));
  if (last === undefined) return type === undefined ? defaultOf(field) : undefined;
  if (field.kind !== "message" && field.kind !== "embedded") {
    const alone = decodeField(field, last);
    return type === undefined ? alone : { type, value: alone };
  }
  const other = found.findLastIndex(({ number }) => number !== last.number);
  const joined = found.slice(other + 1).flatMap(({ bytes }) => [...bytes]);
  const value = decodeField(field, { ...last, bytes: Uint8Array.from(joined) });
  return type === undefined ? value : { type, value };
}

function defaultOf(field: Single): PlainValue {
  const numbers = { uint64: 0n, int64: 0n, uint32: 0, int32: 0, enum: 0 };
  const defaults = { ...numbers, bool: false, string: "", message: undefined };
  return field.kind === "bytes" || field.kind === "embedded"
    ? new Uint8Array(0)
    : defaults[field.kind];
}

function decodeField(field: Single, { value, bytes }: RawField): PlainValue {
  switch (field.kind) {
    case "uint64":
      return value;
    case "bool":
      return value !== 0n;
    case "int64":
      return BigInt.asIntN(64, value);
    case "uint32":
      return Number(BigInt.asUintN(32, value));
    case "int32":
    case "enum":
      return Number(BigInt.asIntN(32, value));
    case "message":
      return decodeNaively(field.schema, bytes);
    case "string":
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        return undefined;
      }
    default:
      return Uint8Array.from(bytes);
  }
}

/** All fields in order; groups are passed over. */
function readFields(bytes: Uint8Array): RawField[] | undefined {
  const fields: RawField[] = [];
  const groups: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    if (tag === undefined || tag.value >> 32n !== 0n || tag.value < 8n) return undefined;
    const [number, wireType] = [Number(tag.value >> 3n), Number(tag.value & 7n)];
    const field = readBody(bytes, tag.end, wireType);
    if (field === undefined) return undefined;
    if (wireType === 3) groups.push(number);
    if (wireType === 4 && groups.pop() !== number) return undefined;
    if (wireType < 3 && groups.length === 0) fields.push({ number, wireType, ...field });
    at = field.end;
  }
  return groups.length === 0 ? fields : undefined;
}

function readBody(
  bytes: Uint8Array,
  at: number,
  wireType: number,
): { value: bigint; bytes: Uint8Array; end: number } | undefined {
  const varint = wireType === 0 || wireType === 2 ? readVarint(bytes, at) : undefined;
  const lengths: Readonly<Record<number, number>> = { 1: 8, 3: 0, 4: 0, 5: 4 };
  const start = varint?.end ?? at;
  const length =
    wireType === 0 ? 0 : wireType === 2 ? varint && Number(varint.value) : lengths[wireType];
  if (length === undefined || start + length > bytes.length) return undefined;
  if (wireType === 0 && varint === undefined) return undefined;
  const end = start + length;
  return { value: varint?.value ?? 0n, bytes: bytes.slice(start, end), end };
}

function readVarint(bytes: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return value < 2n ** 64n ? { value, end: at + i + 1 } : undefined;
  }
  return undefined;
}
