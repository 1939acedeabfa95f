/** Turns events into log lines, under the names of the parts of Fabric that would log them. */

import { createEventRepeats, limitPerMinute } from "./event-repeats.ts";
import { describeEvent } from "./event-text.ts";
import type { GossipEvent } from "./events.ts";
import { toJson } from "./json.ts";
import type { Log } from "./log.ts";

/** Lines about mistakes of others that are written in a minute; the rest is counted only. */
const REJECTIONS_PER_MINUTE = 20;

const STRANGERS_MAX = 100;

/** Writes each event as one line. */
export function createEventLog(log: Log): (event: GossipEvent) => void {
  const isFrequent = limitPerMinute(REJECTIONS_PER_MINUTE);
  const strangers = new Set<string>();
  const omittedBefore = createEventRepeats();
  return (event) => {
    const atMs = event.time.getTime();
    const omitted = omittedBefore(event, atMs);
    if (omitted === undefined) return;
    if (event.type === "handshake-failed" && event.code === "identity-unknown-msp") {
      const line = `refused a handshake: ${event.reason}. ${event.remedy}`;
      if (isNew(event.reason, strangers)) log.logger("gossip.comm").warn(line);
      return;
    }
    const isMistake = event.type === "handshake-failed" || event.type === "message-rejected";
    if (isMistake && isFrequent(atMs)) return;
    const { logger, level, text, fields } = describeEvent(toJson(event));
    const again = omitted === 0 ? "" : ` (${omitted} times more since this was last written)`;
    log.logger(logger)[level](`${text}${again}`, fields);
  };
}

/** Members of organisations we do not trust try for ever: once a reason is enough. */
function isNew(reason: string, told: Set<string>): boolean {
  if (told.has(reason) || told.size >= STRANGERS_MAX) return false;
  told.add(reason);
  return true;
}
