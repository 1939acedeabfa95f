/** The log: one line per event, for people or for machines, with levels per logger as in Fabric. */
import { formatLogSpec, type LogLevel, levelOf, parseLogSpec, SEVERITY } from "../lib/log-spec.ts";
import { printable, printableJson } from "../lib/printable.ts";

/** What a line may carry besides its message. The four names are taken by the line itself. */
export type LogFields = Readonly<Record<string, unknown>> & {
  readonly ts?: never;
  readonly level?: never;
  readonly name?: never;
  readonly msg?: never;
};

/** Writes lines under one name. A suppressed line costs one comparison: nothing is formatted. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether a line of this level would be written, for those whose fields are dear to compute. */
  isEnabled(level: LogLevel): boolean;
}

/** Where lines go: a stream, or anything with `write`. */
export interface LogStream {
  write(line: string): unknown;
  /** True on a terminal: text is coloured. */
  readonly isTTY?: boolean | undefined;
  /** Bytes not yet taken by the reader, if the stream knows. */
  readonly writableLength?: number | undefined;
}

export interface LogOptions {
  /** Fabric's specification, `info:gossip.discovery=debug`; default `info`. */
  readonly spec?: string;
  /** `text` for people, `json` with the keys of Fabric's JSON log; default `text`. */
  readonly format?: "text" | "json";
  /** Default: standard error, as in Fabric. */
  readonly stream?: LogStream;
  /** Milliseconds since the epoch; default the system's clock. */
  readonly nowMs?: () => number;
}

export interface Log {
  /** The logger of this name (`gossip.discovery`), the same each time. Names are ours, and few. */
  logger(name: string): Logger;
  /** Changes all levels at once; a wrong specification throws `GossipError` and changes nothing. */
  setSpec(spec: string): void;
  /** The specification in force, in Fabric's normal form. */
  spec(): string;
  /** How many lines there were so far, by level. They go on counting. */
  entries(): ReadonlyMap<string, LogEntries>;
}

/** Lines of one level. */
interface LogEntries {
  /** Lines asked for: written or not, as their level was (Fabric: `logging_entries_checked`). */
  checked: number;
  /** Lines let through by the specification (Fabric: `logging_entries_written`). */
  written: number;
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Longer texts are cut: what peers send must not fill the log. */
const TEXT_LENGTH_MAX = 2_000;
/** While a slow reader has this much before it, further lines are dropped and counted. */
const UNREAD_BYTES_MAX = 1 << 20;

/** Makes a log. Throws `GossipError` "config-invalid" for a wrong specification. */
export function createLog(options: LogOptions = {}): Log {
  const stream = options.stream ?? process.stderr;
  const write = boundStream(formatter(options.format ?? "text", stream), stream);
  const nowMs = options.nowMs ?? Date.now;
  let spec = parseLogSpec(options.spec ?? "");
  const entries: Entries = new Map(LEVELS.map((level) => [level, { checked: 0, written: 0 }]));
  const loggers = new Map<string, { readonly logger: Logger; severity: number }>();
  return {
    logger(name) {
      const known = loggers.get(name);
      if (known !== undefined) return known.logger;
      const threshold = { severity: SEVERITY[levelOf(spec, name)] };
      const logger = createLogger(
        (line) => write({ ...line, name, ms: nowMs() }),
        threshold,
        entries,
      );
      loggers.set(name, Object.assign(threshold, { logger }));
      return logger;
    },
    setSpec(text) {
      spec = parseLogSpec(text);
      for (const [name, entry] of loggers) entry.severity = SEVERITY[levelOf(spec, name)];
    },
    spec: () => formatLogSpec(spec),
    entries: () => entries,
  };
}

type Level = (typeof LEVELS)[number];
type Entries = ReadonlyMap<Level, LogEntries>;

interface Line {
  readonly level: Level;
  readonly ms: number;
  readonly name: string;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function createLogger(
  write: (line: Pick<Line, "level" | "msg" | "fields">) => void,
  threshold: { readonly severity: number },
  entries: Entries,
): Logger {
  const writer = (level: Level) => {
    const severity = SEVERITY[level];
    const counts = entries.get(level) ?? { checked: 0, written: 0 };
    return (message: string, fields?: LogFields): void => {
      counts.checked += 1;
      if (severity < threshold.severity) return;
      counts.written += 1;
      write({ level, msg: clip(message), fields: fieldValues(fields) });
    };
  };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    isEnabled: (level) => SEVERITY[level] >= threshold.severity,
  };
}

function fieldValues(fields: LogFields | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (typeof value === "bigint") values[name] = String(value);
    else if (typeof value === "string") values[name] = clip(value);
    else if (value instanceof Error) values[name] = clip(value.message);
    else if (value instanceof Uint8Array) {
      values[name] = clip(Buffer.from(value.subarray(0, TEXT_LENGTH_MAX)).toString("hex"));
    } else values[name] = value;
  }
  return values;
}

function clip(text: string): string {
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text;
}

/** Drops lines while the reader is far behind, and says afterwards how many. */
function boundStream(format: (line: Line) => string, stream: LogStream): (line: Line) => void {
  let dropped = 0;
  return (line) => {
    if ((stream.writableLength ?? 0) > UNREAD_BYTES_MAX) {
      dropped += 1;
      return;
    }
    stream.write(`${format(line)}\n`);
    if (dropped === 0) return;
    const msg = `${dropped} lines were dropped because nobody read them`;
    dropped = 0;
    stream.write(`${format({ level: "warn", ms: line.ms, name: "log", msg, fields: {} })}\n`);
  };
}

function formatter(format: "text" | "json", stream: LogStream): (line: Line) => string {
  if (format === "json") return formatJson;
  const coloured = stream.isTTY === true && process.env["NO_COLOR"] === undefined;
  return (line) => formatText(line, coloured);
}

/** Keys and units of Fabric's own JSON log. */
function formatJson({ level, ms, name, msg, fields }: Line): string {
  return printableJson({ level, ts: ms / 1_000, name, ...fields, msg });
}

const COLOUR_OF_LEVEL: ReadonlyMap<string, number> = new Map([
  ["debug", 36],
  ["info", 32],
  ["warn", 33],
  ["error", 31],
]);

function formatText({ level, ms, name, msg, fields }: Line, coloured: boolean): string {
  const time = new Date(ms).toISOString();
  const label = level.toUpperCase().padEnd(5);
  const colour = COLOUR_OF_LEVEL.get(level);
  const shown = coloured && colour !== undefined ? `\u001b[${colour}m${label}\u001b[0m` : label;
  const shownFields = Object.entries(fields).filter(([, value]) => value !== undefined);
  const rest = shownFields.map(([key, value]) => ` ${key}=${formatValue(value)}`);
  return `${time} ${shown} ${name}: ${printable(msg + rest.join(""))}`;
}

function formatValue(value: unknown): string {
  const plain = typeof value === "string" && /^[^\s"=]+$/.test(value);
  return plain ? value : JSON.stringify(value);
}
