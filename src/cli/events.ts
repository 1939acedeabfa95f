/** `fabric-gossip events`: follows the event stream of a node and reconnects after interruptions. */
import { setTimeout as sleep } from "node:timers/promises";
import { escapeJson, printable } from "../lib/printable.ts";
import { describeEvent } from "../observe/event-text.ts";
import type { GossipEvent } from "../observe/events.ts";
import type { Json } from "../observe/json.ts";
import { open, readText, refusal } from "./client.ts";
import { readServerEvents, type ServerEvent } from "./event-stream.ts";
import type { Signals } from "./signals.ts";
import { openTarget, type Target, type TargetOptions } from "./target.ts";
import { type Colour, type Paint, painter } from "./terminal.ts";
import { notANode, UnreachableError } from "./unreachable.ts";

export interface EventsOptions extends TargetOptions {
  readonly json?: boolean;
}

const PATH = "/api/v1/events";
/** The node sends a keepalive every 15 s. */
const SILENCE_MAX_MS = 40_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

/** Prints events until stopped. The first connection must succeed; later ones are retried. */
export async function showEvents(options: EventsOptions, { stop }: Signals): Promise<void> {
  const target = await openTarget(options);
  const print = options.json ? printJson : createPrinter(painter(process.stdout));
  let last: string | undefined;
  let retryMs = RETRY_MIN_MS;
  const read = async (): Promise<void> => {
    for await (const event of listen(target, last, stop)) {
      retryMs = RETRY_MIN_MS;
      last = event.id ?? last;
      print(event);
    }
  };
  await untilStopped(stop, read);
  while (!stop.aborted) {
    process.stderr.write(`the stream ended; connecting again in ${retryMs / 1_000} s\n`);
    await untilStopped(stop, () => sleep(retryMs, undefined, { signal: stop }));
    retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
    try {
      await untilStopped(stop, read);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      process.stderr.write(`${printable(error.message)}\n`);
    }
  }
}

/** A failure caused by our own stop is not an error. */
async function untilStopped(stop: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    if (!stop.aborted) await work();
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

/** Yields the events after `last` until the connection ends or times out. */
async function* listen(
  target: Target,
  last: string | undefined,
  stop: AbortSignal,
): AsyncGenerator<ServerEvent, undefined> {
  const silence = new AbortController();
  const signal = AbortSignal.any([stop, silence.signal]);
  const headers = { accept: "text/event-stream", ...(last ? { "last-event-id": last } : {}) };
  const timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  try {
    const response = await open(target, PATH, { headers }, signal);
    const { statusCode = 0, headers: told } = response;
    if (statusCode !== 200) {
      throw refusal(target, PATH, statusCode, await readText(target, PATH, response));
    }
    if (!told["content-type"]?.startsWith("text/event-stream")) {
      response.destroy();
      throw notANode(target, PATH);
    }
    response.setEncoding("utf8").on("data", () => timer.refresh());
    yield* readServerEvents(response);
  } catch (error) {
    if (!isEnd(error)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

/** An established connection that broke. */
function isEnd(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNRESET" || code === "ABORT_ERR" || code === "ERR_STREAM_PREMATURE_CLOSE";
}

function printJson({ type, data }: ServerEvent): void {
  const line = type === "gap" ? JSON.stringify({ type, ...JSON.parse(data) }) : data;
  process.stdout.write(`${escapeJson(line)}\n`);
}

const COLOUR_OF_LEVEL: Readonly<Record<string, Colour>> = {
  debug: "grey",
  warn: "yellow",
  error: "red",
};
const TYPE_WIDTH = "connection-opened".length;

function createPrinter(paint: Paint): (event: ServerEvent) => void {
  return ({ type, data }) => {
    if (type === "gap") {
      const { missed }: { missed: number | null } = JSON.parse(data);
      const many = missed === null ? "the events while the node was restarted" : `${missed} events`;
      process.stdout.write(`${paint("yellow", `... ${many} were missed`)}\n`);
      return;
    }
    const event: Json<GossipEvent> = JSON.parse(data);
    const { level, text, fields } = describeEvent(event);
    const time = event.time.slice(11, 23);
    const who = [fields["mspId"], fields["peer"]].filter((word) => typeof word === "string");
    const line = `${time} ${event.type.padEnd(TYPE_WIDTH)} ${printable(text)}${who.length > 0 ? ` (${printable(who.join(" "))})` : ""}`;
    const colour = COLOUR_OF_LEVEL[level];
    process.stdout.write(`${colour ? paint(colour, line) : line}\n`);
  };
}
