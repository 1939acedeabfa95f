/** `fabric-gossip events`: follows the event stream of a node and reconnects after interruptions. */
import { escapeJson, printable } from "../lib/printable.ts";
import { describeEvent } from "../observe/event-text.ts";
import type { GossipEvent } from "../observe/events.ts";
import type { Json } from "../observe/json.ts";
import type { ServerEvent } from "./event-stream.ts";
import { followStream } from "./follow-stream.ts";
import type { Signals } from "./signals.ts";
import { openTarget, type TargetOptions } from "./target.ts";
import { type Colour, type Paint, painter } from "./terminal.ts";

export interface EventsOptions extends TargetOptions {
  readonly json?: boolean;
}

/** Prints events until stopped. */
export async function showEvents(options: EventsOptions, { stop }: Signals): Promise<void> {
  const target = await openTarget(options);
  const print = options.json ? printJson : createPrinter(painter(process.stdout));
  await followStream(target, "/api/v1/events", stop, print);
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
