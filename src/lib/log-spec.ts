/** Fabric's log specification: `info:gossip.discovery=debug:comm,gossip=warning`. */
import { GossipError } from "./errors.ts";

/** From talkative to silent. The words are those in which Fabric prints them. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "panic" | "fatal";

/** How important each level is. */
export const SEVERITY: Readonly<Record<LogLevel, number>> = {
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  panic: 55,
  fatal: 60,
};

interface LogSpec {
  /** Of every logger that is not named below. */
  readonly level: LogLevel;
  /** By logger name; a name that ends in a dot means only this logger, not those below it. */
  readonly levels: ReadonlyMap<string, LogLevel>;
}

/** Every word Fabric accepts, with what it comes to here. */
const LEVEL_OF_WORD: ReadonlyMap<string, LogLevel> = new Map([
  ["payload", "debug"],
  ["debug", "debug"],
  ["info", "info"],
  ["notice", "info"],
  ["warning", "warn"],
  ["warn", "warn"],
  ["error", "error"],
  ["critical", "error"],
  ["dpanic", "panic"],
  ["panic", "panic"],
  ["fatal", "fatal"],
]);

const SPEC_LENGTH_MAX = 4_096;
const LOGGER_NAME = /^[A-Za-z0-9_#-]+(?:\.[A-Za-z0-9_#-]+)*$/;
const REMEDY = "write levels like info:gossip.discovery=debug:comm,gossip=warning";

/**
 * Reads a specification; an empty one means `info`, and of several levels without logger the last
 * counts. Throws `GossipError` "config-invalid" if it is wrong. Fabric: `FABRIC_LOGGING_SPEC`.
 */
export function parseLogSpec(spec: string): LogSpec {
  if (spec.length > SPEC_LENGTH_MAX) {
    throw wrongSpec(`has more than ${SPEC_LENGTH_MAX} characters`);
  }
  let level: LogLevel = "info";
  const levels = new Map<string, LogLevel>();
  const faults = new Set<string>();
  for (const segment of spec.split(":").filter((one) => one !== "")) {
    const read = readSegment(segment);
    if (typeof read === "string") faults.add(read);
    else if (read.names === undefined) level = read.level;
    else for (const name of read.names) levels.set(name, read.level);
  }
  if (faults.size > 0) throw wrongSpec(...faults);
  return { level, levels };
}

/** `LEVEL`, or loggers with one: its names are undefined for the former. A text: what is wrong. */
function readSegment(
  segment: string,
): { readonly names: readonly string[] | undefined; readonly level: LogLevel } | string {
  const [left = "", right, surplus] = segment.split("=");
  if (surplus !== undefined) return `has two "=" in ${quote(segment)}`;
  const names = right === undefined ? undefined : left.split(",");
  if (names?.some((name) => !LOGGER_NAME.test(name.replace(/\.$/, "")))) {
    return `has no correct logger name in ${quote(segment)}`;
  }
  const word = right ?? left;
  const level = LEVEL_OF_WORD.get(word.toLowerCase());
  return level === undefined ? `has no level called ${quote(word)}` : { names, level };
}

/** The specification as Fabric prints it: loggers in order, then the default. */
export function formatLogSpec({ level, levels }: LogSpec): string {
  const loggers = [...levels].map(([name, own]) => `${name}=${own}`).sort();
  return [...loggers, level].join(":");
}

/** The level of one logger: its own, else that of the nearest name above it, else the default. */
export function levelOf({ level, levels }: LogSpec, name: string): LogLevel {
  const exact = levels.get(`${name}.`);
  if (exact !== undefined) return exact;
  for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) {
    const own = levels.get(name.slice(0, end));
    if (own !== undefined) return own;
  }
  return level;
}

/** Of many faults, the first ones. */
const TOLD_MAX = 10;

function wrongSpec(...faults: readonly string[]): GossipError {
  const told = faults.slice(0, TOLD_MAX);
  return new GossipError(
    "config-invalid",
    told.map((fault) => `The log specification ${fault}; ${REMEDY}.`),
  );
}

function quote(part: string): string {
  return JSON.stringify(part.slice(0, 100));
}
