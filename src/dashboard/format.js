/** Formats times, sizes and untrusted text. Pure. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two units at most: `3 s`, `5 min 10 s`, `2 h 5 min`, `12 days`. */
export function duration(ms) {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return pair(ms, MINUTE, "min", SECOND, "s");
  if (ms < 2 * DAY) return pair(ms, HOUR, "h", MINUTE, "min");
  return `${Math.floor(ms / DAY).toLocaleString("en-GB")} days`;
}

function pair(ms, large, largeUnit, small, smallUnit) {
  const rest = Math.floor((ms % large) / small);
  const text = `${Math.floor(ms / large)} ${largeUnit}`;
  return rest === 0 ? text : `${text} ${rest} ${smallUnit}`;
}

/** How long ago, or how long since; a dash for nothing. */
export function age(iso, nowMs) {
  return iso === null || iso === undefined ? "–" : duration(nowMs - Date.parse(iso));
}

/** Time until a certificate expires, with a severity level. */
export function countdown(iso, nowMs) {
  if (iso === null || iso === undefined) return { text: "unknown", level: "dull" };
  const leftMs = Date.parse(iso) - nowMs;
  if (leftMs <= 0) return { text: `expired ${duration(-leftMs)} ago`, level: "bad" };
  return { text: `${duration(leftMs)} left`, level: levelOf(leftMs) };
}

function levelOf(leftMs) {
  if (leftMs < DAY) return "bad";
  return leftMs < 30 * DAY ? "warn" : "plain";
}

export function date(iso) {
  return iso === null || iso === undefined ? "–" : iso.slice(0, 10);
}

/** Local time of day, with milliseconds if asked for. */
export function timeOfDay(iso, withMs = false) {
  const time = new Date(iso);
  const text = time.toLocaleTimeString("en-GB");
  return withMs ? `${text}.${String(time.getMilliseconds()).padStart(3, "0")}` : text;
}

export function size(bytes) {
  return bytes < 1_024 ? `${bytes} B` : `${(bytes / 1_024).toFixed(1)} KiB`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** Invisible and formatting characters; same set as src/lib/printable.ts. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** Escapes invisible characters in untrusted text: `\u202e`. */
export function visible(text) {
  return text.replace(
    INVISIBLE,
    (sign) => `\\u${sign.codePointAt(0).toString(16).padStart(4, "0")}`,
  );
}

const METADATA_MAX = 300;

/** A member's metadata: as text if it is text, otherwise in base64. */
export function decoded(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return clip(visible(text), METADATA_MAX);
  } catch {
    return clip(base64, METADATA_MAX);
  }
}

/** Shortens text to a number of characters. */
export function clip(text, max) {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** Short name of a member. */
export function shortName(endpoint) {
  const host = endpoint.replace(/:\d+$/, "");
  return /^[\d.]+$|:/.test(host) ? endpoint : (host.split(".")[0] ?? endpoint);
}

/** Short names of several members; on a single host, the ports distinguish them. */
export function shortNames(endpoints) {
  const names = endpoints.map(shortName);
  const hosts = new Set(endpoints.map((endpoint) => endpoint.replace(/:\d+$/, "")));
  const isClear = new Set(names).size === names.length && (hosts.size > 1 || names.length === 1);
  return isClear ? names : endpoints.map((endpoint) => `:${endpoint.split(":").at(-1)}`);
}
