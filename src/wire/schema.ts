/**
 * Message tables. One table is at once the specification of a protobuf message (proto3), the
 * TypeScript type of its value, its encoder, its decoder and its JSON form: see `messages.ts` for
 * the tables and `codec.ts` for what reads them.
 */
import { EMPTY_BYTES } from "./bytes.ts";

/** Longest string accepted unless a field says otherwise, in bytes of UTF-8. */
const STRING_BYTES_MAX = 4_096;

type Numbered = { readonly number: number; readonly name: string | undefined };

type Uint64Field = Numbered & { readonly kind: "uint64" };
type Int64Field = Numbered & { readonly kind: "int64" };
type Uint32Field = Numbered & { readonly kind: "uint32" };
type Int32Field = Numbered & { readonly kind: "int32" };
type BoolField = Numbered & { readonly kind: "bool" };
type EnumField = Numbered & { readonly kind: "enum"; readonly names: readonly string[] };
type BytesField = Numbered & {
  readonly kind: "bytes";
  /** Of the message in the bytes, if there is one and it is to be shown. */
  readonly schema: (() => Schema) | undefined;
};
type StringField = Numbered & { readonly kind: "string"; readonly bytesMax: number };
type MessageField<S extends Schema> = Numbered & {
  readonly kind: "message";
  readonly schema: S;
};
type EmbeddedField = Numbered & {
  readonly kind: "embedded";
  /** A function, as messages may hold messages of their own kind. */
  readonly schema: (() => Schema) | undefined;
};
export type Single =
  | Uint64Field
  | Int64Field
  | Uint32Field
  | Int32Field
  | BoolField
  | EnumField
  | BytesField
  | StringField
  | MessageField<Schema>
  | EmbeddedField;
/** What may be repeated. No message that we read repeats numbers, so packing is not needed. */
type Repeatable = BytesField | StringField | MessageField<Schema> | EmbeddedField;
type RepeatedField<F extends Repeatable> = {
  readonly kind: "repeated";
  readonly item: F;
  readonly itemsMax: number;
};
type OneofField<C extends Cases> = { readonly kind: "oneof"; readonly cases: C };
type Cases = { readonly [type: string]: Single };
export type Field = Single | RepeatedField<Repeatable> | OneofField<Cases>;
type Fields = { readonly [key: string]: Field };

/** Where one field number goes: a table row made flat, so that the codec needs one look-up. */
export type Slot = {
  /** Property of the value object. */
  readonly key: string;
  /** Fabric's field name, as in its `.proto` files and in protobuf JSON. */
  readonly name: string;
  readonly field: Single;
  /** 0 = varint, 2 = length-delimited. A field that arrives with another one is unknown, as in Go. */
  readonly wireType: 0 | 2;
  /** Greatest number of elements; undefined = not repeated. */
  readonly itemsMax: number | undefined;
  /** The `type` of a oneof's case; undefined = not part of a oneof. */
  readonly type: string | undefined;
};

/** One key of a value: the slot of its field, or those of a oneof by the `type` of their cases. */
type Row = { readonly key: string } & (
  | { readonly slot: Slot }
  | { readonly slot: undefined; readonly cases: ReadonlyMap<unknown, Slot> }
);

export type Schema<F extends Fields = Fields> = {
  readonly fields: F;
  /** In ascending order of field number. */
  readonly slots: readonly Slot[];
  /** The same by key, in the same order: the cases of a oneof stand together. */
  readonly rows: readonly Row[];
  /** The same slots by field number. */
  readonly byNumber: readonly (Slot | undefined)[];
  /** An entry of a map is sent with key and value even if they are defaults, and is one in JSON. */
  readonly isMapEntry: boolean;
  /** The value of a message of zero bytes. */
  readonly defaults: Plain;
};

/** A message value as the codec sees it, before the table gives it its type. */
export type Plain = { [key: string]: PlainValue };
export type PlainValue =
  | bigint
  | boolean
  | number
  | string
  | Uint8Array
  | Plain
  | PlainValue[]
  | undefined;

/** Proto3's defaults, which are not sent. An empty sub-message is sent: it is there. */
export function isDefault(value: PlainValue): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0;
  return value === undefined || value === 0n || value === false || value === 0 || value === "";
}

type SingleValue<F> = F extends Uint64Field | Int64Field
  ? bigint
  : F extends BoolField
    ? boolean
    : F extends EnumField | Uint32Field | Int32Field
      ? number
      : F extends StringField
        ? string
        : F extends BytesField | EmbeddedField
          ? Uint8Array
          : F extends MessageField<infer S>
            ? Value<S>
            : never;
type FieldValue<F> =
  F extends RepeatedField<infer I>
    ? readonly SingleValue<I>[]
    : F extends OneofField<infer C>
      ?
          | { [T in keyof C]: { readonly type: T; readonly value: SingleValue<C[T]> } }[keyof C]
          | undefined
      : F extends MessageField<Schema>
        ? SingleValue<F> | undefined
        : SingleValue<F>;
type SingleInit<F> = F extends MessageField<infer S> ? Init<S> : SingleValue<F>;
type FieldInit<F> =
  F extends RepeatedField<infer I>
    ? readonly SingleInit<I>[]
    : F extends OneofField<infer C>
      ? { [T in keyof C]: { readonly type: T; readonly value: SingleInit<C[T]> } }[keyof C]
      : SingleInit<F>;

/** A decoded message: every field present, with proto3's default where the bytes have none. */
export type Value<S extends Schema> = {
  readonly [K in keyof S["fields"]]: FieldValue<S["fields"][K]>;
};
/** What to encode: any subset of the fields, at every level; missing = default. */
export type Init<S extends Schema> = {
  readonly [K in keyof S["fields"]]?: FieldInit<S["fields"][K]> | undefined;
};

