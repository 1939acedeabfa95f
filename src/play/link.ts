/** A run as the text of a link: settings, actions, and the displayed time. */
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import { type Action, formatAction, parseActions, TIME_MS_MAX } from "./actions.ts";
import { formatSettings, parseRunSettings, type Settings } from "./settings.ts";

interface Link {
  readonly settings: Settings;
  readonly actions: readonly Action[];
  /** Virtual milliseconds since the start. */
  readonly atMs: number;
  /** The delivered message that is shown; undefined: none. */
  readonly message?: number | undefined;
}

/** Of a millisecond: no two messages are read closer to each other. */
const FRACTION = 10_000;

/** `lang` belongs to the page. */
const WORDS = [
  "seed",
  "members",
  "organisations",
  "delayMs",
  "rules",
  "at",
  "message",
  "do",
  "lang",
];

/** `seed=7&at=12000&do=9000.crash.3`. A misspelt word would show another run than was meant. */
export function parseLink(text: string): Verdict<Link, string> {
  const words = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const shown = name.slice(0, 40);
    if (!WORDS.includes(name)) return reject(`there is no "${shown}": use ${WORDS.join(", ")}`);
    if (words.has(name)) return reject(`"${shown}" stands there twice`);
    words.set(name, value);
  }
  const settings = parseRunSettings(words);
  if (!settings.ok) return settings;
  const actions = parseActions(words.get("do") ?? "");
  if (!actions.ok) return actions;
  const vain = findVain(actions.value, settings.value);
  if (vain !== undefined) {
    return reject(`"${formatAction(vain).slice(0, 40)}" concerns nobody who is there then`);
  }
  const at = words.get("at") ?? "0";
  const atMs = /^\d{1,8}(?:\.\d{1,4})?$/.test(at) ? Number(at) : Number.NaN;
  if (!(atMs <= TIME_MS_MAX)) return reject(`at must be a number up to ${TIME_MS_MAX}`);
  const shown = words.get("message");
  if (shown !== undefined && !/^\d{1,12}$/.test(shown)) return reject("message must be a number");
  const message = shown === undefined ? undefined : Number(shown);
  return accept({ settings: settings.value, actions: actions.value, atMs, message });
}

/** The first action with a member or an organisation that does not exist at its time. */
function findVain(actions: readonly Action[], settings: Settings): Action | undefined {
  let members = settings.members;
  return actions.find((action) => {
    if (action.type === "join") {
      members += 1;
      return action.organisation >= settings.organisations;
    }
    const named =
      action.type === "cut" ? action.members : "member" in action ? [action.member] : [];
    return named.some((member) => member >= members);
  });
}

/** Its moment is rounded up, so that what has happened is behind it. */
export function formatLink({ settings, actions, atMs, message }: Link): string {
  const words = [...formatSettings(settings)];
  const nearest = Math.round(atMs * FRACTION) / FRACTION;
  const moment = nearest < atMs ? Math.ceil(atMs * FRACTION) / FRACTION : nearest;
  if (atMs > 0) words.push(`at=${Math.min(moment, TIME_MS_MAX)}`);
  if (message !== undefined) words.push(`message=${message}`);
  if (actions.length > 0) words.push(`do=${actions.map(formatAction).join(",")}`);
  return words.join("&");
}
