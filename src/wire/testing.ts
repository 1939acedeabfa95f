/** For tests: Fabric's recorded messages, and random values for any table. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { fromHex } from "./bytes.ts";
import { encode } from "./encode.ts";
import type { Field, Schema, Single, Value } from "./schema.ts";

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

/** Random values of a table, complete at every level. uint64 in [0, `uint64Max`]. */
export function arbitraryValue<S extends Schema>(
  schema: S,
  uint64Max: bigint,
): fc.Arbitrary<Value<S>>;
export function arbitraryValue(schema: Schema, uint64Max: bigint): fc.Arbitrary<unknown> {
  const fields: { [key: string]: fc.Arbitrary<unknown> } = {};
  for (const [key, field] of Object.entries(schema.fields)) {
    fields[key] = arbitraryField(field, uint64Max);
  }
  return fc.record(fields, { noNullPrototype: true });
}

function arbitraryField(field: Field, uint64Max: bigint): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "oneof": {
      const cases = Object.entries(field.cases).map(([type, { schema }]) =>
        fc.record(
          { type: fc.constant(type), value: arbitraryValue(schema, uint64Max) },
          { noNullPrototype: true },
        ),
      );
      return fc.oneof(fc.constant(undefined), ...cases);
    }
    case "repeated":
      return fc.array(arbitraryItem(field.item, uint64Max), { maxLength: 4 });
    case "message":
      return fc.option(arbitraryItem(field, uint64Max), { nil: undefined });
    default:
      return arbitraryItem(field, uint64Max);
  }
}

function arbitraryItem(field: Single, uint64Max: bigint): fc.Arbitrary<unknown> {
  switch (field.kind) {
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
      return arbitraryValue(field.schema, uint64Max);
    case "embedded": {
      const { schema } = field;
      if (schema === undefined) return fc.constantFrom(...COLLECTION_CONFIGS);
      return arbitraryValue(schema, uint64Max).map((value) => encode(schema, value));
    }
  }
}
