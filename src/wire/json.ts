/** Messages for people and tools: protobuf's JSON form with Fabric's field names. */
import { toBase64 } from "./bytes.ts";
import { decode } from "./decode.ts";
import { GOSSIP_MESSAGE, type GossipMessage } from "./messages.ts";
import {
  caseOf,
  isDefault,
  isPlain,
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
  return toJson(GOSSIP_MESSAGE, message);
}

/** Any message of `messages.ts` as protobuf JSON; see {@link messageToJson}. */
export function toJson<S extends Schema>(schema: S, message: Value<S>): unknown;
export function toJson(schema: Schema, message: unknown): unknown {
  return isPlain(message) ? plainToJson(schema, message) : undefined;
}

function plainToJson(schema: Schema, message: Plain): unknown {
  const json: { [name: string]: unknown } = {};
  for (const slot of schema.slots) {
    const value = slot.type === undefined ? message[slot.key] : caseOf(slot, message[slot.key]);
    if (isDefault(value)) continue;
    json[slot.name] = Array.isArray(value)
      ? value.map((item) => valueToJson(slot, item))
      : valueToJson(slot, value);
  }
  return json;
}

function valueToJson({ field }: Slot, value: PlainValue): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && field.kind === "enum") return field.names[value] ?? value;
  if (value instanceof Uint8Array) {
    const schema = field.kind === "embedded" ? field.schema : undefined;
    const verdict = schema && decode(schema, value);
    return schema && verdict?.ok ? toJson(schema, verdict.value) : toBase64(value);
  }
  if (field.kind === "message" && isPlain(value)) return plainToJson(field.schema, value);
  return value;
}
