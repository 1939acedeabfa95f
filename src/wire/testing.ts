/** For tests: Fabric's recorded messages, and random values for any table. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import * as blockMessages from "./block-messages.ts";
import { EMPTY_BYTES, fromHex } from "./bytes.ts";
import * as configMessages from "./config-messages.ts";
import { encode } from "./encode.ts";
import * as gossipMessages from "./messages.ts";
import * as mspMessages from "./msp-messages.ts";
import * as policyMessages from "./policy-messages.ts";
import type { Field, Schema, Single, Value } from "./schema.ts";
import * as transactionMessages from "./transaction-messages.ts";

/** Every table there is, by the name of its constant. */
export const TABLES: readonly (readonly [name: string, schema: Schema])[] = [
  gossipMessages,
  blockMessages,
  configMessages,
  mspMessages,
  policyMessages,
  transactionMessages,
].flatMap((module) =>
  Object.entries<unknown>(module).flatMap(([name, value]) =>
    isSchema(value) ? [[name, value] as const] : [],
  ),
);

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && "slots" in value;
}

export type EnvelopeVector = {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Protobuf JSON of the payload. */
  readonly message: unknown;
  /** Empty = legal. */
  readonly tagError: string;
  readonly internalEndpoint: string | undefined;
};

type RecordedEnvelope = {
  name: string;
  envelope_hex: string;
  message: unknown;
  tag_error: string;
  internal_endpoint?: string;
};

/** Every gossip message as Fabric encodes it (`test/vectors/envelopes.json`). */
export function readEnvelopeVectors(): readonly EnvelopeVector[] {
  const file = new URL("../../test/vectors/envelopes.json", import.meta.url);
  const { vectors }: { vectors: RecordedEnvelope[] } = JSON.parse(readFileSync(file, "utf8"));
  return vectors.map((vector) => ({
    name: vector.name,
    bytes: fromHex(vector.envelope_hex),
    message: vector.message,
    tagError: vector.tag_error,
    internalEndpoint: vector.internal_endpoint,
  }));
}

/** A protobuf field by hand: the tag, and for wire type 2 the length and the bytes. */
export function delimited(number: number, bytes: Iterable<number>): number[] {
  const content = [...bytes];
  return [...varint(number * 8 + 2), ...varint(content.length), ...content];
}

/** The bytes of a varint, for numbers up to 2^53 - 1. */
export function varint(value: number): number[] {
  const low = value % 128;
  return value < 128 ? [value] : [low | 128, ...varint((value - low) / 128)];
}

/** Encodings of a `CollectionConfigPackage`, in this order: none, one empty, one named "abc". */
const COLLECTION_CONFIGS = ["", "0a00", "0a070a050a03616263"].map(fromHex);

/** Embedded messages within embedded messages; deeper ones have no bytes. */
const DEPTH_MAX = 2;

/** How large what is made may be. */
interface Bounds {
  readonly uint64Max: bigint;
  readonly depth: number;
}

/** Random values of a table, complete at every level. uint64 in [0, `uint64Max`]. */
export function arbitraryValue<S extends Schema>(
  schema: S,
  uint64Max: bigint,
): fc.Arbitrary<Value<S>>;
export function arbitraryValue(schema: Schema, uint64Max: bigint): fc.Arbitrary<unknown> {
  return arbitraryMessage(schema, { uint64Max, depth: 0 });
}

function arbitraryMessage(schema: Schema, bounds: Bounds): fc.Arbitrary<unknown> {
  const fields: { [key: string]: fc.Arbitrary<unknown> } = {};
  for (const [key, field] of Object.entries(schema.fields)) {
    fields[key] = schema.isMapEntry
      ? arbitraryItem(slotField(schema, key), bounds)
      : arbitraryField(field, bounds);
  }
  return fc.record(fields, { noNullPrototype: true });
}

function slotField(schema: Schema, key: string): Single {
  const slot = schema.slots.find((one) => one.key === key);
  if (slot === undefined) throw new Error(`no field ${key}`);
  return slot.field;
}

function arbitraryField(field: Field, bounds: Bounds): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "oneof": {
      const cases = Object.entries(field.cases).map(([type, item]) =>
        fc.record(
          { type: fc.constant(type), value: arbitraryItem(item, bounds) },
          { noNullPrototype: true },
        ),
      );
      return fc.oneof(fc.constant(undefined), ...cases);
    }
    case "repeated":
      return arbitraryList(field.item, bounds);
    case "message":
      return fc.option(arbitraryItem(field, bounds), { nil: undefined });
    default:
      return arbitraryItem(field, bounds);
  }
}

/** The entries of a map in the order of their keys, each once, as deterministic encoders send them. */
function arbitraryList(item: Single, bounds: Bounds): fc.Arbitrary<unknown> {
  if (item.kind !== "message" || !item.schema.isMapEntry) {
    return fc.array(arbitraryItem(item, bounds), { maxLength: 4 });
  }
  const value = arbitraryItem(slotField(item.schema, "value"), bounds);
  // The official package loses this one, as it keeps maps in objects.
  const key = fc.string({ maxLength: 9 }).filter((one) => one !== "__proto__");
  const entry = fc.record({ key, value }, { noNullPrototype: true });
  return fc
    .uniqueArray(entry, { maxLength: 4, selector: (one) => one.key })
    .map((entries) => entries.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
}

function arbitraryItem(field: Single, bounds: Bounds): fc.Arbitrary<unknown> {
  const { uint64Max, depth } = bounds;
  switch (field.kind) {
    case "int64": {
      const max = uint64Max / 2n;
      return fc.bigInt({ min: -max, max });
    }
    case "uint32":
      return fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    case "int32":
      return fc.integer();
    case "uint64":
      return fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: uint64Max }));
    case "bool":
      return fc.boolean();
    case "enum":
      return fc.nat(field.names.length); // One more than there are names: an unknown value.
    case "bytes":
      return fc.uint8Array({ maxLength: 40 });
    case "string":
      return fc.string({ unit: "binary", maxLength: 20 });
    case "message":
      return arbitraryMessage(field.schema, bounds);
    case "embedded": {
      const schema = field.schema?.();
      if (schema === undefined) return fc.constantFrom(...COLLECTION_CONFIGS);
      if (depth === DEPTH_MAX) return fc.constant(EMPTY_BYTES);
      const value = arbitraryMessage(schema, { uint64Max, depth: depth + 1 });
      return value.map((one) => encode(schema, one as Value<Schema>));
    }
  }
}
