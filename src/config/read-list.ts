/** Keys that hold several values: a YAML list, or one text. */
import { isIPv6 } from "node:net";
import { group, isOfFabric, type Parsed } from "./range.ts";

/** Items of one list: each costs a dial, memory, or a look at whatever comes. */
const ITEMS_MAX = 1_000;
/** Faults or doubts of one list that are told one by one. */
const TOLD_MAX = 20;

export function readList(raw: unknown, separator = /[\s,]+/): readonly unknown[] {
  if (Array.isArray(raw)) return raw;
  if (typeof raw !== "string") return [raw];
  const json = readJson(raw);
  if (json !== undefined) return Array.isArray(json) ? json : [json];
  // What a template has left is one item. Compose files may leave quotation marks around each, too.
  const whole = raw.replace(/\{\{.*?\}\}/gs, (left) => left.replace(/[\s,]+/g, ""));
  const items = withoutBrackets(whole)
    .split(separator)
    .map((item) => item.replace(/^["']+|["']+$/g, ""));
  return items.filter((item) => item !== "");
}

/** Both halves of `name=value`, without the blanks and quotation marks around each; undefined: there is no name. */
export function readPair(text: string): readonly [string, string] | undefined {
  const equals = text.indexOf("=");
  const [name = "", value = ""] = [text.slice(0, equals), text.slice(equals + 1)].map(bareOf);
  return equals < 1 || name === "" ? undefined : [name, value];
}

function bareOf(half: string): string {
  return half
    .trim()
    .replace(/^["']+|["']+$/g, "")
    .trim();
}

/** A list or an object, as a map, in JSON; undefined for any other text. */
export function readJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text, (_key, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? new Map(Object.entries(value))
        : value,
    );
  } catch {
    return undefined;
  }
}

/** `[a, b]` as in YAML, or as a shell leaves JSON. `[::1]:7051,[::1]:7052` begins and ends otherwise. */
function withoutBrackets(text: string): string {
  const inner = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1];
  if (inner === undefined || isIPv6(inner)) return text;
  const isClosedBefore = inner.indexOf("]") < inner.indexOf("[");
  return isClosedBefore ? text : inner;
}

/** Every item, or all that is wrong with them and the others. Of a list of Fabric's that is too long, the first ones. */
export function readAll<T>(
  name: string,
  items: readonly unknown[],
  read: (item: unknown) => Parsed<T>,
): Parsed<T[]> {
  const [isLong, has] = [items.length > ITEMS_MAX, `has ${group(items.length)} items`];
  if (isLong && !isOfFabric(name)) {
    return { faults: [`${has}, more than the ${group(ITEMS_MAX)} possible; leave some out.`] };
  }
  const length = `${has}, of which the first ${group(ITEMS_MAX)} are used; leave some out.`;
  const all = items.slice(0, ITEMS_MAX).map(read);
  const value = all.flatMap((one) => {
    if ("value" in one) return [one.value];
    return one.rest === undefined ? [] : [one.rest];
  });
  const faults = all.flatMap((one) => ("faults" in one ? one.faults : []));
  if (faults.length > 0) return { faults: firstOf(faults), rest: value };
  const doubts = all.flatMap((one) => ("value" in one ? (one.doubts ?? []) : []));
  return { value, doubts: firstOf(isLong ? [length, ...doubts] : doubts) };
}

/** Each once. */
function firstOf(sentences: readonly string[]): readonly string[] {
  const told = [...new Set(sentences)];
  const more = told.length - TOLD_MAX;
  if (more <= 0) return told;
  return [...told.slice(0, TOLD_MAX), `has ${group(more)} more of these; correct them, too.`];
}
