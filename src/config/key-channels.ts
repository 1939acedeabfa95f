/** The key `fabricGossip.channels`: a list of channels, each with its own fields. */
import { resolve } from "node:path";
import { CHANNEL_NAME, isChannelName } from "../lib/channel-name.ts";
import type { ChannelConfig } from "./config.ts";
import { parseDurationMs } from "./duration.ts";
import { type Key, key, show, wrong } from "./key.ts";
import type { Parsed } from "./range.ts";
import { readAll, readJson, readList, readPair } from "./read-list.ts";

const ROLES = ["observer", "listed"] as const;
const BLOCKS = ["none", "verify", "keep"] as const;
const CHANNEL_DEFAULTS = {
  role: "observer",
  blocks: "verify",
  lag: { blocks: 10, timeMs: 60_000 },
} as const;
const CHANNELS_MAX = 100;
const BLOCKS_MAX = 1_000_000_000;
const LAG_FIELDS = ["blocks", "time", "still"];
const LAG_TIME_MS_MAX = 86_400_000;

const FIELDS = ["name", "configBlock", "role", "blocks", "keepBlocks", "lag"];
const REMEDY = "write {name: mychannel}, mychannel or mychannel=mychannel.block";

export function channelList(name: string, doc: string): Key<readonly ChannelConfig[]> {
  const kind = "list of channels (see below)";
  return key<readonly ChannelConfig[]>(name, kind, { doc, absent: [] }, (raw, folder) => {
    const items = readItems(raw);
    if (items === undefined)
      return wrong(raw, "no JSON", "close every bracket, or use the short form");
    if (items.length > CHANNELS_MAX) {
      return wrong(raw, "too long", `follow at most ${CHANNELS_MAX} channels`);
    }
    const read = readAll(name, items, (item) => readChannel(item, folder));
    const channels = "value" in read ? read.value : (read.rest ?? []);
    const twice = listedTwice(channels);
    if (twice.length === 0) return read;
    return { faults: [...("faults" in read ? read.faults : []), ...twice], rest: channels };
  });
}

