/** Small changes to inputs: of single bytes, and of the fields of a {@link Grammar}. */
import type { Random } from "../../src/core/types/host.ts";
import { type Field, type Grammar, isTree } from "./tree.ts";

export interface Material {
  readonly grammar: Grammar;
  readonly corpus: readonly Uint8Array[];
  /** Pieces that mean something to the decoder. */
  readonly dictionary: readonly Uint8Array[];
  /** Longer inputs are cut. */
  readonly bytesMax: number;
}

type Change<T> = (value: T, material: Material, random: Random) => T;

/** Numbers near which decoders go wrong, as bytes. */
const NUMBERS: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80],
  [0xff],
  [0xff, 0xff],
  [0x80, 0x01],
  [0x80, 0x00],
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
];

export function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items.length === 0 ? undefined : items[random.below(items.length)];
}

function replaced(
  bytes: Uint8Array,
  start: number,
  end: number,
  piece: Uint8Array | readonly number[],
): Uint8Array {
  const result = new Uint8Array(bytes.length - (end - start) + piece.length);
  result.set(bytes.subarray(0, start));
  result.set(piece, start);
  result.set(bytes.subarray(end), start + piece.length);
  return result;
}

/** A random part of the bytes, mostly a short one. */
function part(length: number, random: Random): { start: number; end: number } {
  const start = random.below(length + 1);
  const wanted = random.below(4) === 0 ? random.below(length + 1) : random.below(9);
  return { start, end: Math.min(length, start + wanted) };
}

const BYTE_CHANGES: readonly Change<Uint8Array>[] = [
  function flipBit(bytes, _material, random) {
    const at = random.below(bytes.length);
    return replaced(bytes, at, at + 1, [(bytes[at] ?? 0) ^ (1 << random.below(8))]);
  },
  function setByte(bytes, _material, random) {
    const at = random.below(bytes.length);
    return replaced(bytes, at, at + 1, [random.below(256)]);
  },
  function addToByte(bytes, _material, random) {
    const at = random.below(bytes.length);
    return replaced(bytes, at, at + 1, [((bytes[at] ?? 0) + random.below(9) - 4) & 255]);
  },
  function writeNumber(bytes, _material, random) {
    const number = pick(NUMBERS, random) ?? [];
    const at = random.below(bytes.length);
    const overwrites = random.below(2) * number.length;
    return replaced(bytes, at, Math.min(bytes.length, at + overwrites), number);
  },
  function writeWord(bytes, { dictionary }, random) {
    const word = pick(dictionary, random) ?? [];
    const at = random.below(bytes.length + 1);
    const overwrites = random.below(2) * word.length;
    return replaced(bytes, at, Math.min(bytes.length, at + overwrites), word);
  },
  function insertRandom(bytes, _material, random) {
    const at = random.below(bytes.length + 1);
    const piece = Array.from({ length: 1 + random.below(8) }, () => random.below(256));
    return replaced(bytes, at, at, piece);
  },
  function remove(bytes, _material, random) {
    const { start, end } = part(bytes.length, random);
    return replaced(bytes, start, end, []);
  },
  function cut(bytes, _material, random) {
    return bytes.slice(0, random.below(bytes.length + 1));
  },
  function copyWithin(bytes, _material, random) {
    const { start, end } = part(bytes.length, random);
    const at = random.below(bytes.length + 1);
    return replaced(bytes, at, at, bytes.slice(start, end));
  },
  function repeat(bytes, { bytesMax }, random) {
    const { start, end } = part(bytes.length, random);
    const piece = bytes.slice(start, end);
    if (piece.length === 0) return bytes;
    const times = Math.min(manyOf(random), Math.floor(bytesMax / piece.length));
    const many = new Uint8Array(piece.length * times);
    for (let i = 0; i < times; i++) many.set(piece, i * piece.length);
    return replaced(bytes, end, end, many);
  },
  function splice(bytes, { corpus }, random) {
    const other = pick(corpus, random) ?? bytes;
    const head = bytes.subarray(0, random.below(bytes.length + 1));
    const tail = other.subarray(random.below(other.length + 1));
    return replaced(head, head.length, head.length, tail);
  },
  function swapBytes(bytes, _material, random) {
    const [a, b] = [random.below(bytes.length), random.below(bytes.length)];
    const result = bytes.slice();
    [result[a], result[b]] = [bytes[b] ?? 0, bytes[a] ?? 0];
    return result;
  },
];

/** Two, mostly; now and then as many as it takes to reach a limit. */
function manyOf(random: Random): number {
  const kind = random.below(64);
  if (kind === 0) return 20_000;
  return kind < 4 ? 300 : 2 + random.below(6);
}

