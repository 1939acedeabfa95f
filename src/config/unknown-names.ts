/** What a program passes that no compiler has checked. */
import { nearest } from "./nearest.ts";

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
export function notOptions(given: unknown, wanted: string): string | undefined {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) {
    return "then" in given ? `${wanted}, not a promise: write await before it.` : undefined;
  }
  if (Array.isArray(given)) return `${wanted}, not a list.`;
  const shown = typeof given === "string" ? JSON.stringify(given) : String(given);
  return `${wanted}, not ${shown.slice(0, 100)}.`;
}
