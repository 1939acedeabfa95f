/** A run as the text of a link: settings, actions, and the displayed time. */
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import { type Action, formatAction, parseActions } from "./actions.ts";
import { formatSettings, parseRunSettings, type Settings } from "./settings.ts";

interface Link {
  readonly settings: Settings;
  readonly actions: readonly Action[];
  /** Virtual milliseconds since the start. */
  readonly atMs: number;
}

/** Maximum time of a link: one hour into a run. */
const AT_MS_MAX = 3_600_000;

/** `seed=7&at=12000&do=9000.crash.3`; other words belong to the page. */
export function parseLink(text: string): Verdict<Link, string> {
  const words = new Map(new URLSearchParams(text));
  const settings = parseRunSettings(words);
  if (!settings.ok) return settings;
  const actions = parseActions(words.get("do") ?? "");
  if (!actions.ok) return actions;
  const at = words.get("at") ?? "0";
  const atMs = /^\d{1,8}$/.test(at) ? Number(at) : Number.NaN;
  if (!(atMs <= AT_MS_MAX)) return reject(`at must be a whole number up to ${AT_MS_MAX}`);
  return accept({ settings: settings.value, actions: actions.value, atMs });
}

export function formatLink({ settings, actions, atMs }: Link): string {
  const words = [...formatSettings(settings)];
  if (atMs > 0) words.push(`at=${Math.min(Math.floor(atMs), AT_MS_MAX)}`);
  if (actions.length > 0) words.push(`do=${actions.map(formatAction).join(",")}`);
  return words.join("&");
}
