/** What reading a value leads to, and what becomes of numbers outside the range of their key. */

/**
 * A value, perhaps with doubts about it, or all that is wrong, perhaps with what is left of the value:
 * each the rest of a sentence that starts with the key's name.
 */
export type Parsed<T> =
  | { readonly value: T; readonly doubts?: readonly string[] }
  | { readonly faults: readonly string[]; readonly rest?: T };

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Fabric takes any number for its keys, and a peer's own file must start a member. */
export function isOfFabric(name: string): boolean {
  return !name.startsWith("fabricGossip.");
}

/**
 * A number in its range. One of Fabric's keys is put there, with a doubt, if it is positive;
 * undefined for any other. `shown` is the value as it was written, `words` how a bound is.
 */
export function fit(
  name: string,
  shown: string,
  value: number,
  { min, max }: Range,
  words: (value: number) => string,
): Parsed<number> | undefined {
  if (value >= min && value <= max) return { value: Math.round(value) };
  if (value <= 0 || !isOfFabric(name)) return undefined;
  const [how, end] = value > max ? (["more", max] as const) : (["less", min] as const);
  const doubt = `is ${shown}, ${how} than is possible here; ${words(end)} is used.`;
  return { value: end, doubts: [doubt] };
}

/** A number for people, its digits in groups as the keys take them. */
export function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "_");
}
