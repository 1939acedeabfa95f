/** Keys that hold several values: a YAML list, or one text. */
import { isIPv6 } from "node:net";
import { group, isOfFabric, type Parsed } from "./range.ts";

/** Items of one list: each costs a dial, memory, or a look at whatever comes. */
const ITEMS_MAX = 1_000;
/** Faults of one list that are told one by one. */
const FAULTS_MAX = 20;

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

/** Every item, or all that is wrong with them. Of a list of Fabric's that is too long, the first ones. */
export function readAll<T>(
  name: string,
  items: readonly unknown[],
  read: (item: unknown) => Parsed<T>,
): Parsed<T[]> {
  const [isLong, has] = [items.length > ITEMS_MAX, `has ${group(items.length)} items`];
  if (isLong && !isOfFabric(name)) {
    return { faults: [`${has}, more than the ${group(ITEMS_MAX)} possible; leave some out.`] };
  }
  let doubt = isLong
    ? `${has}, of which the first ${group(ITEMS_MAX)} are used; leave some out.`
    : undefined;
  const value: T[] = [];
  const faults = new Set<string>();
  for (const item of items.slice(0, ITEMS_MAX)) {
    const parsed = read(item);
    if ("faults" in parsed) for (const fault of parsed.faults) faults.add(fault);
    else {
      value.push(parsed.value);
      doubt ??= parsed.doubt;
    }
  }
  if (faults.size > 0) return { faults: firstOf([...faults]) };
  return doubt === undefined ? { value } : { value, doubt };
}

function firstOf(faults: readonly string[]): readonly string[] {
  const more = faults.length - FAULTS_MAX;
  if (more <= 0) return faults;
  return [...faults.slice(0, FAULTS_MAX), `has ${group(more)} more of these; correct them, too.`];
}