/**
 * The constructors of table rows. The name is Fabric's field name; by default the key in snake case,
 * so `incNum` is `inc_num`.
 */
export const uint64 = (number: number): Uint64Field => ({
  kind: "uint64",
  number,
  name: undefined,
});
export const int64 = (number: number): Int64Field => ({ kind: "int64", number, name: undefined });
export const uint32 = (number: number): Uint32Field => ({
  kind: "uint32",
  number,
  name: undefined,
});
export const int32 = (number: number): Int32Field => ({ kind: "int32", number, name: undefined });
export const bool = (number: number): BoolField => ({ kind: "bool", number, name: undefined });
/** `names[n]` is the name of value n. Unknown values are kept as numbers, as proto3 demands. */
export const enumeration = (number: number, names: readonly string[]): EnumField => ({
  kind: "enum",
  number,
  name: undefined,
  names,
});
/** Decoded as a view of the input, never a copy. Any length: what it must be is for users to check. */
export const bytes = (number: number, name?: string): BytesField => ({
  kind: "bytes",
  number,
  name,
  schema: undefined,
});
/** Bytes to Fabric as well, of which the last count; the schema serves the JSON form only. */
export const bytesOf = (number: number, schema: Schema): BytesField => ({
  ...bytes(number),
  schema: () => schema,
});
/** Must be valid UTF-8, and at most `bytesMax` bytes of it, or the whole message is refused. */
export const string = (
  number: number,
  options: { readonly bytesMax?: number; readonly name?: string } = {},
): StringField => ({
  kind: "string",
  number,
  name: options.name,
  bytesMax: options.bytesMax ?? STRING_BYTES_MAX,
});
export const message = <S extends Schema>(
  number: number,
  schema: S,
  name?: string,
): MessageField<S> => ({ kind: "message", number, name, schema });
/**
 * A message left undecoded: its bytes as received, a view. Whoever needs it decodes it, so signed
 * bytes stay untouched and one bad element does not spoil its neighbours. Absent = no bytes.
 * The schema, if we have one, serves the JSON form only; a function lets a message hold its own kind.
 */
export const embedded = (number: number, schema?: Schema | (() => Schema)): EmbeddedField => ({
  kind: "embedded",
  number,
  name: undefined,
  schema: typeof schema === "object" ? () => schema : schema,
});
/** A list of at most `itemsMax` elements; one more and the whole message is refused. */
export const repeated = <F extends Repeatable>(item: F, itemsMax: number): RepeatedField<F> => ({
  kind: "repeated",
  item,
  itemsMax,
});
/** A map of at most `entriesMax` entries, decoded as a list: of two with one key the last counts. */
export const map = <F extends Single>(number: number, value: F, entriesMax: number) =>
  repeated(message(number, mapEntry({ key: string(1), value })), entriesMax);
/** At most one of several fields, decoded as `{ type, value }`. An unknown one is undefined. */
export const oneof = <C extends Cases>(cases: C): OneofField<C> => ({ kind: "oneof", cases });

/** Makes a schema of a table. Field numbers must ascend from top to bottom. */
export function table<F extends Fields>(fields: F): Schema<F> {
  const slots = Object.entries(fields).flatMap(([key, field]) => slotsOf(key, field));
  const byNumber: (Slot | undefined)[] = [];
  const defaults: Plain = {};
  for (const slot of slots) {
    if (slot.field.number < byNumber.length) throw new Error(`${slot.name}: numbers must ascend`);
    while (byNumber.length < slot.field.number) byNumber.push(undefined);
    byNumber.push(slot);
    defaults[slot.key] = defaultOf(slot);
  }
  const rows = [...Map.groupBy(slots, ({ key }) => key)].map(rowOf);
  return { fields, slots, rows, byNumber, isMapEntry: false, defaults };
}

function mapEntry<F extends Fields>(fields: F): Schema<F> {
  return { ...table(fields), isMapEntry: true };
}

function rowOf([key, slots]: readonly [string, readonly Slot[]]): Row {
  const [slot] = slots;
  if (slot !== undefined && slot.type === undefined) return { key, slot };
  return { key, slot: undefined, cases: new Map(slots.map((one) => [one.type, one])) };
}

function slotsOf(key: string, field: Field): Slot[] {
  if (field.kind === "oneof") {
    return Object.entries(field.cases).map(([type, item]) => slotOf(key, item, undefined, type));
  }
  if (field.kind === "repeated") return [slotOf(key, field.item, field.itemsMax, undefined)];
  return [slotOf(key, field, undefined, undefined)];
}

function slotOf(
  key: string,
  field: Single,
  itemsMax: number | undefined,
  type: string | undefined,
): Slot {
  const name = field.name ?? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return { key, name, field, wireType: isVarint(field) ? 0 : 2, itemsMax, type };
}

function isVarint({ kind }: Single): boolean {
  switch (kind) {
    case "uint64":
    case "int64":
    case "uint32":
    case "int32":
    case "bool":
    case "enum":
      return true;
    default:
      return false;
  }
}

/** Shared by all decoded messages, hence frozen; the decoder starts a new list for the first item. */
const EMPTY_LIST: PlainValue[] = [];
Object.freeze(EMPTY_LIST);

function defaultOf(slot: Slot): PlainValue {
  if (slot.itemsMax !== undefined) return EMPTY_LIST;
  switch (slot.field.kind) {
    case "uint64":
    case "int64":
      return 0n;
    case "bool":
      return false;
    case "uint32":
    case "int32":
    case "enum":
      return 0;
    case "bytes":
    case "embedded":
      return EMPTY_BYTES;
    case "string":
      return "";
    case "message":
      return undefined;
  }
}
