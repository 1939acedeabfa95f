/** The key whose value is a map of names to texts. */
import { type About, type Key, key, wrong } from "./key.ts";
import type { Parsed } from "./range.ts";
import { readAll, readJson, readList, readPair } from "./read-list.ts";

type Tags = Readonly<Record<string, string>>;

/** Keys whose value is a map, in lower case: names below them are not keys. */
export const MAP_KEYS: ReadonlySet<string> = new Set(["fabricgossip.tags"]);

/** Names with values: a map, or as text `role=shop,http=10.0.0.5:80`. */
export function tags(name: string, about: About<Tags>): Key<Tags> {
  return key(name, "map of names to texts", about, (raw) => {
    const map = typeof raw === "string" ? readJson(raw) : raw;
    return readPairs(name, [...(map instanceof Map ? map : pairsOfText(raw))]);
  });
}

function pairsOfText(raw: unknown): readonly (readonly [unknown, unknown])[] {
  return readList(raw, /\s*,\s*/).map((item) => {
    const text = typeof item === "string" ? item : "";
    return readPair(text) ?? ["", text];
  });
}

function readPairs(name: string, pairs: readonly (readonly [unknown, unknown])[]): Parsed<Tags> {
  const read = readAll(name, pairs, (pair) => readTag(pair as readonly [unknown, unknown]));
  if ("faults" in read) return { faults: read.faults };
  return { value: Object.fromEntries(read.value) };
}

function readTag([name, text]: readonly [unknown, unknown]): Parsed<readonly [string, string]> {
  const isText = typeof text !== "object" || text === null;
  const [key, tag] = [String(name), String(text ?? "")];
  if (isText && key !== "" && !/\p{Cc}/u.test(key + tag)) return { value: [key, tag] };
  return wrong(
    isText && key !== "" ? `${key}=${tag}` : key || tag,
    "no tag",
    "write NAME: VALUE, or as text NAME=VALUE",
  );
}
