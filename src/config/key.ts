/** Configuration keys: their kinds, and how each is read and validated. */
import { resolve } from "node:path";
import { formatDuration, parseDurationMs } from "./duration.ts";
import { fit, group, isOfFabric, type Parsed, type Range } from "./range.ts";
import { readAll, readList, readPair } from "./read-list.ts";

/** Everything known about one key; parsing, validation and the manual all come from here. */
export interface Key<T> {
  /** Fabric's dotted name, `peer.gossip.bootstrap`. */
  readonly name: string;
  /** Kind, unit and range, for the manual. */
  readonly kind: string;
  /** The default, for the manual. */
  readonly byDefault: string;
  /** Description for the manual. */
  readonly doc: string;
  /** Environment variables besides `CORE_...`, in order of precedence. */
  readonly env: readonly string[];
  /** The value when no source has one. */
  readonly absent: T;
  /** Reads a given value; relative paths start at `folder`. */
  parse(raw: unknown, folder: string): Parsed<T>;
}

export interface About<T> {
  readonly doc: string;
  readonly absent: T;
  /** What an explicitly empty value means, if not the default. */
  readonly empty?: T;
  /** The default in words, where it differs from the value. */
  readonly byDefault?: string;
  readonly env?: readonly string[];
}

const TEXT_LENGTH_MAX = 4_096;
/** A text without control characters. */
export function text(name: string, about: About<string>): Key<string> {
  return key(name, "text", about, (raw) => readText(raw));
}

/** One of several words, case-insensitive. */
export function choice<W extends string>(
  name: string,
  words: readonly W[],
  about: About<W>,
): Key<W> {
  return key(name, words.map((word) => `\`${word}\``).join(", "), about, (raw) => {
    const value = words.find((word) => word === String(raw).toLowerCase());
    if (value !== undefined) return { value };
    const one = words.join(", ");
    // Fabric starts with any word.
    if (!isOfFabric(name) || !/^\w*$/.test(String(raw))) {
      return wrong(raw, "none of the possible words", `write one of ${one}`);
    }
    const doubt = `is ${show(raw)}, which counts as ${about.absent}; write one of ${one}.`;
    return { value: about.absent, doubts: [doubt] };
  });
}

/** A boolean, in every spelling that Go or YAML accepts. */
export function flag(name: string, about: About<boolean>): Key<boolean> {
  return key(name, "true or false", about, (raw) => {
    const word = String(raw).toLowerCase();
    if (["true", "t", "1"].includes(word)) return { value: true };
    const doubt = `is ${show(raw)}, which not every peer of Fabric reads as true; write true.`;
    if (["yes", "y", "on"].includes(word)) return { value: true, doubts: [doubt] };
    if (["false", "f", "0", "no", "n", "off"].includes(word)) return { value: false };
    return wrong(raw, "neither yes nor no", "write true or false");
  });
}

/**
 * A whole number; digits may be grouped with `_`, as Go allows. Zero means the default, as in
 * Fabric (`GetIntOrDefault`).
 */
export function whole<A extends number | undefined>(
  name: string,
  { min, max, unit, ...about }: About<A> & Range & { readonly unit: string },
): Key<number | A> {
  const range = `${group(min)} to ${group(max)}`;
  const words = about.absent === undefined ? "" : group(about.absent);
  return key<number | A>(name, `${unit}, ${range}`, { byDefault: words, ...about }, (raw) => {
    const digits = String(raw).replaceAll("_", "");
    if (!/^[-+]?(?:0|[1-9]\d{0,14}|0x[\da-f]{1,8})$/i.test(digits)) {
      return wrong(raw, "no whole number", `write the ${unit} in digits, ${range}`);
    }
    const value = Number(digits);
    if (value === 0) return { value: about.absent };
    const fitted = fit(name, show(raw), value, { min, max }, group);
    if (fitted !== undefined) return fitted;
    return wrong(raw, "out of range", `write the ${unit} as a number from ${range}`);
  });
}

/** A duration in milliseconds. Zero means the default (Fabric: `GetDurationOrDefault`). */
export function duration<A extends number | undefined>(
  name: string,
  { min, max, ...about }: About<A> & Range,
): Key<number | A> {
  const range = `${formatDuration(min)} to ${formatDuration(max)}`;
  const words = about.absent === undefined ? "" : formatDuration(about.absent);
  return key<number | A>(name, `duration, ${range}`, { byDefault: words, ...about }, (raw) => {
    const ms = typeof raw === "boolean" ? undefined : parseDurationMs(String(raw));
    if (ms === undefined) {
      return wrong(raw, "no duration", "write for example 5s, 1500ms or 2h45m");
    }
    if (ms === 0) return { value: about.absent };
    const bare = /^[-+]?[\d.]+$/.test(String(raw));
    if (bare && ms > 0 && ms < min && isOfFabric(name)) {
      const doubt = `is ${show(raw)}, nanoseconds without a unit; write for example 5s. The default is used.`;
      return { value: about.absent, doubts: [doubt] };
    }
    const fitted = fit(name, show(raw), ms, { min, max }, formatDuration);
    if (fitted !== undefined) return fitted;
    const hint = bare ? ' and give the unit ("5s"), since a bare number is nanoseconds' : "";
    return wrong(raw, "out of range", `stay within ${range}${hint}`);
  });
}