/** Changes some bytes. Bytes that are not there cannot be changed, but others can take their place. */
export function mutateBytes(bytes: Uint8Array, material: Material, random: Random): Uint8Array {
  const base = bytes.length > 0 ? bytes : Uint8Array.of(random.below(256));
  const change = pick(BYTE_CHANGES, random);
  const changed = change === undefined ? base : change(base, material, random);
  return changed.length > material.bytesMax ? changed.slice(0, material.bytesMax) : changed;
}

/** A field in its list. */
interface Place {
  readonly list: Field[];
  readonly index: number;
  readonly field: Field;
}

/** Every field, those within others included. */
export function placesIn(fields: Field[], found: Place[] = []): Place[] {
  fields.forEach((field, index) => {
    found.push({ list: fields, index, field });
    if (isTree(field.body)) placesIn(field.body, found);
  });
  return found;
}

function copyField({ tag, body, lie }: Field): Field {
  return { tag, body: isTree(body) ? body.map(copyField) : body, lie };
}

/** A field of another input. */
function donor({ corpus, grammar }: Material, random: Random): Field | undefined {
  const other = pick(corpus, random);
  const fields = other && grammar.parse(other);
  return fields && pick(placesIn(fields), random)?.field;
}

const FIELD_CHANGES: readonly ((place: Place, material: Material, random: Random) => void)[] = [
  function remove({ list, index }) {
    list.splice(index, 1);
  },
  function duplicate({ list, index, field }, _material, random) {
    list.splice(random.below(2) === 0 ? index : list.length, 0, copyField(field));
  },
  function repeat({ list, index, field }, { bytesMax, grammar }, random) {
    const times = Math.min(manyOf(random), bytesMax / (2 + grammar.write([field]).length));
    list.splice(index, 0, ...Array.from({ length: times }, () => copyField(field)));
  },
  function swap({ list, index, field }, _material, random) {
    const other = random.below(list.length);
    [list[index], list[other]] = [list[other] ?? field, field];
  },
  function replace({ list, index }, material, random) {
    const found = donor(material, random);
    if (found !== undefined) list.splice(index, 1, copyField(found));
  },
  function insert({ list, index }, material, random) {
    const found = donor(material, random);
    if (found !== undefined) list.splice(index, 0, copyField(found));
  },
  function transplant({ field }, material, random) {
    const found = donor(material, random);
    if (found !== undefined) field.body = copyField(found).body;
  },
  function wrap({ field }, _material, random) {
    const depth = random.below(16) === 0 ? 12 : 1;
    for (let i = 0; i < depth; i++) field.body = [copyField(field)];
  },
  function unwrap({ list, index, field }) {
    if (isTree(field.body)) list.splice(index, 1, ...field.body);
  },
  function retag({ field }, { grammar }, random) {
    field.tag = pick(grammar.tags, random) ?? field.tag;
  },
  function lie({ field }, _material, random) {
    field.lie = pick([-1, 1, -2, 2, 100, 1_000_000, 2 ** 31, 2 ** 32], random) ?? 0;
  },
  function empty({ field }) {
    field.body = new Uint8Array(0);
  },
  function setNumber({ field }, _material, random) {
    field.body = Uint8Array.from(pick(NUMBERS, random) ?? []);
  },
  function setWord({ field }, { dictionary }, random) {
    field.body = pick(dictionary, random) ?? field.body;
  },
  changeLeaf,
  changeLeaf,
  changeLeaf,
];

function changeLeaf({ field }: Place, material: Material, random: Random): void {
  const bytes = isTree(field.body) ? material.grammar.write(field.body) : field.body;
  field.body = mutateBytes(bytes, material, random);
}

/** Changes some fields; every length is right again, unless the change was a wrong length. */
function mutateFields(fields: Field[], times: number, material: Material, random: Random): void {
  for (let i = 0; i < times; i++) {
    const place = pick(placesIn(fields), random);
    if (place !== undefined) pick(FIELD_CHANGES, random)?.(place, material, random);
  }
}

/** An input made of one of the corpus by one to eight changes. */
export function mutate(material: Material, random: Random): Uint8Array {
  const { corpus, grammar, bytesMax } = material;
  let bytes = pick(corpus, random) ?? new Uint8Array(0);
  const times = 1 << random.below(4);
  const fields = random.below(4) === 0 ? undefined : grammar.parse(bytes);
  if (fields !== undefined) {
    mutateFields(fields, times, material, random);
    bytes = grammar.write(fields);
    if (random.below(4) > 0) return bytes.length > bytesMax ? bytes.slice(0, bytesMax) : bytes;
  }
  for (let i = 0; i < times; i++) bytes = mutateBytes(bytes, material, random);
  return bytes;
}
