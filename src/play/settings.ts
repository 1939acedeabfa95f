/** Initial settings of a run. Together with the actions they determine everything. */
import { accept, reject, type Verdict } from "../wire/verdict.ts";

/** Whose rules the members follow: ours, or those of a Fabric peer. */
export type Rules = "fabric-gossip" | "fabric";

export interface Settings {
  readonly seed: number;
  readonly members: number;
  readonly organisations: number;
  /** One-way delay of a message in milliseconds, plus a random part of up to half as much. */
  readonly delayMs: number;
  readonly rules: Rules;
}

export const DEFAULT_SETTINGS: Settings = {
  seed: 1,
  members: 9,
  organisations: 3,
  delayMs: 40,
  rules: "fabric-gossip",
};

/** Smallest and largest value of each number. */
const RANGES = {
  seed: [0, 2 ** 32 - 1],
  members: [3, 200],
  organisations: [1, 10],
  delayMs: [1, 1_000],
} as const satisfies Partial<Record<keyof Settings, readonly [number, number]>>;

/** Reads settings from the text of a link; what is missing keeps its default. */
export function parseRunSettings(words: ReadonlyMap<string, string>): Verdict<Settings, string> {
  const numbers: Record<keyof typeof RANGES, number> = { ...DEFAULT_SETTINGS };
  for (const name of ["seed", "members", "organisations", "delayMs"] as const) {
    const text = words.get(name);
    if (text === undefined) continue;
    const [least, most] = RANGES[name];
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      return reject(`${name} must be a whole number from ${least} to ${most}`);
    }
    numbers[name] = value;
  }
  const rules = words.get("rules") ?? DEFAULT_SETTINGS.rules;
  if (rules !== "fabric-gossip" && rules !== "fabric") {
    return reject("rules must be fabric-gossip or fabric");
  }
  if (numbers.organisations > numbers.members) {
    return reject("there must be at least as many members as organisations");
  }
  return accept({ ...numbers, rules });
}

/** The text of a link, with non-default values only. */
export function formatSettings(settings: Settings): readonly string[] {
  const names = ["seed", "members", "organisations", "delayMs", "rules"] as const;
  return names
    .filter((name) => settings[name] !== DEFAULT_SETTINGS[name])
    .map((name) => `${name}=${settings[name]}`);
}
