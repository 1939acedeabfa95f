/** Protobuf JSON of messages, with Fabric's field names. */
import { toBase64 } from "./bytes.ts";
import { decode } from "./decode.ts";
import { GOSSIP_MESSAGE, type GossipMessage } from "./messages.ts";
import { caseOf, isPlain } from "./plain.ts";
import {
  isDefault,
  type Plain,
  type PlainValue,
  type Schema,
  type Slot,
  type Value,
} from "./schema.ts";

/**
 * A GossipMessage as protobuf JSON: defaults left out, uint64 as decimal text, bytes as base64,
 * enums by name, nested envelopes as objects. A nested envelope that cannot be decoded is base64.
 */
export function messageToJson(message: GossipMessage): unknown {
  return protobufToJson(GOSSIP_MESSAGE, message);
}

/** A message of any table as protobuf JSON; see {@link messageToJson}. */
export function protobufToJson<S extends Schema>(schema: S, message: Value<S>): unknown;
export function protobufToJson(schema: Schema, message: unknown): unknown {
  return isPlain(message) ? plainToJson(schema, message) : undefined;
}

function plainToJson(schema: Schema, message: Plain): unknown {
  const json: { [name: string]: unknown } = {};
  for (const slot of schema.slots) {
    const value = slot.type === undefined ? message[slot.key] : caseOf(slot, message[slot.key]);
    // Which case a oneof holds is said even if its value is a default.
    if (value === undefined || (isDefault(value) && slot.type === undefined)) continue;
    json[slot.name] = Array.isArray(value) ? listToJson(slot, value) : valueToJson(slot, value);
  }
  return json;
}

function listToJson(slot: Slot, items: readonly PlainValue[]): unknown {
  const { field } = slot;
  if (field.kind !== "message" || !field.schema.isMapEntry) {
    return items.map((item) => valueToJson(slot, item));
  }
  return Object.fromEntries(items.map((item) => entryToJson(field.schema, item)));
}

function entryToJson(schema: Schema, entry: PlainValue): [key: string, value: unknown] {
  const [, slot] = schema.slots;
  if (slot === undefined || !isPlain(entry)) return ["", undefined];
  const value = entry["value"];
  return [String(entry["key"]), value === undefined ? {} : valueToJson(slot, value)];
}

function valueToJson({ field }: Slot, value: PlainValue): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && field.kind === "enum") return field.names[value] ?? value;
  if (value instanceof Uint8Array) {
    const isShown = field.kind === "embedded" || field.kind === "bytes";
    const schema = isShown ? field.schema?.() : undefined;
    const verdict = schema && decode(schema, value);
    return schema && verdict?.ok ? protobufToJson(schema, verdict.value) : toBase64(value);
  }
  if (field.kind === "message" && isPlain(value)) return plainToJson(field.schema, value);
  return value;
}