/** Several durations in milliseconds, longest first: a YAML list, or text as for endpoints. */
export function durations(
  name: string,
  { min, max, ...about }: About<readonly number[]> & Range,
): Key<readonly number[]> {
  const one = duration(name, { min, max, doc: about.doc, absent: undefined });
  const kind = `list of durations, ${formatDuration(min)} to ${formatDuration(max)}`;
  const words = about.absent.map(formatDuration).join(" ");
  return key(name, kind, { byDefault: words, ...about }, (raw, folder) => {
    const parsed = readAll(name, readList(raw), (item) => one.parse(item, folder));
    if ("faults" in parsed) return { faults: parsed.faults };
    const value = parsed.value.filter((ms) => ms !== undefined).toSorted((a, b) => b - a);
    return { ...parsed, value };
  });
}

/** A file or folder; a relative one starts at the folder of the configuration file. */
export function path(name: string, about: About<undefined>): Key<string | undefined> {
  return key<string | undefined>(name, "path", about, (raw, folder) => readPath(raw, folder));
}

/** Several paths: a YAML list, or one text separated by spaces or commas. */
export function paths(name: string, about: About<readonly string[]>): Key<readonly string[]> {
  return key(name, "list of paths", about, (raw, folder) =>
    readAll(name, readList(raw), (item) => readPath(item, folder)),
  );
}

/** A name with its path. */
export interface NamedPath {
  readonly name: string;
  readonly path: string;
}

/** Names with paths: a YAML list of mappings with two given keys, or `name=path,name=path`. */
export function namedPaths(
  name: string,
  fields: { readonly name: string; readonly path: string },
  about: About<readonly NamedPath[]>,
): Key<readonly NamedPath[]> {
  const kind = `list of \`{${fields.name}, ${fields.path}}\``;
  const { name: first, path: second } = fields;
  const remedy = `write ${first}=${second}, or {${first}: ..., ${second}: ...}`;
  return key(name, kind, about, (raw, folder) =>
    readAll(name, readList(raw, /\s*,\s*/), (item) => {
      const pair = item instanceof Map ? pairOfMap(item, fields) : readPair(String(item));
      if (!pair?.[1]) return wrong(item, `no ${fields.name} with a ${fields.path}`, remedy);
      const [named, place] = [readText(pair[0]), readPath(pair[1], folder)];
      if ("value" in named && "value" in place) {
        const doubts = [...(named.doubts ?? []), ...(place.doubts ?? [])];
        return { value: { name: named.value, path: place.value }, doubts };
      }
      return { faults: [named, place].flatMap((one) => ("faults" in one ? one.faults : [])) };
    }),
  );
}

export function key<T>(
  name: string,
  kind: string,
  about: About<T>,
  read: (raw: unknown, folder: string) => Parsed<T>,
): Key<T> {
  const { doc, absent, byDefault, env = [] } = about;
  const empty = { value: "empty" in about ? about.empty : absent };
  const parse = (raw: unknown, folder: string): Parsed<T> =>
    raw === "" ? empty : read(raw, folder);
  const words = byDefault || (Array.isArray(absent) ? absent.join(" ") : String(absent ?? ""));
  return { name, kind, doc, env, byDefault: words, absent, parse };
}

function readText(raw: unknown): Parsed<string> {
  const isText = ["string", "number", "bigint", "boolean"].includes(typeof raw);
  if (!isText) return wrong(raw, "no text", "write one value");
  const value = String(raw);
  // Control characters would corrupt logs and tables.
  const unfit = value.length > TEXT_LENGTH_MAX || /\p{Cc}/u.test(value);
  if (unfit) return wrong(raw, "too long or not printable", "write one short line");
  const odd = [
    ...(value.includes("\ufffd") ? ["what is not UTF-8; write it anew"] : []),
    ...(UNSEEN.test(value) ? ["a character that nobody sees; write it anew"] : []),
    ...(LONE_QUOTE.test(value) ? ["a quotation mark at one end; remove it"] : []),
    ...(/\s#/.test(value) ? ["a comment, which belongs to the value here; remove it"] : []),
  ];
  const doubts = odd.map((what) => `is ${show(raw)}, with ${what}.`);
  return { value, doubts: [...doubts, ...unexpanded(raw, /\$[{(\w]/)] };
}

function unexpanded(raw: unknown, pattern: RegExp): readonly string[] {
  if (!pattern.test(String(raw))) return [];
  return [`is ${show(raw)}, taken as it is written: only a shell would expand it.`];
}

/** A pair of them is left out before a value is read. */
const LONE_QUOTE = /^["'\u201c\u201d]|["'\u201c\u201d]$/;

/** Characters without width, and blanks other than the usual one. */
const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

function readPath(raw: unknown, folder: string): Parsed<string> {
  const read = readText(raw);
  if ("faults" in read) return read;
  const doubts = [...(read.doubts ?? []), ...unexpanded(raw, /^~|%\w+%/)];
  return { value: resolve(folder, read.value), doubts };
}

function pairOfMap(
  item: ReadonlyMap<unknown, unknown>,
  fields: { readonly name: string; readonly path: string },
): readonly [string, string] | undefined {
  const name = item.get(fields.name);
  const path = item.get(fields.path);
  if (item.size !== 2 || typeof name !== "string" || typeof path !== "string") return undefined;
  const pair: [string, string] = [name.trim(), path.trim()];
  return pair.includes("") ? undefined : pair;
}

export function wrong(
  raw: unknown,
  what: string,
  remedy: string,
): { readonly faults: readonly string[] } {
  return { faults: [`is ${show(raw)}, which is ${what}; ${remedy}.`] };
}

/** A value for people, not too long. */
export function show(raw: unknown): string {
  if (Array.isArray(raw)) return "a list";
  if (raw instanceof Map) return `{${[...raw.keys()].join(", ").slice(0, 100)}}`;
  const text = String(raw);
  const short = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
  return short.replaceAll(new RegExp(UNSEEN, "gu"), (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
