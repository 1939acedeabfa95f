/** What a program passes that no compiler has checked: told in sentences, never as a TypeError. */
import { GossipError, type GossipErrorCode } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** What an argument or option must be. */
export interface Kind {
  /** After "takes", with the remedy: `a string such as "host:7051"`. */
  readonly words: string;
  readonly fits: (value: unknown) => boolean;
}

export const STRING: Kind = { words: "a string", fits: (value) => typeof value === "string" };
export const STRINGS = listOf({ ...STRING, words: "strings" });
export const FUNCTION: Kind = { words: "a function", fits: (value) => typeof value === "function" };
export const BOOLEAN: Kind = {
  words: "true or false",
  fits: (value) => typeof value === "boolean",
};
export const BLOCK_NUMBER: Kind = {
  words: "the number of a block as a bigint, such as 5n",
  fits: (value) => typeof value === "bigint" && value >= 0n,
};
/** Of whatever realm or package it is; null as `fetch` takes it. */
export const SIGNAL: Kind = {
  words: "the signal of an AbortController",
  fits: (value) =>
    value === null ||
    (hasMethods(value, ["addEventListener", "removeEventListener"]) &&
      typeof Reflect.get(Object(value), "aborted") === "boolean"),
};
/** `CORE_` variables; those of a process are an object of their own kind. */
export const ENVIRONMENT: Kind = {
  words: "an object whose values are strings",
  fits: (value) =>
    isRecord(value) &&
    Object.values(value).every((one) => one === undefined || typeof one === "string"),
};

/** `of`: its words are in the plural. */
export function listOf(of: Kind): Kind {
  return {
    words: `a list of ${of.words}`,
    // Not of the list itself: that would pass over holes in it.
    fits: (value) => Array.isArray(value) && Array.from<unknown>(value).every(of.fits),
  };
}

export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === "function");
}

/** What is wrong with bytes that {@link isGivenAway}. */
export const GIVEN_AWAY =
  "is empty, as its memory was transferred elsewhere: transfer a copy, or give these bytes first.";

/** Whether the memory of these bytes was transferred, to a worker for example: they are gone. */
export function isGivenAway({ buffer }: Uint8Array): boolean {
  return "detached" in buffer && buffer.detached;
}

/** A value for people, of at most 100 characters. Throws for none. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value).slice(0, 100);
  if (typeof value === "bigint") return `${String(value).slice(0, 100)}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) {
    return value.some(isPromise) ? "a list with a promise: write await before it" : "a list";
  }
  if (isPromise(value)) return "a promise: write await before it";
  if (typeof value !== "object" || value === null) return String(value).slice(0, 100);
  if (isRecord(value)) return "an object";
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

/** An object with named values; of others, such as lists and maps, no name would be found. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || isPromise(value)) return false;
  return /^.object (?:Object|Module).$/.test(Object.prototype.toString.call(value));
}

/** `setEndpoint takes a string, not 5.` */
export function misfit(what: string, value: unknown, { words, fits }: Kind): string[] {
  return fits(value) ? [] : [`${what} takes ${words}, not ${shown(value)}.`];
}

/** One argument: its place in words, what was given, what it must be. */
export type Argument = readonly [what: string, given: unknown, kind: Kind];

/** Throws a sentence for each argument that is of another kind. */
export function checkArguments(
  rows: readonly Argument[],
  code: GossipErrorCode = "config-invalid",
): void {
  const problems = rows.flatMap((row) => misfit(...row));
  if (problems.length > 0) throw new GossipError(code, problems);
}

/** The same for a signal that may be left out. */
export function checkSignal(what: string, signal: unknown): void {
  if (signal !== undefined) checkArguments([[what, signal, SIGNAL]]);
}

/** Each option of an interface with what it must be. */
export type OptionKinds<T> = Readonly<Record<keyof T, Kind>>;

/** What is wrong with options: no object, names that stand for nothing, values of another kind. */
export function optionProblems<T>(
  what: string,
  given: unknown,
  kinds: OptionKinds<T>,
  wanted = `${what} takes an object of options`,
): string[] {
  if (!isRecord(given)) return notOptions(given, wanted);
  const known: Readonly<Record<string, Kind>> = kinds;
  return [
    ...unknownNames("option", given, kinds),
    ...Object.entries(known).flatMap(([name, kind]) => {
      const value = given[name];
      return value === undefined ? [] : misfit(`option ${name}`, value, kind);
    }),
  ];
}

/** Throws `config-invalid` for what {@link optionProblems} finds. */
export function checkOptions<T>(what: string, given: unknown, kinds: OptionKinds<T>): void {
  const problems = optionProblems(what, given, kinds);
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
}

/** A sentence for each name that stands for nothing: `option lisen is unknown; did you mean listen?` */
export function unknownNames(what: string, given: object, known: object): string[] {
  const names = Object.keys(known);
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  return unknown.map((name) => {
    const found = nearest(name, names);
    const remedy =
      found === undefined ? `choose of ${names.join(", ")}.` : `did you mean ${found}?`;
    return `${what} ${JSON.stringify(name)} is unknown; ${remedy}`;
  });
}

/** What is wrong with a value where an object of options is wanted: often a promise nobody waited for. */
export function notOptions(given: unknown, wanted: string): string[] {
  return isRecord(given) ? [] : [`${wanted}, not ${shown(given)}.`];
}