function listedTwice(channels: readonly ChannelConfig[]): readonly string[] {
  const names = channels.map(({ name }) => name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  return [...new Set(twice)].map((name) => `lists ${name} twice; keep one of the two.`);
}

/** As text: JSON, or `name=path,name`. */
function readItems(raw: unknown): readonly unknown[] | undefined {
  const isJson = typeof raw === "string" && /^\s*[[{]/.test(raw);
  return isJson && readJson(raw) === undefined ? undefined : readList(raw, /\s*,\s*/);
}

type Fields = ReadonlyMap<unknown, unknown>;

function readChannel(item: unknown, folder: string): Parsed<ChannelConfig> {
  const fields = fieldsOf(item);
  if (fields === undefined)
    return wrong(item, "no channel", `${REMEDY}; a name is ${CHANNEL_NAME}`);
  const given = fields.get("name");
  const name = typeof given === "string" && isChannelName(given) ? given : undefined;
  const unknown = [...fields.keys()].filter((field) => !FIELDS.includes(String(field)));
  const faults = [
    ...(name === undefined ? [`name, which must be ${CHANNEL_NAME}`] : []),
    ...unknown.map((field) => {
      return `"${String(field).slice(0, 100)}", which is no field; use ${FIELDS.join(", ")}`;
    }),
  ];
  const file = text(fields, "configBlock", faults);
  const value = {
    configBlock: file === undefined ? undefined : resolve(folder, file),
    role: word(fields, "role", ROLES, faults) ?? CHANNEL_DEFAULTS.role,
    blocks: word(fields, "blocks", BLOCKS, faults) ?? CHANNEL_DEFAULTS.blocks,
    keepBlocks: whole(fields, "keepBlocks", faults),
    lag: readLag(fields.get("lag"), faults),
  };
  faults.push(...faultsTogether(fields));
  if (name !== undefined && faults.length === 0) return { value: { name, ...value } };
  const who = name ?? show(typeof given === "string" ? given : item);
  return {
    faults: faults.map((fault) => `has ${who} with ${fault}.`),
    ...(name === undefined ? {} : { rest: { name, ...value } }),
  };
}

/** Fields that are valid, each by itself. */
function faultsTogether(fields: Fields): readonly string[] {
  const blocks = fields.get("blocks") ?? CHANNEL_DEFAULTS.blocks;
  const isUnkept = blocks === "none" || blocks === "verify";
  const isListed = fields.get("role") === "listed";
  const hasLimit = (fields.get("keepBlocks") ?? undefined) !== undefined;
  return [
    ...(isListed && isUnkept
      ? ["role: listed, which needs blocks: keep: who publishes a height must serve its blocks"]
      : []),
    ...(isListed && hasLimit
      ? [
          "role: listed and keepBlocks: who publishes a height is asked for every block below it; " +
            "remove keepBlocks",
        ]
      : []),
    ...(!isListed && hasLimit && isUnkept ? ["keepBlocks, which needs blocks: keep"] : []),
  ];
}

function fieldsOf(item: unknown): Fields | undefined {
  if (item instanceof Map) return item;
  if (typeof item !== "string") return undefined;
  const [name, file] = readPair(item) ?? [item, undefined];
  if (!isChannelName(name)) return undefined;
  return new Map([["name", name], ...(file === undefined ? [] : [["configBlock", file] as const])]);
}

function readLag(raw: unknown, faults: string[]): ChannelConfig["lag"] {
  if (raw === undefined || raw === null) return CHANNEL_DEFAULTS.lag;
  if (!(raw instanceof Map)) {
    faults.push("lag, which needs {blocks: 10, time: 60s}");
    return CHANNEL_DEFAULTS.lag;
  }
  const others = [...raw.keys()].filter((field) => !LAG_FIELDS.includes(String(field)));
  faults.push(...others.map((field) => `lag.${String(field).slice(0, 100)}, which is no field`));
  const { blocks, timeMs } = CHANNEL_DEFAULTS.lag;
  const stillMs = readTime(raw, "still", faults);
  return {
    blocks: whole(raw, "blocks", faults, "lag.blocks") ?? blocks,
    timeMs: readTime(raw, "time", faults) ?? timeMs,
    ...(stillMs === undefined ? {} : { stillMs }),
  };
}

function readTime(fields: Fields, field: string, faults: string[]): number | undefined {
  const value = fields.get(field);
  if (value === undefined || value === null) return undefined;
  const timeMs = parseDurationMs(String(value));
  if (timeMs !== undefined && timeMs >= 1 && timeMs <= LAG_TIME_MS_MAX) return timeMs;
  faults.push(`lag.${field}, which must be a duration from 1ms to 24h, for example 60s`);
  return undefined;
}

function text(fields: Fields, field: string, faults: string[]): string | undefined {
  const value = fields.get(field);
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string" && value.length <= 4_096 && !/\p{Cc}/u.test(value)) return value;
  faults.push(`${field}, which must be one short line of text`);
  return undefined;
}

function word<W extends string>(
  fields: Fields,
  field: string,
  words: readonly W[],
  faults: string[],
): W | undefined {
  const value = fields.get(field);
  if (value === undefined || value === null) return undefined;
  const found = words.find((one) => one === value);
  if (found === undefined) faults.push(`${field}, which must be one of ${words.join(", ")}`);
  return found;
}

function whole(fields: Fields, field: string, faults: string[], shown = field): number | undefined {
  const value = fields.get(field);
  if (value === undefined || value === null) return undefined;
  const count = Number(String(value).replaceAll("_", ""));
  if (Number.isInteger(count) && count >= 1 && count <= BLOCKS_MAX) return count;
  faults.push(`${shown}, which must be a whole number from 1`);
  return undefined;
}
